"""What is in the folder of a run that goes, on every database: it goes too, but for what other artifacts name."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.build import a_run, an_artifact, do, make_run
from tests.store.test_retention import DAY, NOW, World

from headrace.controllers.pruner import Went
from headrace.model.run import Run
from headrace.store import prune, upkeep
from headrace.store.db import Database


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "home")


def with_rest(world: World, name: str, day: int = 1) -> Run:
    """A run whose step gave a folder as its artifact, and has left more than that in the run's own folder."""
    run = a_run(name, at=day * DAY)
    for each in ("output_metadata.json", "d/a", "d/b"):
        world.blobs.write(f"{run.folder}/t/1/{each}", b"twelve bytes")
    world.blobs.local_path(f"{run.folder}/t/1/empty").mkdir()
    return world.run(name, day, replace(an_artifact(f"{name}/d"), uri=f"{run.folder}/t/1/d"))


def left(world: World, run: Run) -> list[str]:
    folder = world.blobs.local_path(run.folder)
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_all_that_is_in_the_folder_of_a_run_goes_with_it(world: World) -> None:
    old, young = with_rest(world, "old"), with_rest(world, "young", 99)
    assert world.prune(artifacts=30) == Went(artifacts=1, artifact_bytes=24, uncached=1)
    assert left(world, old) == ["t/1/output_metadata.json"]
    went = world.prune(runs=30)
    assert (went.runs, went.artifacts, went.artifact_bytes) == (1, 0, 12)
    assert not world.blobs.exists(old.folder)
    assert len(left(world, young)) == 3
    assert world.rows("removals") == 0
    assert world.prune(runs=30) == Went()


@pytest.mark.parametrize(
    ("named", "stays"),
    [
        ("{folder}/t/1/d/a", ["t/1/d/a"]),
        ("{folder}/t/1/d/", ["t/1/d/a", "t/1/d/b"]),
        ("{folder}/", ["t/1/d/a", "t/1/d/b", "t/1/output_metadata.json"]),
        ("minio://mlpipeline/v2", ["t/1/d/a", "t/1/d/b", "t/1/output_metadata.json"]),
        ("{folder}/t/1/d/a/nothing", []),
        ("{folder}/t/1/d-other", []),
        ("s3://mlpipeline/v2", []),
    ],
)
def test_what_another_artifact_names_stays(world: World, named: str, stays: list[str]) -> None:
    old = with_rest(world, "old")
    world.run("imports", 99, replace(an_artifact("imported"), uri=named.format(folder=old.folder)))
    went = world.prune(runs=30)
    assert (went.runs, went.artifacts, went.artifact_bytes) == (1, 1, (3 - len(stays)) * 12)
    assert left(world, old) == stays
    assert world.blobs.exists(old.folder) == bool(stays)


def test_a_cached_run_keeps_the_artifact_alone(world: World) -> None:
    origin = with_rest(world, "origin")
    made = replace(an_artifact("origin/d"), uri=f"{origin.folder}/t/1/d")
    world.run("cached", 99, made, origin=origin)
    assert world.prune(runs=30).artifact_bytes == 12
    assert left(world, origin) == ["t/1/d/a", "t/1/d/b"]
    assert world.prune(runs=0).artifact_bytes == 24
    assert not world.blobs.exists(origin.folder)


def test_a_run_that_is_deleted_leaves_its_artifacts_alone(world: World) -> None:
    deleted = with_rest(world, "deleted")
    do(world.database, lambda tx: upkeep.delete_run(tx, deleted.run_id, NOW))
    assert world.database.read(prune.is_unfinished)
    assert world.prune() == Went(artifact_bytes=12)
    assert left(world, deleted) == ["t/1/d/a", "t/1/d/b"]
    went = world.prune(artifacts=0)
    assert (went.artifacts, went.artifact_bytes) == (1, 24)
    assert not world.blobs.exists(deleted.folder)


def test_a_run_that_came_again_keeps_its_folder(world: World) -> None:
    """A due time that is backfilled has a run of the same id."""
    deleted = with_rest(world, "again")
    do(world.database, lambda tx: upkeep.delete_run(tx, deleted.run_id, NOW))
    make_run(world.database, deleted)
    assert world.prune() == Went()
    assert len(left(world, deleted)) == 3
    assert world.rows("removals") == 0
