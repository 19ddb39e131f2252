"""Schedules: made, found, enabled, deleted; which are due; and how far each has come.

Whoever fires a schedule first holds its row (`hold_schedule`) until the transaction ends: of several controllers on one
database one sees that a tick is due, and the others that it is over. A run and the schedule's advance are one commit.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, literal, select, update

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound
from headrace.model.listing import ListQuery, Page
from headrace.model.schedule import BackfillState, CronTrigger, PeriodicTrigger, Schedule, Tick
from headrace.store import tables as t
from headrace.store.listing import Listing
from headrace.store.paging import fetch
from headrace.store.rows import failure_json, failure_of, from_json, to_json
from headrace.store.runs import LIVE, NAME_LENGTH

ENABLED, DISABLED = "ENABLED", "DISABLED"

_S, _K, _B = t.recurring_runs.c, t.ticks.c, t.backfills.c
_SCHEDULE = select(t.recurring_runs).where(_S.recurring_run_id == bindparam("schedule"))
_HOLD = update(t.recurring_runs).where(_S.recurring_run_id == bindparam("schedule")).values(revision=_S.revision + 1)
_ADVANCE = (
    update(t.recurring_runs)
    .where(_S.recurring_run_id == bindparam("schedule"))
    .values({name: bindparam(name) for name in ("last_tick", "next_tick", "fired", "failure")})
)
TAKEN = (_K.run_id != "") | (_K.at == 0)
"""The tick has its run, or gets it from a backfill."""

_TICK = select(_K.tick).where(_K.recurring_run_id == bindparam("schedule"), _K.tick == bindparam("due"), TAKEN).limit(1)
_SOONEST = select(func.min(_S.next_tick)).where(_S.status == ENABLED, _S.next_tick > bindparam("now"))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may be fired now: schedules and backfills by id; the soonest tick after now, 0 for none.

    `waiting` says that more is due, and waits for a run to end or for its turn.
    """

    schedules: tuple[str, ...]
    backfills: tuple[str, ...]
    soonest: Instant
    waiting: bool


def create_schedule(tx: Connection, schedule: Schedule) -> Schedule:
    """Raises NotFound for its experiment, InvalidInput for its name."""
    if len(schedule.name) > NAME_LENGTH:
        hint = f"Give 1 to {NAME_LENGTH} characters"
        raise InvalidInput(f"it has {len(schedule.name)} characters", where="display_name", hint=hint)
    which = t.experiments.c.experiment_id == schedule.experiment_id
    if tx.execute(select(t.experiments.c.experiment_id).where(which)).first() is None:
        raise NotFound(
            f"Experiment {schedule.experiment_id} not found",
            where="experiment_id",
            hint="GET .../experiments lists them; leave it out for the default one",
        )
    tx.execute(insert(t.recurring_runs), {**_values(schedule), "revision": 0})
    return schedule


def get_schedule(tx: Connection, recurring_run_id: str) -> Schedule:
    """Raises NotFound."""
    row = tx.execute(_SCHEDULE, {"schedule": recurring_run_id}).first()
    if row is None:
        raise NotFound(f"Recurring run {recurring_run_id} not found")
    return _schedule_of(row)


def hold_schedule(tx: Connection, recurring_run_id: str) -> Schedule:
    """The schedule, which nobody else changes or fires until this transaction ends. Raises NotFound."""
    tx.execute(_HOLD, {"schedule": recurring_run_id})
    return get_schedule(tx, recurring_run_id)


def enable_schedule(tx: Connection, recurring_run_id: str, at: Instant, *, enabled: bool) -> None:
    """Raises NotFound."""
    hold_schedule(tx, recurring_run_id)
    status = ENABLED if enabled else DISABLED
    which = _S.recurring_run_id == recurring_run_id
    tx.execute(update(t.recurring_runs).where(which).values(status=status, updated_at=at))


