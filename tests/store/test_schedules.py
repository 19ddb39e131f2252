"""Schedules, their ticks and backfills, as rows."""

from dataclasses import replace

import pytest
from tests.store.build import a_run, do, make_experiment

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound
from headrace.engine.decision import RunMoved
from headrace.model.event import RunRequested
from headrace.model.listing import ListQuery
from headrace.model.run import Failure
from headrace.model.schedule import Backfill, BackfillState, CronTrigger, PeriodicTrigger, Schedule, Tick
from headrace.model.state import State
from headrace.store import backfills, runs, schedules
from headrace.store.db import Database, Tx

DOCUMENT = {"pipelineInfo": {"name": "demo"}, "root": {"dag": {}}}


def a_schedule(name: str = "s", *, at: int = 10, due: int = 100) -> Schedule:
    return Schedule(
        recurring_run_id=name,
        name=name,
        namespace="",
        experiment_id="",
        trigger=PeriodicTrigger(60),
        created_at=Instant(at),
        updated_at=Instant(at),
        plan_id="sha256:" + "0" * 64,
        next_tick=Instant(due),
    )


def make(database: Database, schedule: Schedule) -> Schedule:
    experiment_id = make_experiment(database, f"of {schedule.name}").experiment_id
    placed = replace(schedule, experiment_id=experiment_id)
    return do(database, lambda tx: schedules.create_schedule(tx, placed))


def get(database: Database, name: str = "s") -> Schedule:
    return database.read(lambda tx: schedules.get_schedule(tx, name))


def fire(database: Database, tick: Tick) -> str:
    """A run of the tick, and its record."""
    run = replace(
        a_run(f"{tick.tick}{tick.backfill_id}", at=tick.tick),
        recurring_run_id=tick.recurring_run_id,
        scheduled_at=tick.tick,
    )
    done = replace(tick, run_id=run.run_id, at=Instant(tick.tick + 1))

    def unit(tx: Tx) -> None:
        runs.create_run(tx, run, DOCUMENT, RunRequested(run.created_at))
        if tick.backfill_id:
            backfills.settle_tick(tx, done)
        else:
            schedules.record_tick(tx, "", done)

    do(database, unit)
    return run.run_id


def end(database: Database, run_id: str) -> None:
    def unit(tx: Tx) -> None:
        moved = RunMoved(Instant(500), State.FAILED)
        runs.write(tx, runs.load_run(tx, run_id).run, 1, (RunRequested(Instant(1)),), (moved,))

    do(database, unit)


@pytest.mark.parametrize(
    "trigger",
    [
        PeriodicTrigger(3600, Instant(5), Instant(6)),
        CronTrigger("TZ=Europe/Berlin 0 0 6 * * *", "Europe/Berlin", Instant(5), Instant(6)),
        CronTrigger("@daily"),
    ],
)
def test_a_schedule_is_read_as_it_was_written(database: Database, trigger: CronTrigger | PeriodicTrigger) -> None:
    made = make(
        database,
        replace(
            a_schedule(),
            trigger=trigger,
            enabled=False,
            catch_up=False,
            max_concurrency=7,
            pipeline_id="p",
            pipeline_version_id="v",
            parameters={"a": ["ü", None, 1.5], "b": "[[Index]]"},
            pipeline_root="minio://x/y",
            service_account="me",
            description="ünï",
            plugins_input={"mlflow": {"a": 1}},
            last_tick=Instant(90),
            fired=3,
            failure=Failure("because", 5),
        ),
    )
    assert get(database) == made


def test_what_cannot_be_made(database: Database) -> None:
    with pytest.raises(NotFound, match="Experiment none"):
        do(database, lambda tx: schedules.create_schedule(tx, replace(a_schedule(), experiment_id="none")))
    with pytest.raises(InvalidInput, match="256 characters"):
        do(database, lambda tx: schedules.create_schedule(tx, replace(a_schedule(), name="x" * 256)))
    with pytest.raises(NotFound, match="Recurring run s"):
        get(database)
    with pytest.raises(NotFound):
        do(database, lambda tx: schedules.enable_schedule(tx, "s", Instant(1), enabled=True))
    with pytest.raises(NotFound):
        do(database, lambda tx: schedules.delete_schedule(tx, "s"))


def test_advancing_writes_how_far_it_came(database: Database) -> None:
    made = make(database, a_schedule())
    over = replace(made, last_tick=Instant(100), next_tick=Instant(160), fired=1, failure=Failure("no", 3))
    do(database, lambda tx: schedules.advance(tx, over))
    assert get(database) == over
    do(database, lambda tx: schedules.advance(tx, replace(over, failure=None)))
    assert get(database).failure is None


