"""The loop that fires: once each, whatever happens in between."""

import asyncio

import pytest
from tests.unit.controllers.schedules.place import Killed, Place, backfill, document, killed_at

from headrace.base import ids
from headrace.base.clock import SECOND, from_rfc3339
from headrace.base.errors import NotFound, Unavailable
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers import schedules as loop
from headrace.controllers.app import build_controllers
from headrace.controllers.faults import Fault
from headrace.controllers.feed import Feed
from headrace.model.schedule import CronTrigger
from headrace.store import backfills, schedules
from headrace.testing.clock import START
from headrace.testing.launcher import ScriptedLauncher

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("fault", [Fault.BEFORE_COMMIT, Fault.AFTER_COMMIT])
async def test_a_crash_around_the_commit_neither_loses_nor_doubles_a_tick(place: Place, fault: Fault) -> None:
    made = place.make()
    place.clock.advance(60)

    with pytest.raises(Killed):
        await place.loop(killed_at(fault)).turn()
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
