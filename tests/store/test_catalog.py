"""Experiments, pipelines and versions by KFP's rules."""

from dataclasses import replace

import pytest
from tests.store.build import (
    DOCUMENT,
    a_run,
    do,
    make_experiment,
    make_pipeline,
    make_run,
    make_version,
)

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidInput, NotFound
from headrace.model.catalog import Experiment, Pipeline
from headrace.model.state import StorageState
from headrace.store import catalog, query, runs
from headrace.store.db import Database


def test_an_experiment_is_found_as_it_was_made(database: Database) -> None:
    made = Experiment("id", "näme ☃", "", Instant(5), description="why", last_run_created_at=Instant(0))
    do(database, lambda tx: catalog.create_experiment(tx, made))
    assert database.read(lambda tx: catalog.get_experiment(tx, "id")) == made
    assert database.read(lambda tx: catalog.get_experiment_by_name(tx, "", "näme ☃")) == made


def test_an_experiments_name_is_unique_in_its_namespace(database: Database) -> None:
    make_experiment(database, "e")
    make_experiment(database, "e", namespace="other")
    make_experiment(database, "E")
    with pytest.raises(AlreadyExists, match="Experiment e already exists"):
        do(database, lambda tx: catalog.create_experiment(tx, Experiment("x", "e", "", Instant(1))))


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_an_experiments_name_has_a_length(database: Database, name: str) -> None:
    with pytest.raises(InvalidInput, match="128"):
        make_experiment(database, name)


def test_the_default_experiment_is_made_once_and_stays(database: Database) -> None:
    made = do(database, lambda tx: catalog.ensure_default_experiment(tx, "", Instant(7)))
    assert made.name == "Default"
    assert do(database, lambda tx: catalog.ensure_default_experiment(tx, "", Instant(8))) == made
    other = do(database, lambda tx: catalog.ensure_default_experiment(tx, "team", Instant(8)))
    assert other.experiment_id != made.experiment_id
    with pytest.raises(Conflict, match="Default"):
        do(database, lambda tx: catalog.delete_experiment(tx, made.experiment_id))


def test_a_default_experiment_that_a_client_made_is_taken(database: Database) -> None:
    made = make_experiment(database, "Default")
    assert do(database, lambda tx: catalog.ensure_default_experiment(tx, "", Instant(8))) == made


def test_archiving_an_experiment_archives_its_runs_and_unarchiving_does_not_undo_that(database: Database) -> None:
    one, two = make_experiment(database, "one"), make_experiment(database, "two")
    inside = make_run(database, a_run("in", experiment_id=one.experiment_id))
    outside = make_run(database, a_run("out", experiment_id=two.experiment_id))
    do(database, lambda tx: catalog.archive_experiment(tx, one.experiment_id))
    state = database.read(lambda tx: catalog.get_experiment(tx, one.experiment_id)).storage_state
    assert state is StorageState.ARCHIVED
    assert database.read(lambda tx: query.get_run(tx, inside.run_id)).storage_state is StorageState.ARCHIVED
    assert database.read(lambda tx: query.get_run(tx, outside.run_id)).storage_state is StorageState.AVAILABLE
    do(database, lambda tx: catalog.unarchive_experiment(tx, one.experiment_id))
    state = database.read(lambda tx: catalog.get_experiment(tx, one.experiment_id)).storage_state
    assert state is StorageState.AVAILABLE
    assert database.read(lambda tx: query.get_run(tx, inside.run_id)).storage_state is StorageState.ARCHIVED


def test_deleting_an_experiment_leaves_its_runs(database: Database) -> None:
    experiment = make_experiment(database)
    run = make_run(database, a_run(experiment_id=experiment.experiment_id))
    do(database, lambda tx: catalog.delete_experiment(tx, experiment.experiment_id))
    with pytest.raises(NotFound):
        database.read(lambda tx: catalog.get_experiment(tx, experiment.experiment_id))
    assert database.read(lambda tx: query.get_run(tx, run.run_id)).experiment_id == experiment.experiment_id


def test_a_run_tells_its_experiment(database: Database) -> None:
    experiment = make_experiment(database)
    make_run(database, a_run(at=77, experiment_id=experiment.experiment_id))
    found = database.read(lambda tx: catalog.get_experiment(tx, experiment.experiment_id))
    assert found.last_run_created_at == 77


def test_a_pipeline_is_found_as_it_was_made(database: Database) -> None:
    made = Pipeline("id", "name", "Name", "", Instant(3), description="d", tags={"team": "a", "stage": ""})
    do(database, lambda tx: catalog.create_pipeline(tx, made))
    assert database.read(lambda tx: catalog.get_pipeline(tx, "id")) == made
    assert database.read(lambda tx: catalog.get_pipeline_by_name(tx, "", "name")) == made
    with pytest.raises(AlreadyExists, match="name"):
        do(database, lambda tx: catalog.create_pipeline(tx, replace(made, pipeline_id="other")))


