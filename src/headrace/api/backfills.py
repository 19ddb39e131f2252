"""`/api/v1/recurringruns/{id}/backfills`: runs for the ticks of a stretch of the past; and `/ticks`, those to come."""

from collections.abc import Collection, Sequence
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, proto_json, query
from headrace.api.body import reply
from headrace.api.convert.common import status
from headrace.api.handlers import Handlers
from headrace.api.proto_json import read_time, timestamp
from headrace.api.wire import backfill as wire
from headrace.api.wire.common import Empty
from headrace.base.clock import SECOND, Instant
from headrace.base.errors import FailedPrecondition, InvalidInput, NotFound
from headrace.engine.ticks import NEVER, next_tick, ticks_within
from headrace.model.schedule import Backfill, BackfillState, Schedule
from headrace.store import backfills, schedules
from headrace.store.db import Tx

MOST_TICKS = 10_000
MOST_PARALLEL = 100
MOST_SHOWN = 100


class Backfills(Handlers):
    async def create(self, request: Request) -> Response:
        """Says which ticks there are, and which of them had their run; unless it is a dry run, the rest get one."""
        asked = proto_json.read(wire.CreateBackfill, await body.read(request))
        schedule_id, now = query.path(request, "recurring_run_id"), self.services.clock.now()
        begin, end = _stretch(asked, now)
        if not 1 <= asked.max_parallel <= MOST_PARALLEL:
            hint = f"Give 1 to {MOST_PARALLEL}"
            raise InvalidInput(f"{asked.max_parallel} is no number of runs at once", where="max_parallel", hint=hint)
        schedule, ticks, before = await self.read(lambda tx: _look(tx, schedule_id, begin, end))
        if asked.dry_run:
            return reply(wire.Backfill(recurring_run_id=schedule_id, ticks=_shown(ticks, before)))
        fresh = Backfill(
            backfill_id=self.services.fresh_id(),
            recurring_run_id=schedule_id,
            namespace=schedule.namespace,
            created_at=now,
            begin_at=begin,
            end_at=end,
            max_parallel=asked.max_parallel,
        )

        def unit(tx: Tx) -> wire.Backfill:
            schedules.hold_schedule(tx, schedule_id)
            before = backfills.taken(tx, schedule_id, begin, end)
            backfills.create_backfill(tx, fresh, [each for each in ticks if asked.again or each not in before])
            told = _message(tx, fresh)
            told.ticks = _shown(ticks, before)
            return told

        made = await self.write(unit)
        self.services.schedules_changed()
        return reply(made)

    async def list(self, request: Request) -> Response:
        schedule_id = query.path(request, "recurring_run_id")

        def read(tx: Tx) -> wire.ListBackfills:
            schedules.get_schedule(tx, schedule_id)
            return wire.ListBackfills(
                backfills=[_message(tx, each) for each in backfills.list_backfills(tx, schedule_id)]
            )

        return reply(await self.read(read))

    async def get(self, request: Request) -> Response:
        """With the ticks of which no run could be made."""

        def read(tx: Tx) -> wire.Backfill:
            found = _backfill(tx, request)
            told = _message(tx, found)
            told.ticks = [
                wire.Tick(scheduled_at=timestamp(each.tick), error=status(each.failure))
                for each in backfills.failures(tx, found.backfill_id)
            ]
            return told

        return reply(await self.read(read))

    async def stop(self, request: Request) -> Response:
        """What has its run keeps it; no more are made."""

        def unit(tx: Tx) -> None:
            schedules.hold_schedule(tx, query.path(request, "recurring_run_id"))
            found = _backfill(tx, request)
            if found.state is not BackfillState.RUNNING:
                raise FailedPrecondition(f"Backfill {found.backfill_id} is {found.state}")
            backfills.end_backfill(tx, found.backfill_id, BackfillState.STOPPED)

        await self.write(unit)
        return reply(Empty())

    async def ticks(self, request: Request) -> Response:
        """The next ticks of a recurring run, whether it is enabled or not."""
        schedule_id, count = query.path(request, "recurring_run_id"), query.number(request, "count", 5)
        schedule = await self.read(lambda tx: schedules.get_schedule(tx, schedule_id))
        found: list[wire.Tick] = []
        tick = schedule.next_tick
        while tick != NEVER and len(found) < min(count, MOST_SHOWN):
            found.append(wire.Tick(scheduled_at=timestamp(tick)))
            tick = next_tick(schedule.trigger, schedule.created_at, tick)
        return reply(wire.ListTicks(ticks=found))


def _stretch(asked: wire.CreateBackfill, now: Instant) -> tuple[Instant, Instant]:
    """From when to when, both included. Raises InvalidInput."""
    if not asked.start_time:
        raise InvalidInput("it is missing", where="start_time", hint="Give the first instant of the stretch of time")
    begin, end = read_time(asked.start_time), read_time(asked.end_time) if asked.end_time else now
    if end > now:
        raise InvalidInput("it is to come", where="end_time", hint="The schedule itself makes the runs of the future")
    if not 0 <= begin <= end:
        raise InvalidInput("it is after the end, or before 1970", where="start_time", hint="Give an earlier time")
    return begin, end


def _look(
    tx: Tx, schedule_id: str, begin: Instant, end: Instant
) -> tuple[Schedule, Sequence[Instant], Collection[Instant]]:
    """The schedule, its ticks in that stretch of time, and those of them that are taken. Raises NotFound."""
    schedule = schedules.get_schedule(tx, schedule_id)
    ticks = _ticks(schedule, backfills.on_record(tx, schedule_id, begin, end, MOST_TICKS + 1), begin, end)
    return schedule, ticks, backfills.taken(tx, schedule_id, begin, end)


def _ticks(schedule: Schedule, recorded: Sequence[Instant], begin: Instant, end: Instant) -> Sequence[Instant]:
    """The schedule's ticks in that stretch of time. Raises InvalidInput where there are too many."""
    begun = Instant((schedule.trigger.start_at or schedule.created_at) // SECOND * SECOND)
    known = {begun, schedule.last_tick or begun, *recorded}
    ticks = list(islice(ticks_within(schedule.trigger, sorted(known), begin, end), MOST_TICKS + 1))
    if len(ticks) > MOST_TICKS:
        raise InvalidInput(
            f"there are more than {MOST_TICKS} due times in that stretch of time",
            where="start_time",
            hint="Backfill it in parts",
        )
    return ticks


def _shown(ticks: Sequence[Instant], before: Collection[Instant]) -> list[wire.Tick]:
    return [wire.Tick(scheduled_at=timestamp(each), run_before=each in before) for each in ticks]


def _backfill(tx: Tx, request: Request) -> Backfill:
    """The backfill that the path names, of the recurring run that it names. Raises NotFound."""
    found = backfills.get_backfill(tx, query.path(request, "backfill_id"))
    if found.recurring_run_id != query.path(request, "recurring_run_id"):
        raise NotFound(f"Backfill {found.backfill_id} is not of that recurring run")
    return found


def _message(tx: Tx, found: Backfill) -> wire.Backfill:
    progress = backfills.progress(tx, found.backfill_id)
    counts = {state.value: number for state, number in progress.runs.items()}
    return wire.Backfill(
        backfill_id=found.backfill_id,
        recurring_run_id=found.recurring_run_id,
        state=wire.BackfillState[found.state.name],
        created_at=timestamp(found.created_at),
        start_time=timestamp(found.begin_at),
        end_time=timestamp(found.end_at),
        max_parallel=found.max_parallel,
        waiting=progress.waiting,
        runs=counts,
    )
