"""The states that runs went through, in one order for all runs: what the stream of all events is made of.

A change is written in the transaction that makes it, without a place: transactions of several servers commit in another
order than they draw numbers in, so a number that is drawn there is no cursor. `place` gives the committed ones their
places, one caller at a time, so whoever has read up to a place has missed nothing before it. The keys of one run's
changes ascend, whatever the clocks say and whichever servers wrote them; places keep their order. Changes go with their
run.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from headrace.base.clock import Instant
from headrace.engine.decision import Change, RunMoved
from headrace.model.run import Run, StateChange
from headrace.model.state import State
from headrace.store import keys, webhooks
from headrace.store import tables as t
from headrace.store.rows import failure_json, failure_of
from headrace.store.views import RunChange

SEQUENCE = "changes"
MOST = 1_000
"""How many changes one transaction places."""

_C = t.run_changes.c
_ADD = insert(t.run_changes)
_WAITING = select(_C.change_key).where(_C.place == 0).order_by(_C.change_key).limit(MOST)
_ANY_WAITING = select(_C.change_key).where(_C.place == 0).limit(1)
_LAST = select(func.max(_C.change_key)).where(_C.run_key == bindparam("run"))
_PLACE = update(t.run_changes).where(_C.change_key == bindparam("which")).values(place=bindparam("at_place"))
_TURN = select(t.sequences.c.next).where(t.sequences.c.name == keys.SEQUENCE).with_for_update()
_NEXT = select(t.sequences.c.next).where(t.sequences.c.name == SEQUENCE)
_MOVE_NEXT = update(t.sequences).where(t.sequences.c.name == SEQUENCE).values(next=bindparam("then"))
_LISTED = (
    _C.place,
    _C.at,
    _C.state,
    _C.failure,
    t.runs.c.run_id,
    t.runs.c.name,
    t.runs.c.namespace,
    t.runs.c.experiment_id,
    t.runs.c.recurring_run_id,
    t.runs.c.pipeline_id,
    t.runs.c.pipeline_version_id,
    t.runs.c.created_at,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes; what is empty does not narrow them."""

    experiment_id: str = ""
    recurring_run_id: str = ""
    states: Collection[State] = ()


def record(tx: Connection, run: Run, changes: Sequence[Change]) -> None:
    """The states that these changes bring the run to, if any."""
    moves = [StateChange(each.at, each.state, each.failure) for each in changes if isinstance(each, RunMoved)]
    if moves:
        add(tx, run, moves, after=tx.execute(_LAST, {"run": run.key}).scalar() or 0)


def add(tx: Connection, run: Run, moves: Sequence[StateChange], after: int = 0) -> None:
    """The states that the run goes through, in order; and the deliveries to whoever wants to be told.

    `after` is the key of the run's last change: another server may have drawn it, from a block above ours.
    """
    taken = keys.take(tx, len(moves), after)
    rows = [
        {
            "change_key": key,
            "run_key": run.key,
            "namespace": run.namespace,
            "place": 0,
            "at": move.at,
            "state": move.state.value,
            "failure": failure_json(move.failure),
        }
        for key, move in zip(taken, moves, strict=True)
    ]
    tx.execute(_ADD, rows)
    webhooks.queue(tx, run, moves, taken)


def are_waiting(tx: Connection) -> bool:
    """Whether there are changes without a place."""
    return tx.execute(_ANY_WAITING).first() is not None


def last_place(tx: Connection) -> int:
    """The last place that was given, 0 for none."""
    return (tx.execute(_NEXT).scalar() or 1) - 1


def place(tx: Connection) -> bool:
    """Give what is committed its places, MOST at a time; whether there may be more.

    The lock makes that places become visible in their order. It is that of the row that keys are drawn from, for it is
    always there.
    """
    tx.execute(_TURN).scalar_one()
    first = tx.execute(_NEXT).scalar()
    if first is None:
        first = 1
        tx.execute(insert(t.sequences), {"name": SEQUENCE, "next": first})
    waiting = list(tx.execute(_WAITING).scalars())
    if waiting:
        tx.execute(_PLACE, [{"which": key, "at_place": first + index} for index, key in enumerate(waiting)])
        tx.execute(_MOVE_NEXT, {"then": first + len(waiting)})
    return len(waiting) == MOST


def after(tx: Connection, namespace: str, place: int, wanted: Wanted, limit: int) -> tuple[Sequence[RunChange], int]:
    """The wanted changes after that place, at most `limit`, and the place up to which that is all of them."""
    last = last_place(tx)
    scope: list[ColumnElement[bool]] = [_C.place > place, _C.place <= last, t.runs.c.namespace == namespace]
    if wanted.experiment_id:
        scope.append(t.runs.c.experiment_id == wanted.experiment_id)
    if wanted.recurring_run_id:
        scope.append(t.runs.c.recurring_run_id == wanted.recurring_run_id)
    if wanted.states:
        scope.append(_C.state.in_([state.value for state in wanted.states]))
    listed = select(*_LISTED).join(t.runs, t.runs.c.run_key == _C.run_key).where(*scope).order_by(_C.place).limit(limit)
    rows = [
        RunChange(
            place=row.place,
            at=Instant(row.at),
            state=State(row.state),
            failure=failure_of(row.failure),
            run_id=row.run_id,
            name=row.name,
            namespace=row.namespace,
            experiment_id=row.experiment_id,
            recurring_run_id=row.recurring_run_id,
            pipeline_id=row.pipeline_id,
            pipeline_version_id=row.pipeline_version_id,
            created_at=Instant(row.created_at),
        )
        for row in tx.execute(listed)
    ]
    return rows, rows[-1].place if len(rows) == limit else max(last, place)