def test_a_pipeline_changes_in_its_display_name_and_tags_only(database: Database) -> None:
    made = make_pipeline(database, tags={"a": "1"})
    of = made.pipeline_id
    assert do(database, lambda tx: catalog.update_pipeline(tx, of, display_name="New")).tags == {"a": "1"}
    assert do(database, lambda tx: catalog.update_pipeline(tx, of, new_tags={"b": "2"})).display_name == "New"
    assert database.read(lambda tx: catalog.get_pipeline(tx, of)).tags == {"b": "2"}
    do(database, lambda tx: catalog.update_pipeline(tx, of, new_tags={}))
    assert database.read(lambda tx: catalog.get_pipeline(tx, of)) == replace(made, display_name="New", tags={})


@pytest.mark.parametrize(
    "tags",
    [{"": "x"}, {"a.b": "x"}, {"k" * 64: "x"}, {"k": "v" * 64}, {str(number): "" for number in range(21)}],
)
def test_tags_have_their_limits(database: Database, tags: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="tags"):
        make_pipeline(database, tags=tags)
    with pytest.raises(NotFound):
        database.read(lambda tx: catalog.get_pipeline_by_name(tx, "", "p"))


def test_a_pipeline_with_versions_is_deleted_by_cascade_only(database: Database) -> None:
    pipeline = make_pipeline(database, tags={"a": "1"})
    version = make_version(database, pipeline, "v1")
    with pytest.raises(FailedPrecondition, match="cascade=true"):
        do(database, lambda tx: catalog.delete_pipeline(tx, pipeline.pipeline_id))
    do(database, lambda tx: catalog.delete_pipeline(tx, pipeline.pipeline_id, cascade=True))
    with pytest.raises(NotFound):
        database.read(lambda tx: catalog.get_version(tx, version.pipeline_version_id))
    again = make_pipeline(database)
    assert database.read(lambda tx: catalog.get_pipeline(tx, again.pipeline_id)).tags == {}
    do(database, lambda tx: catalog.delete_pipeline(tx, again.pipeline_id))


def test_a_version_is_found_as_it_was_made_with_its_document(database: Database) -> None:
    version = make_version(database, make_pipeline(database), "v1")
    assert database.read(lambda tx: catalog.get_version(tx, version.pipeline_version_id)) == version
    assert database.read(lambda tx: runs.load_document(tx, version.plan_id)) == DOCUMENT


def test_a_versions_name_is_unique_in_its_pipeline(database: Database) -> None:
    one, two = make_pipeline(database, "one"), make_pipeline(database, "two")
    make_version(database, one, "v")
    make_version(database, two, "v")
    with pytest.raises(AlreadyExists, match="Pipeline version v already exists"):
        make_version(database, one, "v", id="another")


def test_the_latest_version_is_the_newest_and_of_two_the_larger_id(database: Database) -> None:
    pipeline = make_pipeline(database)
    with pytest.raises(NotFound, match="no version"):
        database.read(lambda tx: catalog.latest_version(tx, pipeline.pipeline_id))
    make_version(database, pipeline, "old", at=1, id="zzz")
    make_version(database, pipeline, "new", at=2, id="aaa")
    make_version(database, pipeline, "twin", at=2, id="bbb")
    assert database.read(lambda tx: catalog.latest_version(tx, pipeline.pipeline_id)).name == "twin"
    do(database, lambda tx: catalog.delete_version(tx, "bbb"))
    assert database.read(lambda tx: catalog.latest_version(tx, pipeline.pipeline_id)).name == "new"


def test_a_version_changes_in_its_display_name_and_tags_only(database: Database) -> None:
    version = make_version(database, make_pipeline(database), "v1")
    of = version.pipeline_version_id
    do(database, lambda tx: catalog.update_version(tx, of, display_name="New", new_tags={"x": "y"}))
    expected = replace(version, display_name="New", tags={"x": "y"})
    assert database.read(lambda tx: catalog.get_version(tx, of)) == expected


def test_what_is_not_there_is_not_found(database: Database) -> None:
    nobody = ids.derived("nobody")
    for unit in (
        catalog.get_experiment,
        catalog.archive_experiment,
        catalog.unarchive_experiment,
        catalog.delete_experiment,
        catalog.get_pipeline,
        catalog.delete_pipeline,
        catalog.get_version,
        catalog.latest_version,
        catalog.delete_version,
        runs.load_document,
    ):
        with pytest.raises(NotFound, match="not found"):
            do(database, lambda tx, unit=unit: unit(tx, nobody))
    with pytest.raises(NotFound, match="not found"):
        make_version(database, Pipeline(nobody, "p", "p", "", Instant(1)), "v")