def disable_of_experiment(tx: Connection, namespace: str, experiment_id: str, at: Instant) -> None:
    """The experiment is being archived. Holds all its schedules, also those that were disabled before."""
    of_it = (_S.namespace == namespace, _S.experiment_id == experiment_id)
    tx.execute(update(t.recurring_runs).where(*of_it).values(revision=_S.revision + 1))
    tx.execute(update(t.recurring_runs).where(*of_it, _S.status == ENABLED).values(status=DISABLED, updated_at=at))


def delete_schedule(tx: Connection, recurring_run_id: str) -> None:
    """Delete it with its ticks and backfills; its runs stay. Raises NotFound."""
    hold_schedule(tx, recurring_run_id)
    for table in (t.ticks, t.backfills, t.recurring_runs):
        tx.execute(delete(table).where(table.c.recurring_run_id == recurring_run_id))


def list_schedules(tx: Connection, namespace: str, query: ListQuery, experiment_id: str = "") -> Page[Schedule]:
    """The schedules of a namespace, or of one experiment in it."""
    listing = Listing(
        name="RecurringRun",
        id=_S.recurring_run_id,
        texts={
            "id": _S.recurring_run_id,
            "recurring_run_id": _S.recurring_run_id,
            "name": _S.name,
            "display_name": _S.name,
            "description": _S.description,
        },
        times={"created_at": _S.created_at, "updated_at": _S.updated_at},
    )
    scope = [_S.namespace == namespace]
    if experiment_id:
        scope.append(_S.experiment_id == experiment_id)
    found = fetch(tx, listing, select(t.recurring_runs), query, *scope)
    return Page(tuple(map(_schedule_of, found.rows)), found.total, found.next)


def live_runs(tx: Connection, recurring_run_id: str) -> list[str]:
    """The ids of its runs that have not ended, those of backfills included."""
    r = t.runs.c
    return list(tx.execute(select(r.run_id).where(r.recurring_run_id == recurring_run_id, r.state.in_(LIVE))).scalars())


def _live(schedule: Any, backfill: Any) -> Any:
    """How many runs of the schedule's own ticks (`backfill` is ""), or of that backfill, have not ended."""
    r, k = t.runs.alias("live").c, t.ticks.alias("of").c
    return (
        select(func.count())
        .where(r.recurring_run_id == schedule, r.state.in_(LIVE))
        .where(k.recurring_run_id == schedule, k.tick == r.scheduled_at, k.backfill_id == backfill)
        .where(k.run_id == r.run_id)
    )


_COUNT_LIVE = _live(bindparam("schedule"), bindparam("backfill"))


def count_live(tx: Connection, recurring_run_id: str, backfill_id: str = "") -> int:
    """How many runs of the schedule's own ticks, or of that backfill, have not ended."""
    count: int = tx.execute(_COUNT_LIVE, {"schedule": recurring_run_id, "backfill": backfill_id}).scalar_one()
    return count


def is_taken(tx: Connection, recurring_run_id: str, tick: Instant) -> bool:
    """A run was made of the tick, or will be by a backfill."""
    return tx.execute(_TICK, {"schedule": recurring_run_id, "due": tick}).first() is not None


def advance(tx: Connection, schedule: Schedule) -> None:
    """Write how far the held schedule has come."""
    values = {
        "schedule": schedule.recurring_run_id,
        "last_tick": schedule.last_tick,
        "next_tick": schedule.next_tick,
        "fired": schedule.fired,
        "failure": failure_json(schedule.failure),
    }
    tx.execute(_ADVANCE, values)


def record_tick(tx: Connection, namespace: str, tick: Tick) -> None:
    """The tick of a held schedule has its run."""
    tx.execute(insert(t.ticks), tick_values(namespace, tick))


def tick_values(namespace: str, tick: Tick) -> dict[str, Any]:
    return {
        "recurring_run_id": tick.recurring_run_id,
        "tick": tick.tick,
        "backfill_id": tick.backfill_id,
        "namespace": namespace,
        "run_id": tick.run_id,
        "at": tick.at,
        "failure": failure_json(tick.failure),
    }


