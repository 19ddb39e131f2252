"""Schedules are fired once each on every database, also by several servers and across crashes between commits."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.controllers.schedules.place import Killed, Place, killed_at

from headrace.base.home import Home
from headrace.controllers.faults import Fault
from headrace.store import catalog
from headrace.store.db import Database
from headrace.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Place]:
    clock = FakeClock()
    database = Database.open(url, clock)
    found = Place(Home(tmp_path), database, clock)
    found.do(lambda tx: catalog.ensure_default_experiment(tx, "", clock.now()))
    yield found
    database.close()


@pytest.fixture
def second(place: Place, url: str) -> Iterator[Place]:
    """Another server on the same database."""
    database = Database.open(url, place.clock)
    yield replace(place, database=database)
    database.close()


async def test_several_servers_fire_each_tick_once(place: Place, second: Place) -> None:
    made = [place.make(name=f"s{number}", max_concurrency=10) for number in range(40)]
    loops = [place.loop(), second.loop(), place.loop(), second.loop()]
    for _ in range(3):
        place.clock.advance(60)
        await asyncio.gather(*(each.turn() for each in loops))
    assert all(place.ticks(each) == ["01:00", "02:00", "03:00"] for each in made)
    assert sorted(place.woken) == sorted(run.run_id for run in place.runs())
    assert {place.schedule(each).fired for each in made} == {3}


async def test_several_servers_keep_to_the_limit_on_concurrency(place: Place, second: Place) -> None:
    made = [place.make(name=f"s{number}", max_concurrency=2) for number in range(10)]
    place.clock.advance(600)
    await asyncio.gather(*(each.turn() for each in [place.loop(), second.loop(), second.loop()]))
    assert all(place.ticks(each) == ["01:00", "02:00"] for each in made)


@pytest.mark.parametrize("fault", [Fault.BEFORE_COMMIT, Fault.AFTER_COMMIT])
async def test_a_crash_in_one_server_leaves_the_other_every_tick(place: Place, second: Place, fault: Fault) -> None:
    made = [place.make(name=f"s{number}") for number in range(5)]
    place.clock.advance(60)

    with pytest.raises(Killed):
        await place.loop(killed_at(fault)).turn()
    await second.loop().turn()
    assert all(place.ticks(each) == ["01:00"] for each in made)
