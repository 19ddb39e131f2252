"""Schedules are fired on a real database by a clock that a test moves."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.controllers.schedules.place import MINUTELY, ROOT, Place, document

from headrace.base import ids
from headrace.base.clock import SECOND, Instant, to_rfc3339
from headrace.engine.ticks import NEVER
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion
from headrace.model.schedule import CronTrigger, PeriodicTrigger
from headrace.model.state import State
from headrace.spec.load import document_from_json
from headrace.store import backfills, catalog, schedules
from headrace.testing.clock import START

pytestmark = pytest.mark.anyio


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
    assert place.database.read(lambda tx: backfills.on_record(tx, made, START, place.clock.instant, 9)) == []


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


async def test_an_error_is_logged_once_and_leaves_no_rows(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    pipelines = Catalog(place)
    pipelines.version("one", document("needed"))
    made = pipelines.schedule()

    async def logged() -> list[str]:
        caplog.clear()
        for _ in range(3):
            place.clock.advance(60)
            await place.loop().turn()
        return [each.message for each in caplog.records if "no run for a tick" in each.message]

    (first,) = await logged()
    place.do(lambda tx: catalog.delete_pipeline(tx, pipelines.pipeline_id, cascade=True))
    (second,) = await logged()
    assert ("needed" in first, "not found" in second) == (True, True)
    assert place.database.read(lambda tx: backfills.on_record(tx, made, START, place.clock.instant, 9)) == []
