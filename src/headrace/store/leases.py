"""Leases: one controller at a time owns a run. Every write of a run's state first holds its lease, by its term.

A new holder raises the term, so whoever held it before fails at its next write and drops what it has in memory.
"""

from sqlalchemy import Connection, bindparam, insert, select, update

from headrace.base.errors import LeaseLost, NotFound
from headrace.store import tables as t

_RAISE = (
    update(t.leases)
    .where(t.leases.c.run_key == bindparam("run"))
    .values(holder=bindparam("holder"), term=t.leases.c.term + 1)
)
_HOLD = (
    update(t.leases)
    .where(t.leases.c.run_key == bindparam("run"), t.leases.c.term == bindparam("held"))
    .values(term=t.leases.c.term)
)


def take_lease(tx: Connection, run_key: int, holder: str) -> int:
    """Own the run from now on; gives the term. Raises NotFound."""
    if tx.execute(_RAISE, {"run": run_key, "holder": holder}).rowcount == 0:
        namespace = tx.execute(select(t.runs.c.namespace).where(t.runs.c.run_key == run_key)).scalar()
        if namespace is None:
            raise NotFound(f"Run with key {run_key} not found")
        tx.execute(insert(t.leases), {"run_key": run_key, "namespace": namespace, "holder": holder, "term": 1})
    term: int = tx.execute(select(t.leases.c.term).where(t.leases.c.run_key == run_key)).scalar_one()
    return term


def hold_lease(tx: Connection, run_key: int, term: int) -> None:
    """Make sure, until this transaction ends, that the run is still owned in `term`. Raises LeaseLost."""
    if tx.execute(_HOLD, {"run": run_key, "held": term}).rowcount == 0:
        raise LeaseLost(f"term {term} of run key {run_key} is over: another controller owns the run, or it was deleted")
