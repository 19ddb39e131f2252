"""The one transaction of a schedule: hold it, see which tick is due, make its run, and move on to the next tick.

Synchronous, called by the store's writer. A tick that cannot be made into a run is over all the same: the schedule
shows why, and goes on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from headrace.base import ids
from headrace.base.clock import Clock, Instant
from headrace.base.errors import FailedPrecondition, HeadraceError, InvalidInput, NotFound
from headrace.engine.ticks import NEVER, due_tick, next_tick
from headrace.model.event import RunRequested
from headrace.model.run import Failure, Run, StateChange
from headrace.model.schedule import BackfillState, CronTrigger, Schedule, Tick
from headrace.model.state import State
from headrace.spec.plan import Plan
from headrace.spec.schedule import macros
from headrace.spec.schedule.names import run_name
from headrace.spec.values import runtime_parameters
from headrace.store import backfills, catalog, runs, schedules
from headrace.store.db import Tx

log = logging.getLogger(__name__)

_CODES: dict[type[HeadraceError], int] = {InvalidInput: 3, NotFound: 5, FailedPrecondition: 9}


@dataclass(frozen=True, slots=True)
class Fired:
    """What the transaction did: whether a tick is over, and the run that it made, "" where it made none."""

    moved: bool = False
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Fire:
    """What every such transaction of a process uses. `plan` finds a plan by id, `pipeline_root` is the server's."""

    clock: Clock
    plan: Callable[[Tx, str], Plan]
    pipeline_root: str

    def schedule(self, tx: Tx, recurring_run_id: str) -> Fired:
        """Deal with the tick that is due now, if one is and the schedule has room for a run."""
        try:
            schedule = schedules.hold_schedule(tx, recurring_run_id)
        except NotFound:
            return Fired()  # It was deleted in the meantime.
        now = self.clock.now()
        tick = due_tick(schedule.trigger, schedule.created_at, schedule.last_tick, now, catch_up=schedule.catch_up)
        if not schedule.enabled or tick == NEVER:
            return Fired()
        if schedules.count_live(tx, recurring_run_id) >= schedule.max_concurrency:
            return Fired()
        over = replace(
            schedule, last_tick=tick, next_tick=next_tick(schedule.trigger, schedule.created_at, tick), failure=None
        )
        if schedules.is_taken(tx, recurring_run_id, tick):
            schedules.advance(tx, over)
            return Fired(moved=True)
        done = self._make(tx, schedule, Tick(recurring_run_id, tick), now)
        if done.failure is None:
            schedules.record_tick(tx, schedule.namespace, done)
        elif done.failure != schedule.failure:  # Said once, not at each tick.
            log.warning("recurring run %s: no run for a tick: %s", recurring_run_id, done.failure.message)
        schedules.advance(tx, replace(over, fired=schedule.fired + bool(done.run_id), failure=done.failure))
        return Fired(moved=True, run_id=done.run_id)

    def backfill(self, tx: Tx, backfill_id: str) -> Fired:
        """Deal with the backfill's next tick, if it has room for a run; with the last one it is done."""
        try:
            schedule = schedules.hold_schedule(tx, backfills.get_backfill(tx, backfill_id).recurring_run_id)
            backfill = backfills.get_backfill(tx, backfill_id)
        except NotFound:
            return Fired()
        if backfill.state is not BackfillState.RUNNING:
            return Fired()
        tick = backfills.first_waiting(tx, backfill_id)
        if tick == NEVER:
            backfills.end_backfill(tx, backfill_id, BackfillState.DONE)
            return Fired(moved=True)
        if schedules.count_live(tx, schedule.recurring_run_id, backfill_id) >= backfill.max_parallel:
            return Fired()
        done = self._make(tx, schedule, Tick(schedule.recurring_run_id, tick, backfill_id), self.clock.now())
        backfills.settle_tick(tx, done)
        if done.run_id:
            schedules.advance(tx, replace(schedule, fired=schedule.fired + 1))
        return Fired(moved=True, run_id=done.run_id)

    def give_up(self, tx: Tx, recurring_run_id: str, failure: Failure) -> None:
        """An error of ours in a tick: it is over, and the schedule shows why."""
        schedule = schedules.hold_schedule(tx, recurring_run_id)
        now = self.clock.now()
        tick = due_tick(schedule.trigger, schedule.created_at, schedule.last_tick, now, catch_up=schedule.catch_up)
        if tick != NEVER:
            following = next_tick(schedule.trigger, schedule.created_at, tick)
            schedules.advance(tx, replace(schedule, last_tick=tick, next_tick=following, failure=failure))

    def give_up_backfill(self, tx: Tx, backfill_id: str, failure: Failure) -> None:
        """An error of ours in a tick of a backfill: it is over, and shows why."""
        backfill = backfills.get_backfill(tx, backfill_id)
        schedules.hold_schedule(tx, backfill.recurring_run_id)
        tick = backfills.first_waiting(tx, backfill_id)
        now = self.clock.now()
        backfills.settle_tick(tx, Tick(backfill.recurring_run_id, tick, backfill_id, at=now, failure=failure))

    def _make(self, tx: Tx, schedule: Schedule, tick: Tick, now: Instant) -> Tick:
        """The tick with its run, or with the reason why there is none."""
        try:
            run = runs.add_run(tx, self._run(tx, schedule, tick, now), RunRequested(now))
        except (InvalidInput, NotFound, FailedPrecondition) as error:
            code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
            return replace(tick, at=now, failure=Failure(str(error), code))
        return replace(tick, at=now, run_id=run.run_id)

    def _run(self, tx: Tx, schedule: Schedule, tick: Tick, now: Instant) -> Run:
        """The run of a tick. Its id follows from the tick, so there is no second one."""
        plan_id, version_id = schedule.plan_id, schedule.pipeline_version_id
        if not plan_id:
            version = catalog.latest_version(tx, schedule.pipeline_id)
            plan_id, version_id = version.plan_id, version.pipeline_version_id
        plan, index = self.plan(tx, plan_id), schedule.fired + 1
        run_id = ids.derived(schedule.recurring_run_id, "tick", tick.tick, tick.backfill_id)
        occasion = macros.Occasion(run_id, now, tick.tick, index, timezone_of(schedule))
        parameters = macros.fill(schedule.parameters, occasion)
        runtime_parameters(plan, parameters)
        experiment = catalog.present_or_default(tx, schedule.namespace, schedule.experiment_id, now)
        return Run(
            run_id=run_id,
            key=0,
            name=run_name(schedule.name, schedule.recurring_run_id, index),
            namespace=schedule.namespace,
            experiment_id=experiment.experiment_id,
            plan_id=plan_id,
            pipeline_name=plan.pipeline_name,
            created_at=now,
            scheduled_at=tick.tick,
            description=schedule.description,
            pipeline_id=schedule.pipeline_id,
            pipeline_version_id=version_id,
            recurring_run_id=schedule.recurring_run_id,
            parameters=parameters,
            pipeline_root=schedule.pipeline_root or self.pipeline_root,
            service_account=schedule.service_account,
            plugins_input=schedule.plugins_input,
            history=(StateChange(now, State.PENDING),),
        )


def timezone_of(schedule: Schedule) -> str:
    """The time zone that the schedule counts by."""
    return schedule.trigger.timezone if isinstance(schedule.trigger, CronTrigger) else "UTC"
