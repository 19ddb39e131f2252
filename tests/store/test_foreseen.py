"""What a dry run of retention names, on every database."""

import asyncio
from pathlib import Path

import pytest
from tests.store.build import a_task, do
from tests.store.test_retention import NOW, World

from headrace.store import upkeep
from headrace.store.db import Database
from headrace.store.foreseen import MOST, GoingExecution, GoingRun


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "home")


def test_what_would_go_is_named(world: World) -> None:
    second, first, young = world.run("second", 2), world.run("first", 1), world.run("young", 99)
    _, named = asyncio.run(world.pruner(runs=30).dry_run())
    assert named.runs == [GoingRun(each.run_id, each.name) for each in (first, second)]
    assert {each.run_id for each in named.artifacts} == {first.run_id, second.run_id}
    assert all(each.uri.endswith("/t/1/d") for each in named.artifacts)
    executed = {GoingExecution(a_task(each, "root.t").task_id, each.run_id, "root.t") for each in (first, second)}
    assert set(named.executions) == executed
    _, named = asyncio.run(world.pruner(cache=30).dry_run())
    assert (named.runs, named.artifacts) == ([], [])
    assert set(named.executions) == executed
    assert young.name in world.names()


def test_an_execution_whose_run_is_gone_is_named_by_its_id(world: World) -> None:
    origin = world.run("origin", 1)
    world.run("cached", 1, world.artifact(origin), origin=origin)
    do(world.database, lambda tx: upkeep.delete_run(tx, origin.run_id, NOW))
    _, named = asyncio.run(world.pruner(cache=30).dry_run())
    assert named.executions == [GoingExecution(a_task(origin, "root.t").task_id)]


def test_so_many_are_named(world: World) -> None:
    world.multiply(world.run("old", 1), MOST)
    went, named = asyncio.run(world.pruner(runs=30).dry_run())
    assert (went.runs, len(named.runs)) == (MOST + 1, MOST)
