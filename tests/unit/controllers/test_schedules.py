"""Schedules are fired on a real database by a clock that a test moves: once each, whatever happens in between."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.ir import pipeline, shell_task

from headrace.base import ids
from headrace.base.clock import SECOND, Instant, from_rfc3339, to_rfc3339
from headrace.base.errors import NotFound, Unavailable
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers import schedules as loop
from headrace.controllers.app import build_controllers
from headrace.controllers.faults import Fault, no_faults
from headrace.controllers.feed import Feed
from headrace.controllers.fire import Fire
from headrace.controllers.schedules import Schedules
from headrace.engine.decision import RunMoved
from headrace.engine.ticks import NEVER, next_tick
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion
from headrace.model.event import RunRequested
from headrace.model.listing import ListQuery, Operation, Predicate
from headrace.model.run import Run
from headrace.model.schedule import Backfill, BackfillState, CronTrigger, PeriodicTrigger, Schedule
from headrace.model.state import State
from headrace.spec.load import document_from_json
from headrace.spec.plan import Plan
from headrace.spec.plans import Plans
from headrace.store import backfills, catalog, query, runs, schedules
from headrace.store.db import Database, Tx
from headrace.testing.clock import START, FakeClock
from headrace.testing.launcher import ScriptedLauncher

pytestmark = pytest.mark.anyio

MINUTELY = CronTrigger("0 * * * * *")
ROOT = "minio://mlpipeline/v2/artifacts"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Killed(BaseException):
    """What a crash looks like from inside."""


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


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FakeClock()
    database = Database.open(f"sqlite:///{tmp_path / 'headrace.db'}", clock, durable=False)
    found = Place(Home(tmp_path), database, clock)
    found.do(lambda tx: catalog.ensure_default_experiment(tx, "", clock.now()))
    yield found
    database.close()


async def test_a_tick_makes_one_run_when_it_is_due(place: Place) -> None:
    made = place.make(parameters={"day": "[[ScheduledTime.2006-01-02 15:04]] #[[Index]]"}, document=document("day"))
    loop = place.loop()
    assert await loop.turn() == START + 60 * SECOND
    assert place.runs() == []
    place.clock.advance(61)
    assert await loop.turn() == START + 120 * SECOND
    (run,) = place.runs(made)
    assert place.woken == [run.run_id]
    assert (run.state, run.scheduled_at, run.recurring_run_id) == (State.PENDING, START + 60 * SECOND, made)
    assert run.name.startswith(f"nightly-{made[:5]}-1-")
    assert run.parameters == {"day": "2026-01-01 00:01 #1"}
    assert run.pipeline_root == ROOT
    assert await loop.turn() == START + 120 * SECOND
    assert len(place.runs()) == 1
    assert (place.schedule(made).fired, place.schedule(made).last_tick) == (1, run.scheduled_at)


async def test_local_time_is_the_schedules(place: Place) -> None:
    made = place.make(
        CronTrigger("0 0 6 * * *", "Europe/Berlin"),
        parameters={"day": "[[LocalTime.15:04 MST]] [[ScheduledTime.15:04]]"},
        document=document("day"),
    )
    place.clock.advance(6 * 3600)
    await place.loop().turn()
    assert [run.parameters for run in place.runs(made)] == [{"day": "06:00 CET 05:00"}]


async def test_after_a_day_off_missed_ticks_come_in_order_as_there_is_room(place: Place) -> None:
    made = place.make(CronTrigger("0 0 * * * *"), max_concurrency=3)
    place.clock.advance(24 * 3600 + 5)
    loop = place.loop()
    seen = []
    for _ in range(9):
        await loop.turn()
        live = [run for run in place.runs(made) if not run.state.ended]
        seen.append(len(live))
        place.end(*live[:3])
    assert seen == [3] * 8 + [0]
    hours = [to_rfc3339(run.scheduled_at)[:13] for run in place.runs(made)]
    assert hours == [f"2026-01-01T{hour:02d}" for hour in range(1, 24)] + ["2026-01-02T00"]
    assert [run.name.split("-")[2] for run in place.runs(made)] == [str(index) for index in range(1, 25)]


async def test_without_catch_up_only_the_latest_comes(place: Place) -> None:
    made = place.make(CronTrigger("0 0 * * * *"), catch_up=False)
    place.clock.advance(24 * 3600 + 5)
    await place.loop().turn()
    assert [to_rfc3339(run.scheduled_at) for run in place.runs(made)] == ["2026-01-02T00:00:00Z"]


async def test_a_periodic_schedule_that_is_late_without_catch_up_is_due_now(place: Place) -> None:
    made = place.make(PeriodicTrigger(60), catch_up=False)
    place.clock.advance(630)
    assert await place.loop().turn() == START + 690 * SECOND
    assert place.ticks(made) == ["10:30"]


async def test_what_is_full_waits_for_an_end_and_says_so(place: Place) -> None:
    made = place.make(max_concurrency=2)
    other = place.make(name="other")
    loop = place.loop()
    place.clock.advance(300)
    await loop.turn()
    assert (len(place.runs(made)), len(place.runs(other))) == (2, 1)
    assert await loop.turn() == NEVER
    assert len(place.runs()) == 3
    place.end(place.runs(made)[0])
    await loop.turn()
    assert place.ticks(made) == ["01:00", "02:00", "03:00"]
    assert place.ticks(other) == ["01:00"]


async def test_what_is_disabled_makes_no_run_and_catches_up_when_enabled(place: Place) -> None:
    made = place.make(enabled=False, max_concurrency=10)
    place.clock.advance(150)
    assert await place.loop().turn() == NEVER
    assert place.runs() == []
    place.do(lambda tx: schedules.enable_schedule(tx, made, place.clock.instant, enabled=True))
    await place.loop().turn()
    assert place.ticks(made) == ["01:00", "02:00"]


async def test_the_end_is_the_end(place: Place) -> None:
    made = place.make(replace(MINUTELY, end_at=Instant(START + 120 * SECOND)), max_concurrency=10)
    place.clock.advance(3600)
    assert await place.loop().turn() == NEVER
    assert place.ticks(made) == ["01:00", "02:00"]
    assert place.schedule(made).next_tick == NEVER


@pytest.mark.parametrize("fault", [Fault.BEFORE_COMMIT, Fault.AFTER_COMMIT])
async def test_a_crash_around_the_commit_neither_loses_nor_doubles_a_tick(place: Place, fault: Fault) -> None:
    made = place.make()
    place.clock.advance(60)

    def kill(at: Fault) -> None:
        if at is fault:
            raise Killed

    with pytest.raises(Killed):
        await place.loop(kill).turn()
    assert place.woken == []
    assert len(place.runs()) == (fault is Fault.AFTER_COMMIT)
    place.end_all()
    await place.loop().turn()
    assert place.ticks(made) == ["01:00"]


async def test_a_clock_that_is_put_back_fires_nothing_again(place: Place) -> None:
    made = place.make(max_concurrency=10)
    loop = place.loop()
    place.clock.advance(180)
    await loop.turn()
    place.clock.advance(-170)
    assert await loop.turn() == START + 240 * SECOND
    place.clock.advance(120)
    await loop.turn()
    assert place.ticks(made) == ["01:00", "02:00", "03:00"]
    place.clock.advance(110)
    await loop.turn()
    assert place.ticks(made)[3:] == ["04:00"]


class Catalog:
    """A pipeline whose versions a test makes."""

    def __init__(self, place: Place) -> None:
        self.place, self.pipeline_id = place, ids.derived("pipeline", "p")
        made = Pipeline(self.pipeline_id, "p", "p", "", place.clock.instant)
        place.do(lambda tx: catalog.create_pipeline(tx, made))

    def version(self, name: str, spec: dict[str, Any]) -> str:
        self.place.clock.advance(1)
        found = document_from_json(spec)
        made = PipelineVersion(name, self.pipeline_id, name, name, self.place.clock.instant, found.plan_id)
        self.place.do(lambda tx: catalog.create_version(tx, made, found.as_json()))
        return name

    def schedule(self, **fields: Any) -> str:
        """A schedule of the newest version."""
        return self.place.make(**fields, pipeline_id=self.pipeline_id, plan_id="")


async def test_a_pipeline_without_a_version_means_the_newest_at_each_tick(place: Place) -> None:
    pipelines = Catalog(place)
    pipelines.version("one", document(name="one"))
    made = pipelines.schedule(max_concurrency=10)
    place.clock.advance(60)
    await place.loop().turn()
    pipelines.version("two", document(name="two"))
    place.clock.advance(60)
    await place.loop().turn()
    assert [(run.pipeline_version_id, run.pipeline_name) for run in place.runs(made)] == [
        ("one", "one"),
        ("two", "two"),
    ]


async def test_a_tick_that_cannot_be_made_into_a_run_is_shown_and_over(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    pipelines = Catalog(place)
    pipelines.version("one", document())
    made = pipelines.schedule()
    pipelines.version("two", document("needed"))
    loop = place.loop()
    place.clock.advance(60)
    assert await loop.turn() > place.clock.instant
    failure = place.schedule(made).failure
    assert failure is not None
    assert (failure.code, "needed" in failure.message, place.runs()) == (3, True, [])
    assert "no run for a tick" in caplog.text
    place.do(lambda tx: catalog.delete_pipeline(tx, pipelines.pipeline_id, cascade=True))
    place.clock.advance(60)
    await loop.turn()
    failure = place.schedule(made).failure
    assert failure is not None
    assert failure.code == 5
    assert place.schedule(made).fired == 0


async def test_of_an_experiment_that_was_deleted_runs_go_to_the_default_one(place: Place) -> None:
    made = Experiment(ids.derived("", "e"), "e", "", place.clock.instant)
    place.do(lambda tx: catalog.create_experiment(tx, made))
    schedule = place.make(experiment_id=made.experiment_id)
    place.do(lambda tx: catalog.delete_experiment(tx, made.experiment_id))
    place.clock.advance(60)
    await place.loop().turn()
    assert [run.experiment_id for run in place.runs(schedule)] == [ids.derived("", "experiment", "Default")]


async def test_an_error_is_gone_with_the_next_good_tick(place: Place) -> None:
    pipelines = Catalog(place)
    pipelines.version("one", document("needed"))
    made = pipelines.schedule()
    place.clock.advance(60)
    await place.loop().turn()
    assert place.schedule(made).failure is not None
    pipelines.version("two", document())
    place.clock.advance(60)
    await place.loop().turn()
    assert place.schedule(made).failure is None
    assert len(place.runs(made)) == 1


async def test_an_error_of_ours_costs_the_tick_and_nothing_else(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = place.make(name="bad", document=document(name="bug")), place.make(name="good")
    backfill(place, bad, "b", [1])
    place.bug = place.schedule(bad).plan_id
    place.clock.advance(60)
    assert await place.loop().turn() == START + 120 * SECOND
    assert place.ticks(good) == ["01:00"]
    assert place.ticks(bad) == []
    failure = place.schedule(bad).failure
    assert failure is not None
    assert failure.message == "internal error: RuntimeError: a bug"
    assert "a bug" in caplog.text
    (tick,) = place.database.read(lambda tx: backfills.failures(tx, "b"))
    assert tick.failure == failure


async def test_a_schedule_that_was_deleted_meanwhile_is_no_matter(place: Place) -> None:
    made = place.make()
    place.clock.advance(60)
    place.do(lambda tx: schedules.delete_schedule(tx, made))
    fire = place.loop()._fire
    assert not place.do(lambda tx: fire.schedule(tx, made)).moved
    assert not place.do(lambda tx: fire.backfill(tx, "none")).moved
    with pytest.raises(NotFound):
        place.schedule(made)


def backfill(place: Place, made: str, name: str, ticks: Sequence[int], parallel: int = 1) -> str:
    """A backfill of the ticks of these minutes before the start."""
    instants = [Instant(START - minutes * 60 * SECOND) for minutes in ticks]
    asked = Backfill(name, made, "", place.clock.instant, min(instants), max(instants), parallel)
    place.do(lambda tx: backfills.create_backfill(tx, asked, sorted(instants)))
    return name


async def test_a_backfill_makes_its_runs_in_order_and_some_at_a_time(place: Place) -> None:
    made = place.make(enabled=False)
    name = backfill(place, made, "b", [5, 4, 3, 2, 1], parallel=2)
    seen = []
    for _ in range(3):
        await place.loop().turn()  # Each is a server that has just been started.
        seen.append(place.ticks(made))
        place.end_all()
    await place.loop().turn()
    assert seen == [
        ["55:00", "56:00"],
        ["55:00", "56:00", "57:00", "58:00"],
        ["55:00", "56:00", "57:00", "58:00", "59:00"],
    ]
    told = place.database.read(lambda tx: backfills.progress(tx, name))
    assert (told.waiting, told.runs) == (0, {State.SUCCEEDED: 5})
    assert place.database.read(lambda tx: backfills.get_backfill(tx, name)).state is BackfillState.DONE
    assert [run.name.split("-")[2] for run in place.runs(made)] == ["1", "2", "3", "4", "5"]


async def test_a_backfill_and_its_schedule_have_room_of_their_own(place: Place) -> None:
    made = place.make()
    backfill(place, made, "b", [2, 1])
    place.clock.advance(60)
    await place.loop().turn()
    assert place.ticks(made) == ["58:00", "01:00"]


async def test_a_tick_that_a_backfill_has_is_not_fired_again(place: Place) -> None:
    made = place.make(enabled=False)
    backfill(place, made, "b", [-1, -2])
    place.clock.advance(180)
    place.do(lambda tx: schedules.enable_schedule(tx, made, place.clock.instant, enabled=True))
    for _ in range(4):
        await place.loop().turn()
        place.end_all()
    assert place.ticks(made) == ["01:00", "02:00", "03:00"]


async def test_a_backfill_that_is_stopped_makes_no_more_runs(place: Place) -> None:
    made = place.make(enabled=False)
    name = backfill(place, made, "b", [3, 2, 1])
    await place.loop().turn()
    place.do(lambda tx: backfills.end_backfill(tx, name, BackfillState.STOPPED))
    place.end_all()
    await place.loop().turn()
    assert place.ticks(made) == ["57:00"]


async def test_the_loop_is_woken_by_what_ends_and_what_is_made(place: Place) -> None:
    """With real controllers: a schedule that is full goes on as soon as its run has ended."""
    launcher = ScriptedLauncher(place.clock, script=lambda _request: None)
    feed = Feed()
    controllers = build_controllers(
        database=place.database,
        blobs=FolderStore(place.home.store),
        plans=place.plans,
        launcher=launcher,
        settings=Settings(slots=2),
        home=place.home,
        clock=place.clock,
        feed=feed,
        holder=ids.fresh(),
    )
    await controllers.start()
    try:
        made = place.make()
        place.clock.advance(125)
        controllers.schedules_changed()
        for number in (1, 2):
            async with asyncio.timeout(120):
                while len(launcher.claimed) < number:
                    await asyncio.sleep(0.001)
            launcher.end(list(launcher.claimed)[-1], 0)
    finally:
        await controllers.stop()
    assert place.ticks(made) == ["01:00", "02:00"]


async def test_a_clock_that_jumps_ahead_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody tells the loop: it looks at the clock by itself."""
    monkeypatch.setattr(loop, "CLOCK_SECONDS", 0.001)
    made = place.make(CronTrigger("0 0 0 1 1 *"))
    running = place.loop()
    running.start()
    try:
        async with asyncio.timeout(120):
            while running._waiting:
                await asyncio.sleep(0.001)  # It has yet to fall asleep.
        place.clock.advance(366 * 86_400)
        async with asyncio.timeout(120):
            while not place.woken:
                await asyncio.sleep(0.001)
    finally:
        await running.stop()
    assert [run.scheduled_at for run in place.runs(made)] == [from_rfc3339("2027-01-01T00:00:00Z")]


async def test_a_database_in_trouble_is_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "RETRY_SECONDS", 0.001)
    place.make()
    place.clock.advance(60)
    troubles = [Unavailable("full"), RuntimeError("a bug")]

    def trouble(at: Fault) -> None:
        if at is Fault.BEFORE_COMMIT and troubles:
            raise troubles.pop()

    running = place.loop(trouble)
    running.start()
    try:
        async with asyncio.timeout(120):
            while not place.woken:
                await asyncio.sleep(0.001)
    finally:
        await running.stop()
    assert place.ticks() == ["01:00"]
