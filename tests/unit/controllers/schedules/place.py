"""A database and a clock on which schedules are fired."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.ir import pipeline, shell_task

from headrace.base import ids
from headrace.base.clock import SECOND, Instant, to_rfc3339
from headrace.base.home import Home
from headrace.controllers.faults import Fault, no_faults
from headrace.controllers.fire import Fire
from headrace.controllers.schedules import Schedules
from headrace.engine.decision import RunMoved
from headrace.engine.ticks import NEVER, next_tick
from headrace.model.event import RunRequested
from headrace.model.listing import ListQuery, Operation, Predicate
from headrace.model.run import Run
from headrace.model.schedule import Backfill, CronTrigger, PeriodicTrigger, Schedule
from headrace.model.state import State
from headrace.spec.load import document_from_json
from headrace.spec.plan import Plan
from headrace.spec.plans import Plans
from headrace.store import backfills, query, runs, schedules
from headrace.store.db import Database, Tx
from headrace.testing.clock import START, FakeClock

MINUTELY = CronTrigger("0 * * * * *")
ROOT = "minio://mlpipeline/v2/artifacts"


class Killed(BaseException):
    """What a crash looks like from inside."""


def killed_at(fault: Fault) -> Callable[[Fault], None]:
    """What raises Killed where the loop comes to that place."""

    def kill(at: Fault) -> None:
        if at is fault:
            raise Killed

    return kill


def document(*parameters: str, name: str = "by-hand") -> dict[str, Any]:
    """A pipeline that takes these texts."""
    spec = pipeline(shell_task("a", "true"), name=name)
    spec["root"]["inputDefinitions"] = {"parameters": {each: {"parameterType": "STRING"} for each in parameters}}
    return spec


@dataclass
class Place:
    """What outlives the loop: the database and the clock. `woken` are the runs that the controllers were told of."""

    home: Home
    database: Database
    clock: FakeClock
    plans: Plans = field(default_factory=Plans)
    woken: list[str] = field(default_factory=list)
    bug: str = ""

    def loop(self, faults: Callable[[Fault], None] = no_faults) -> Schedules:
        """A loop that has just been started: it knows nothing."""

        def plan(tx: Tx, plan_id: str) -> Plan:
            if plan_id == self.bug:
                raise RuntimeError("a bug")
            return self.plans.known(plan_id) or self.plans.get(document_from_json(runs.load_document(tx, plan_id)))

        return Schedules(self.database, Fire(self.clock, plan, ROOT), self.clock, self.woken.append, faults)

    def do(self, unit: Callable[[Tx], Any]) -> Any:
        return self.database.submit(unit).result(timeout=30)

    def make(self, trigger: CronTrigger | PeriodicTrigger = MINUTELY, name: str = "nightly", **fields: Any) -> str:
        """A schedule of a pinned document, made now."""
        pinned = document_from_json(fields.pop("document", document()))
        fields.setdefault("experiment_id", ids.derived("", "experiment", "Default"))
        fields.setdefault("plan_id", pinned.plan_id)
        now = self.clock.instant
        schedule = Schedule(
            recurring_run_id=ids.derived("schedule", name),
            name=name,
            namespace="",
            trigger=trigger,
            created_at=now,
            updated_at=now,
            next_tick=next_tick(trigger, now, NEVER),
            **fields,
        )

        def unit(tx: Tx) -> None:
            runs.keep_document(tx, pinned.plan_id, pinned.as_json())
            schedules.create_schedule(tx, schedule)

        self.do(unit)
        return schedule.recurring_run_id

    def schedule(self, recurring_run_id: str) -> Schedule:
        return self.database.read(lambda tx: schedules.get_schedule(tx, recurring_run_id))

    def runs(self, recurring_run_id: str = "") -> list[Run]:
        """The runs of a schedule, or all, in the order of their ticks."""
        mine = (Predicate("recurring_run_id", Operation.EQUALS, recurring_run_id),) if recurring_run_id else ()
        page = self.database.read(lambda tx: query.list_runs(tx, "", ListQuery(mine, "scheduled_at", size=5_000)))
        return list(page.items)

    def ticks(self, recurring_run_id: str = "") -> list[str]:
        """The minutes and seconds of its runs' ticks."""
        return [to_rfc3339(run.scheduled_at)[14:19] for run in self.runs(recurring_run_id)]

    def end(self, *ended: Run) -> None:
        """What a controller writes when a run has succeeded."""
        for run in ended:
            moved = RunMoved(self.clock.instant, State.SUCCEEDED)
            self.do(lambda tx, run=run, moved=moved: runs.write(tx, run, 1, (RunRequested(moved.at),), (moved,)))

    def end_all(self) -> None:
        self.end(*[run for run in self.runs() if not run.state.ended])


def backfill(place: Place, made: str, name: str, ticks: Sequence[int], parallel: int = 1) -> str:
    """A backfill of the ticks of these minutes before the start."""
    instants = [Instant(START - minutes * 60 * SECOND) for minutes in ticks]
    asked = Backfill(name, made, "", place.clock.instant, min(instants), max(instants), parallel)
    place.do(lambda tx: backfills.create_backfill(tx, asked, sorted(instants)))
    return name
