"""Backfills make the runs of past ticks, in order, with room of their own."""

import pytest
from sqlalchemy import update
from tests.unit.controllers.schedules.place import Place, backfill

from headrace.base.clock import Instant
from headrace.model.schedule import BackfillState
from headrace.model.state import State
from headrace.store import backfills, schedules
from headrace.store import tables as t
from headrace.testing.clock import START

pytestmark = pytest.mark.anyio


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
    assert place.database.read(lambda tx: backfills.progress(tx, name)).waiting == 0


async def test_what_a_stopped_backfill_had_not_reached_is_for_others(place: Place) -> None:
    made = place.make(enabled=False, max_concurrency=10)
    name = backfill(place, made, "b", [1, -1, -2])
    await place.loop().turn()
    place.do(lambda tx: backfills.end_backfill(tx, name, BackfillState.STOPPED))
    place.clock.advance(150)
    again = place.database.read(lambda tx: backfills.taken(tx, made, START, place.clock.instant))
    assert set(again) == set()
    place.do(lambda tx: schedules.enable_schedule(tx, made, place.clock.instant, enabled=True))
    await place.loop().turn()
    assert place.ticks(made) == ["59:00", "01:00", "02:00"]


async def test_a_tick_of_which_no_run_could_be_made_is_for_others(place: Place) -> None:
    made = place.make(enabled=False)
    plan_id = place.schedule(made).plan_id
    point = update(t.recurring_runs)
    place.do(lambda tx: tx.execute(point.values(plan_id="", pipeline_id="gone")))
    backfill(place, made, "b", [1, -1])
    await place.loop().turn()
    assert len(place.database.read(lambda tx: backfills.failures(tx, "b"))) == 2
    place.clock.advance(60)
    assert place.database.read(lambda tx: backfills.taken(tx, made, Instant(0), place.clock.instant)) == set()
    place.do(lambda tx: tx.execute(point.values(plan_id=plan_id, pipeline_id="")))
    place.do(lambda tx: schedules.enable_schedule(tx, made, place.clock.instant, enabled=True))
    await place.loop().turn()
    assert place.ticks(made) == ["01:00"]
