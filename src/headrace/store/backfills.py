"""Backfills: earlier ticks of a schedule that get their run now, in order, some at a time.

Each tick is a row that says what became of it, so a backfill goes on after a restart where it was. All that writes
holds the schedule first (`schedules.hold_schedule`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.model.schedule import Backfill, BackfillState, Tick
from headrace.model.state import State
from headrace.store import tables as t
from headrace.store.rows import failure_json, failure_of
from headrace.store.schedules import TAKEN, tick_values

_B, _K = t.backfills.c, t.ticks.c


@dataclass(frozen=True, slots=True)
class Progress:
    """Of a backfill's ticks: how many wait, and the states of the runs that were made."""

    waiting: int
    runs: Mapping[State, int]


def create_backfill(tx: Connection, backfill: Backfill, ticks: Sequence[Instant]) -> None:
    """Begin it: its ticks are due from now on."""
    values = {
        "backfill_id": backfill.backfill_id,
        "recurring_run_id": backfill.recurring_run_id,
        "namespace": backfill.namespace,
        "state": backfill.state.value,
        "created_at": backfill.created_at,
        "begin_at": backfill.begin_at,
        "end_at": backfill.end_at,
        "max_parallel": backfill.max_parallel,
    }
    tx.execute(insert(t.backfills), values)
    rows = [Tick(backfill.recurring_run_id, tick, backfill.backfill_id) for tick in ticks]
    if rows:
        tx.execute(insert(t.ticks), [tick_values(backfill.namespace, each) for each in rows])


def get_backfill(tx: Connection, backfill_id: str) -> Backfill:
    """Raises NotFound."""
    row = tx.execute(select(t.backfills).where(_B.backfill_id == backfill_id)).first()
    if row is None:
        raise NotFound(f"Backfill {backfill_id} not found")
    return _backfill_of(row)


def list_backfills(tx: Connection, recurring_run_id: str) -> tuple[Backfill, ...]:
    """The backfills of a schedule, newest first."""
    query = select(t.backfills).where(_B.recurring_run_id == recurring_run_id)
    rows = tx.execute(query.order_by(_B.created_at.desc(), _B.backfill_id.desc()))
    return tuple(map(_backfill_of, rows))


def progress(tx: Connection, backfill_id: str) -> Progress:
    """How far it has come. A run that was deleted since counts no more."""
    of_it = _K.backfill_id == backfill_id
    count = select(func.count()).select_from(t.ticks)
    states = (
        select(t.runs.c.state, func.count().label("runs"))
        .join(t.ticks, _K.run_id == t.runs.c.run_id)
        .where(of_it, _K.run_id != "")
        .group_by(t.runs.c.state)
    )
    return Progress(
        waiting=tx.execute(count.where(of_it, _K.at == 0)).scalar_one(),
        runs={State(row.state): row.runs for row in tx.execute(states)},
    )


def taken(tx: Connection, recurring_run_id: str, begin: Instant, end: Instant) -> Collection[Instant]:
    """The ticks in that stretch of time that have their run, or get it from a backfill."""
    which = (_K.recurring_run_id == recurring_run_id, _K.tick >= begin, _K.tick <= end, TAKEN)
    return {Instant(tick) for tick in tx.execute(select(_K.tick).where(*which)).scalars()}


def on_record(tx: Connection, recurring_run_id: str, begin: Instant, end: Instant, limit: int) -> list[Instant]:
    """The last tick on record before that stretch of time, and the first `limit` in it, in order."""
    of_it = _K.recurring_run_id == recurring_run_id
    before = tx.execute(select(func.max(_K.tick)).where(of_it, _K.tick < begin)).scalar()
    within = select(_K.tick).distinct().where(of_it, _K.tick >= begin, _K.tick <= end).order_by(_K.tick).limit(limit)
    return [Instant(tick) for tick in (before, *tx.execute(within).scalars()) if tick is not None]


def first_waiting(tx: Connection, backfill_id: str) -> Instant:
    """The tick that is next, 0 where all had their turn."""
    waiting = select(func.min(_K.tick)).where(_K.backfill_id == backfill_id, _K.at == 0)
    return Instant(tx.execute(waiting).scalar() or 0)


def settle_tick(tx: Connection, tick: Tick) -> None:
    """Write what became of a tick that waited."""
    which = (
        _K.recurring_run_id == tick.recurring_run_id,
        _K.tick == tick.tick,
        _K.backfill_id == tick.backfill_id,
    )
    told = {"run_id": tick.run_id, "at": tick.at, "failure": failure_json(tick.failure)}
    tx.execute(update(t.ticks).where(*which).values(told))


def end_backfill(tx: Connection, backfill_id: str, state: BackfillState) -> None:
    """No more of its ticks get a run: those that wait are nobody's again."""
    tx.execute(update(t.backfills).where(_B.backfill_id == backfill_id).values(state=state.value))
    tx.execute(delete(t.ticks).where(_K.backfill_id == backfill_id, _K.at == 0))


def stop_of_experiment(tx: Connection, namespace: str, experiment_id: str) -> None:
    """The experiment is being archived, and its schedules are held."""
    schedules = t.recurring_runs.c
    query = (
        select(_B.backfill_id)
        .join(t.recurring_runs, schedules.recurring_run_id == _B.recurring_run_id)
        .where(schedules.namespace == namespace, schedules.experiment_id == experiment_id)
        .where(_B.state == BackfillState.RUNNING)
    )
    for backfill_id in tx.execute(query).scalars().all():
        end_backfill(tx, backfill_id, BackfillState.STOPPED)


def failures(tx: Connection, backfill_id: str) -> tuple[Tick, ...]:
    """Its ticks that could not be made into a run, in order."""
    which = (_K.backfill_id == backfill_id, _K.at > 0, _K.run_id == "")
    return tuple(map(_tick_of, tx.execute(select(t.ticks).where(*which).order_by(_K.tick))))


def _backfill_of(row: Row[Any]) -> Backfill:
    return Backfill(
        backfill_id=row.backfill_id,
        recurring_run_id=row.recurring_run_id,
        namespace=row.namespace,
        created_at=Instant(row.created_at),
        begin_at=Instant(row.begin_at),
        end_at=Instant(row.end_at),
        max_parallel=row.max_parallel,
        state=BackfillState(row.state),
    )


def _tick_of(row: Row[Any]) -> Tick:
    return Tick(
        recurring_run_id=row.recurring_run_id,
        tick=Instant(row.tick),
        backfill_id=row.backfill_id,
        run_id=row.run_id,
        at=Instant(row.at),
        failure=failure_of(row.failure),
    )
