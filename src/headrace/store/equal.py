"""Equal steps across runs: which of them is executed, and which runs wait for that one.

For each fingerprint one row names the task that was last told to run. While that task has not ended, others of the
fingerprint wait; nothing has to be given back, so a crash leaves nothing behind. All is asked inside the transaction
that acts on it.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from headrace.base.clock import Instant
from headrace.base.json import JsonObject
from headrace.model.event import WaitEnded
from headrace.model.state import State
from headrace.model.task import task_id
from headrace.store import tables as t
from headrace.store.rows import to_json
from headrace.store.runs import post

_ROW = (
    t.fingerprints.c.namespace == bindparam("which_namespace"),
    t.fingerprints.c.fingerprint == bindparam("which_fingerprint"),
)
_EXECUTED = select(t.fingerprints.c.run_id, t.fingerprints.c.path).where(*_ROW)
_EXECUTED_AND_MINE = _EXECUTED.with_for_update()
_STATE = (
    select(t.tasks.c.state)
    .join(t.runs, t.runs.c.run_key == t.tasks.c.run_key)
    .where(t.tasks.c.task_id == bindparam("task"), t.runs.c.namespace == bindparam("namespace"))
)
_LIVE = (
    select(t.tasks.c.fingerprint)
    .join(t.runs, t.runs.c.run_key == t.tasks.c.run_key)
    .where(t.runs.c.run_id == bindparam("run"), t.tasks.c.ended_at == 0, t.tasks.c.fingerprint != "")
)
_EXECUTE = insert(t.fingerprints)
_EXECUTE_AGAIN = update(t.fingerprints).where(*_ROW).values(run_id=bindparam("by"), path=bindparam("at"))
_LOCK = (
    select(t.fingerprints.c.fingerprint)
    .where(
        t.fingerprints.c.namespace == bindparam("namespace"),
        t.fingerprints.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    )
    .order_by(t.fingerprints.c.fingerprint)
    .with_for_update()
)
_WAITING = (
    select(t.runs.c.run_id, t.tasks.c.fingerprint, t.tasks.c.path)
    .join(t.runs, t.runs.c.run_key == t.tasks.c.run_key)
    .where(
        t.tasks.c.namespace == bindparam("namespace"),
        t.tasks.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
        t.tasks.c.ended_at == 0,
        t.tasks.c.state == State.PENDING.value,
    )
)


@dataclass(frozen=True, slots=True)
class Executed:
    """The task that was last told to run for a fingerprint.

    `state` is None where it has no row yet, or its run was deleted: nobody waits for that one.
    """

    run_id: str
    path: str
    state: State | None


def executed_for(tx: Connection, namespace: str, fingerprint: str, *, to_decide: bool = False) -> Executed | None:
    """Who was last told to run; None where nobody ever was.

    With `to_decide`, which takes a transaction that writes, nobody else is told until this transaction ends.
    """
    row = tx.execute(_EXECUTED_AND_MINE if to_decide else _EXECUTED, _which(namespace, fingerprint)).first()
    if row is None:
        return None
    asked = {"task": task_id(row.run_id, row.path), "namespace": namespace}
    state = tx.execute(_STATE, asked).scalar() if row.run_id else None
    return Executed(row.run_id, row.path, State(state) if state is not None else None)


def execute(
    tx: Connection, namespace: str, fingerprint: str, parts: JsonObject, run_id: str, path: str, *, again: bool
) -> None:
    """Note that the task is told to run, and what the fingerprint is made of. `again`: there was one before."""
    if again:
        tx.execute(_EXECUTE_AGAIN, {**_which(namespace, fingerprint), "by": run_id, "at": path})
        return
    values = {"namespace": namespace, "fingerprint": fingerprint, "run_id": run_id, "path": path}
    tx.execute(_EXECUTE, {**values, "parts": to_json(parts)})


def wake(tx: Connection, namespace: str, ended: Collection[str], at: Instant) -> tuple[str, ...]:
    """Tell the runs with steps that wait for one of these fingerprints, whose execution has ended; gives those runs."""
    if not ended:
        return ()
    asked = {"namespace": namespace, "fingerprints": sorted(ended)}
    if tx.dialect.name != "sqlite":  # elsewhere a step may just now be about to wait, in a transaction beside this one
        tx.execute(_LOCK, asked).all()
    first: dict[tuple[str, str], str] = {}
    for run_id, fingerprint, path in tx.execute(_WAITING, asked):
        known = first.setdefault((run_id, fingerprint), path)
        first[run_id, fingerprint] = min(known, path)
    for (run_id, _), path in first.items():
        post(tx, run_id, WaitEnded(path, at))
    return tuple({run_id: None for run_id, _ in first})


def wake_after_deletion(tx: Connection, namespace: str, run_id: str, at: Instant) -> tuple[str, ...]:
    """The same, where a run that goes on was deleted: what it executes is not waited for any more."""
    return wake(tx, namespace, set(tx.execute(_LIVE, {"run": run_id}).scalars()), at)


def _which(namespace: str, fingerprint: str) -> dict[str, str]:
    return {"which_namespace": namespace, "which_fingerprint": fingerprint}