def outlook(tx: Connection, now: Instant, limit: int) -> Outlook:
    """Who may fire now, at most `limit` of each kind, the longest overdue first."""
    overdue = (_S.status == ENABLED, _S.next_tick > 0, _S.next_tick <= now)
    own = _live(_S.recurring_run_id, literal("")).scalar_subquery()
    due = select(_S.recurring_run_id).where(*overdue, own < _S.max_concurrency).order_by(_S.next_tick)
    theirs = _live(_B.recurring_run_id, _B.backfill_id).scalar_subquery()
    open_ = select(_B.backfill_id).where(_B.state == BackfillState.RUNNING, theirs < _B.max_parallel)
    schedules = tuple(tx.execute(due.limit(limit)).scalars())
    backfills = tuple(tx.execute(open_.order_by(_B.created_at).limit(limit)).scalars())
    count = select(func.count()).select_from(t.recurring_runs).where(*overdue)
    running = select(func.count()).select_from(t.backfills).where(_B.state == BackfillState.RUNNING)
    return Outlook(
        schedules,
        backfills,
        soonest=Instant(tx.execute(_SOONEST, {"now": now}).scalar() or 0),
        waiting=tx.execute(count).scalar_one() + tx.execute(running).scalar_one() > 0,
    )


def _values(schedule: Schedule) -> dict[str, Any]:
    trigger = schedule.trigger
    cron = trigger if isinstance(trigger, CronTrigger) else None
    return {
        "recurring_run_id": schedule.recurring_run_id,
        "namespace": schedule.namespace,
        "name": schedule.name,
        "experiment_id": schedule.experiment_id,
        "status": ENABLED if schedule.enabled else DISABLED,
        "created_at": schedule.created_at,
        "updated_at": schedule.updated_at,
        "next_tick": schedule.next_tick,
        "last_tick": schedule.last_tick,
        "fired": schedule.fired,
        "max_concurrency": schedule.max_concurrency,
        "catch_up": int(schedule.catch_up),
        "interval_seconds": trigger.seconds if isinstance(trigger, PeriodicTrigger) else 0,
        "start_at": trigger.start_at,
        "end_at": trigger.end_at,
        "plan_id": schedule.plan_id,
        "pipeline_id": schedule.pipeline_id,
        "pipeline_version_id": schedule.pipeline_version_id,
        "timezone": cron.timezone if cron else "",
        "cron": cron.expression if cron else "",
        "pipeline_root": schedule.pipeline_root,
        "service_account": schedule.service_account,
        "description": schedule.description,
        "failure": failure_json(schedule.failure),
        "plugins_input": to_json(schedule.plugins_input),
        "parameters": to_json(schedule.parameters),
    }


def _schedule_of(row: Row[Any]) -> Schedule:
    start, end = Instant(row.start_at), Instant(row.end_at)
    return Schedule(
        recurring_run_id=row.recurring_run_id,
        name=row.name,
        namespace=row.namespace,
        experiment_id=row.experiment_id,
        trigger=(
            PeriodicTrigger(row.interval_seconds, start, end)
            if row.interval_seconds
            else CronTrigger(row.cron, row.timezone, start, end)
        ),
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
        enabled=row.status == ENABLED,
        catch_up=bool(row.catch_up),
        max_concurrency=row.max_concurrency,
        plan_id=row.plan_id,
        pipeline_id=row.pipeline_id,
        pipeline_version_id=row.pipeline_version_id,
        parameters=from_json(row.parameters),
        pipeline_root=row.pipeline_root,
        service_account=row.service_account,
        description=row.description,
        plugins_input=from_json(row.plugins_input),
        last_tick=Instant(row.last_tick),
        next_tick=Instant(row.next_tick),
        fired=row.fired,
        failure=failure_of(row.failure),
    )
