"""Leases: one controller at a time owns a run. Every write of a run's state first holds its lease, by its term.

A lease is a holder's (a home, and the server that is up in it), and stands as long as the holder renews itself; time is
the database's. Then another may take it and raise the term, so that whoever held it before fails at its next write and
drops what it has in memory. A holder that was never renewed, as on a database of one server, keeps nobody away.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, or_, select, union, update

from headrace.base.clock import SECOND
from headrace.base.errors import LeaseLost, NotFound
from headrace.model.task import AttemptState
from headrace.store import tables as t
from headrace.store.dialect import now
from headrace.store.lineage import chunks
from headrace.store.runs import LIVE, live_runs

_LEASE = select(t.leases.c.holder, t.leases.c.term).where(t.leases.c.run_key == bindparam("run")).with_for_update()
_HOST = select(t.holders.c.host).where(t.holders.c.holder_id == bindparam("holder"))
_STANDS = select(t.holders.c.host).where(t.holders.c.holder_id == bindparam("holder"), t.holders.c.expires_at > now())
_RAISE = (
    update(t.leases)
    .where(t.leases.c.run_key == bindparam("run"))
    .values(holder=bindparam("by"), term=bindparam("next"))
)
_HOLD = (
    update(t.leases)
    .where(t.leases.c.run_key == bindparam("run"), t.leases.c.term == bindparam("held"))
    .values(term=t.leases.c.term)
)
_RENEW = (
    update(t.holders)
    .where(t.holders.c.holder_id == bindparam("which"))
    .values(host=bindparam("at"), expires_at=now() + bindparam("micros"))
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease in hand. `before` is the holder that had it, "" for none, `host` the machine that one was on."""

    term: int
    before: str
    host: str


def take_lease(tx: Connection, run_key: int, holder: str) -> Taken:
    """Own the run from now on. Raises LeaseLost while another holder stands, NotFound."""
    lease = tx.execute(_LEASE, {"run": run_key}).first()
    if lease is None:
        namespace = tx.execute(select(t.runs.c.namespace).where(t.runs.c.run_key == run_key)).scalar()
        if namespace is None:
            raise NotFound(f"Run with key {run_key} not found")
        tx.execute(insert(t.leases), {"run_key": run_key, "namespace": namespace, "holder": holder, "term": 1})
        return Taken(1, "", "")
    if lease.holder != holder and tx.execute(_STANDS, {"holder": lease.holder}).first() is not None:
        raise LeaseLost(f"run key {run_key} is owned by another server, {lease.holder}, which is up")
    tx.execute(_RAISE, {"run": run_key, "by": holder, "next": lease.term + 1})
    host = tx.execute(_HOST, {"holder": lease.holder}).scalar() or ""
    return Taken(lease.term + 1, lease.holder, host)


def hold_lease(tx: Connection, run_key: int, term: int) -> None:
    """Make sure, until this transaction ends, that the run is still owned in `term`. Raises LeaseLost."""
    if tx.execute(_HOLD, {"run": run_key, "held": term}).rowcount == 0:
        raise LeaseLost(f"term {term} of run key {run_key} is over: another controller owns the run, or it was deleted")


def renew(tx: Connection, holder: str, host: str, seconds: float) -> None:
    """The holder, which is on that host, stands for so long from now on."""
    values = {"which": holder, "at": host, "micros": round(seconds * SECOND)}
    if tx.execute(_RENEW, values).rowcount == 0:
        tx.execute(insert(t.holders), {"holder_id": holder, "host": host, "expires_at": 0})
        tx.execute(_RENEW, values)


def is_alone(tx: Connection, holder: str) -> bool:
    """No other holder stands."""
    others = t.holders.c.holder_id != holder, t.holders.c.expires_at > now()
    return tx.execute(select(t.holders.c.holder_id).where(*others).limit(1)).first() is None


def is_first(tx: Connection, holder: str) -> bool:
    """Of the holders that stand it is the one that does what one of them has to do. Where none stands, any is."""
    first = select(func.min(t.holders.c.holder_id)).where(t.holders.c.expires_at > now())
    return tx.execute(first).scalar() in (None, holder)


def takeable_runs(tx: Connection, holder: str) -> list[str]:
    """The ids of the runs that want a controller, but for those that another holder owns."""
    owned = owned_elsewhere(tx, holder)
    return [run_id for run_id in live_runs(tx) if run_id not in owned]


def owned_elsewhere(tx: Connection, holder: str) -> Collection[str]:
    """The ids of the runs that want a controller and have one: another holder, who stands."""
    both = union(_owned(t.runs.c.state.in_(LIVE)), _owned(t.runs.c.run_id.in_(select(t.inbox.c.run_id))))
    return {row.run_id for row in tx.execute(both, {"holder": holder})}


def _owned(wanted: ColumnElement[bool]) -> Select[tuple[str]]:
    """The wanted runs that a standing holder has which is not `holder`."""
    return (
        select(t.runs.c.run_id)
        .join(t.leases, t.leases.c.run_key == t.runs.c.run_key)
        .join(t.holders, t.holders.c.holder_id == t.leases.c.holder)
        .where(wanted, t.holders.c.holder_id != bindparam("holder"), t.holders.c.expires_at > now())
    )


def runs_with_mail(tx: Connection) -> list[str]:
    """The ids of the runs that have something in their inbox."""
    return list(tx.execute(select(t.inbox.c.run_id).distinct()).scalars())


def last_events(tx: Connection, run_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Of those runs that exist: the number of their last event, and their state."""
    found: dict[str, tuple[int, str]] = {}
    for chunk in chunks(list(run_ids)):
        rows = tx.execute(
            select(t.runs.c.run_id, t.runs.c.state, func.max(t.run_events.c.number))
            .join(t.run_events, t.run_events.c.run_key == t.runs.c.run_key)
            .where(t.runs.c.run_id.in_(chunk))
            .group_by(t.runs.c.run_id, t.runs.c.state)
        )
        found.update({run_id: (number, state) for run_id, state, number in rows})
    return found


def stale_attempts(tx: Connection, holder: str, attempts: Iterable[str]) -> list[str]:
    """Those of the attempts that are over for their run, or whose run another holder has."""
    found: list[str] = []
    for chunk in chunks(list(attempts)):
        found += tx.execute(
            select(t.attempts.c.attempt_id)
            .join(t.leases, t.leases.c.run_key == t.attempts.c.run_key)
            .where(
                t.attempts.c.attempt_id.in_(chunk),
                or_(t.attempts.c.state == AttemptState.ENDED.value, t.leases.c.holder != holder),
            )
        ).scalars()
    return found