def test_the_outlook_names_what_is_due_and_has_room(database: Database) -> None:
    make(database, a_schedule("a", due=100))
    make(database, a_schedule("b", due=90))
    make(database, a_schedule("later", due=300))
    make(database, replace(a_schedule("off", due=50), enabled=False))
    make(database, a_schedule("over", due=0))

    def look(now: int, limit: int = 10) -> schedules.Outlook:
        return database.read(lambda tx: schedules.outlook(tx, Instant(now), limit))

    assert look(80) == schedules.Outlook((), (), Instant(90), waiting=False)
    assert look(100) == schedules.Outlook(("b", "a"), (), Instant(300), waiting=True)
    assert look(100, limit=1).schedules == ("b",)
    run_id = fire(database, Tick("b", Instant(90)))
    assert look(100) == schedules.Outlook(("a",), (), Instant(300), waiting=True)
    assert database.read(lambda tx: (schedules.count_live(tx, "b"), schedules.live_runs(tx, "b"))) == (1, [run_id])
    end(database, run_id)
    assert look(100).schedules == ("b", "a")
    assert database.read(lambda tx: (schedules.count_live(tx, "b"), schedules.live_runs(tx, "b"))) == (0, [])


def test_a_backfill_is_due_while_it_has_room(database: Database) -> None:
    make(database, replace(a_schedule(), enabled=False))
    asked = Backfill("x", "s", "", Instant(7), Instant(1), Instant(3), 1)
    do(database, lambda tx: backfills.create_backfill(tx, asked, [Instant(1), Instant(2), Instant(3)]))

    def look() -> tuple[str, ...]:
        return database.read(lambda tx: schedules.outlook(tx, Instant(100), 10)).backfills

    assert look() == ("x",)
    assert database.read(lambda tx: backfills.first_waiting(tx, "x")) == 1
    run_id = fire(database, Tick("s", Instant(1), "x"))
    assert look() == ()
    assert database.read(lambda tx: (schedules.count_live(tx, "s", "x"), schedules.count_live(tx, "s"))) == (1, 0)
    end(database, run_id)
    assert look() == ("x",)
    refused = Tick("s", Instant(2), "x", at=Instant(9), failure=Failure("no", 3))
    do(database, lambda tx: backfills.settle_tick(tx, refused))
    told = database.read(lambda tx: backfills.progress(tx, "x"))
    assert (told.waiting, dict(told.runs)) == (1, {State.FAILED: 1})
    assert database.read(lambda tx: backfills.failures(tx, "x")) == (refused,)
    do(database, lambda tx: backfills.end_backfill(tx, "x", BackfillState.STOPPED))
    assert look() == ()
    assert database.read(lambda tx: backfills.progress(tx, "x")).waiting == 0
    assert database.read(lambda tx: backfills.list_backfills(tx, "s")) == (replace(asked, state=BackfillState.STOPPED),)


def test_ticks_are_taken_once_and_go_with_their_schedule(database: Database) -> None:
    make(database, a_schedule())
    asked = Backfill("x", "s", "", Instant(7), Instant(1), Instant(3), 1)
    do(database, lambda tx: backfills.create_backfill(tx, asked, [Instant(2), Instant(3)]))
    fire(database, Tick("s", Instant(1)))
    refused = Tick("s", Instant(3), "x", at=Instant(9), failure=Failure("no", 3))
    do(database, lambda tx: backfills.settle_tick(tx, refused))
    for tick, known in ((1, True), (2, True), (3, False), (4, False)):
        assert database.read(lambda tx, tick=tick: schedules.is_taken(tx, "s", Instant(tick))) is known
    assert database.read(lambda tx: backfills.taken(tx, "s", Instant(1), Instant(9))) == {1, 2}
    for begin, limit, recorded in ((1, 9, [1, 2, 3]), (2, 9, [1, 2, 3]), (2, 1, [1, 2]), (5, 9, [3])):
        of_it = ("s", Instant(begin), Instant(9), limit)
        assert database.read(lambda tx, of_it=of_it: backfills.on_record(tx, *of_it)) == recorded
    do(database, lambda tx: schedules.delete_schedule(tx, "s"))
    assert database.read(lambda tx: backfills.taken(tx, "s", Instant(1), Instant(9))) == set()
    with pytest.raises(NotFound):
        database.read(lambda tx: backfills.get_backfill(tx, "x"))


def test_schedules_are_listed_by_page(database: Database) -> None:
    made = [make(database, a_schedule(f"s{number}", at=number)) for number in range(5)]
    first = database.read(lambda tx: schedules.list_schedules(tx, "", ListQuery(size=3)))
    assert (list(first.items), first.total) == (made[:3], 5)
    rest = database.read(lambda tx: schedules.list_schedules(tx, "", ListQuery(size=3, after=first.next)))
    assert (list(rest.items), rest.next) == (made[3:], None)
    own = database.read(lambda tx: schedules.list_schedules(tx, "", ListQuery(), made[2].experiment_id))
    assert list(own.items) == [made[2]]


def test_an_archived_experiment_has_no_enabled_schedule(database: Database) -> None:
    made = make(database, a_schedule())
    do(database, lambda tx: schedules.disable_of_experiment(tx, "", made.experiment_id, Instant(77)))
    assert (get(database).enabled, get(database).updated_at) == (False, 77)
