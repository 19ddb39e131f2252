"""Earlier executions that stand in, and what becomes of runs that are over."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.store.build import a_run, a_task, an_artifact, an_attempt, do, make_experiment, make_run

from headrace.base.clock import Instant
from headrace.base.errors import FailedPrecondition, NotFound
from headrace.engine.decision import AttemptAdded, RunMoved, TaskAdded, TaskMoved
from headrace.model.artifact import Bindings
from headrace.model.event import RetryRequested, RunRequested, TaskReady, TerminateRequested
from headrace.model.listing import ListQuery
from headrace.model.state import State, StorageState
from headrace.store import artifacts, cache, catalog, leases, query, runs, tables, upkeep
from headrace.store.db import Database, Tx

OUTPUTS = Bindings({"Output": 1.0}, {"d": (an_artifact("data", rows=3),)})


def execute(database: Database, name: str, state: State, at: int, outputs: Bindings | None = OUTPUTS) -> str:
    """A run with one task of fingerprint `f` that ended so; gives the task's id."""
    run = make_run(database, a_run(name))
    task = replace(a_task(run, "root.t"), fingerprint="f")
    move = TaskMoved("root.t", Instant(at), state, outputs=outputs)
    do(database, lambda tx: runs.write(tx, run, 0, (TaskReady("root.t", Instant(at)),), (TaskAdded(task), move)))
    return task.task_id


def test_the_newest_good_execution_is_found_with_its_outputs(database: Database) -> None:
    def find(tx: Tx) -> cache.CacheHit | None:
        return cache.find_cached(tx, "", "f")

    assert database.read(find) is None
    old = execute(database, "old", State.SUCCEEDED, 10)
    assert database.read(find) == cache.CacheHit(old, OUTPUTS)
    new = execute(database, "new", State.SUCCEEDED, 20, Bindings({"Output": 2}))
    execute(database, "failed", State.FAILED, 30, None)
    execute(database, "pending", State.RUNNING, 40, None)
    assert database.read(find) == cache.CacheHit(new, Bindings({"Output": 2}))
    cached = execute(database, "cached", State.CACHED, 50)
    assert database.read(find) == cache.CacheHit(cached, OUTPUTS)
    assert database.read(lambda tx: cache.find_cached(tx, "other", "f")) is None
    assert database.read(lambda tx: cache.find_cached(tx, "", "g")) is None


def test_the_nearest_execution_is_the_last_good_one_of_the_same_task_before(database: Database) -> None:
    run = make_run(database, a_run("asks"))
    task = a_task(run, "root.t", at=25)

    def nearest(tx: Tx) -> str:
        found = cache.nearest(tx, run, task)
        return found.task_id if found is not None else ""

    assert database.read(nearest) == ""
    execute(database, "older", State.SUCCEEDED, 10)
    newer = execute(database, "newer", State.CACHED, 20)
    execute(database, "failed", State.FAILED, 22, None)
    execute(database, "later", State.SUCCEEDED, 30)
    assert database.read(nearest) == newer
    assert database.read(lambda tx: cache.origin(tx, newer)) == (a_run("newer").run_id, "root.t")
    other = replace(task, path="root.other")
    assert database.read(lambda tx: cache.nearest(tx, run, other)) is None
    assert database.read(lambda tx: cache.nearest(tx, replace(run, pipeline_name="another"), task)) is None


def test_a_run_is_archived_and_brought_back(database: Database) -> None:
    run = make_run(database)
    do(database, lambda tx: upkeep.archive_run(tx, run.run_id))
    archived = database.read(lambda tx: query.get_run(tx, run.run_id))
    assert archived == replace(run, storage_state=StorageState.ARCHIVED)
    do(database, lambda tx: upkeep.unarchive_run(tx, run.run_id))
    assert database.read(lambda tx: query.get_run(tx, run.run_id)) == run


def test_a_run_of_an_archived_experiment_stays_archived(database: Database) -> None:
    experiment = make_experiment(database)
    run = make_run(database, a_run(experiment_id=experiment.experiment_id))
    do(database, lambda tx: catalog.archive_experiment(tx, experiment.experiment_id))
    with pytest.raises(FailedPrecondition, match="archived"):
        do(database, lambda tx: upkeep.unarchive_run(tx, run.run_id))


def test_a_deleted_run_leaves_its_artifacts_and_a_folder_to_be_removed(database: Database) -> None:
    task = execute(database, "r", State.SUCCEEDED, 10)
    run = database.read(lambda tx: query.get_run(tx, a_run("r").run_id))
    attempt = an_attempt(run, "root.t")
    do(database, lambda tx: leases.take_lease(tx, run.key, "me"))
    ending = (AttemptAdded(attempt), RunMoved(Instant(11), State.SUCCEEDED))
    do(database, lambda tx: runs.write(tx, run, 1, (TaskReady("root.t", Instant(11)),), ending))
    do(database, lambda tx: upkeep.delete_run(tx, run.run_id, Instant(12)))
    left = {
        table.name
        for table in tables.metadata.sorted_tables
        if database.read(lambda tx, table=table: tx.execute(select(table).limit(1)).first())
    }
    assert left == {"plans", "artifacts", "removals", "sequences", "schema_version"}
    assert database.read(lambda tx: cache.find_cached(tx, "", "f")) is None
    artifact = OUTPUTS.artifacts["d"][0]
    assert database.read(lambda tx: artifacts.get_artifact(tx, artifact.artifact_id)).task_id == task
    with pytest.raises(NotFound):
        do(database, lambda tx: upkeep.delete_run(tx, run.run_id, Instant(13)))


def test_a_run_that_is_deleted_before_its_end_is_hidden_until_then(database: Database) -> None:
    experiment = make_experiment(database)
    run = make_run(database, a_run(experiment_id=experiment.experiment_id))
    do(
        database,
        lambda tx: runs.write(tx, run, 0, (TaskReady("root", Instant(2)),), (RunMoved(Instant(2), State.RUNNING),)),
    )
    do(database, lambda tx: upkeep.delete_run(tx, run.run_id, Instant(3)))
    with pytest.raises(NotFound):
        database.read(lambda tx: query.get_run(tx, run.run_id))
    assert database.read(lambda tx: query.list_runs(tx, "", ListQuery())).total == 0
    assert not do(database, lambda tx: upkeep.remove_if_gone(tx, run.run_id))
    assert database.read(runs.live_runs) == [run.run_id]
    inbox = do(database, lambda tx: runs.take_inbox(tx, run))
    assert [type(event) for event in inbox] == [RunRequested, TerminateRequested]
    do(
        database,
        lambda tx: runs.write(tx, run, 1, (TaskReady("root", Instant(4)),), (RunMoved(Instant(4), State.CANCELED),)),
    )
    assert do(database, lambda tx: upkeep.remove_if_gone(tx, run.run_id))
    assert not database.read(lambda tx: runs.exists(tx, run.run_id))


def test_a_run_that_is_to_be_run_again_is_ended_before_it_is_removed(database: Database) -> None:
    run = make_run(database)
    do(database, lambda tx: runs.take_inbox(tx, run))
    do(
        database,
        lambda tx: runs.write(tx, run, 1, (TaskReady("root", Instant(4)),), (RunMoved(Instant(4), State.FAILED),)),
    )
    do(database, lambda tx: runs.post(tx, run.run_id, RetryRequested(Instant(5))))
    do(database, lambda tx: upkeep.delete_run(tx, run.run_id, Instant(6)))
    assert database.read(lambda tx: runs.exists(tx, run.run_id))
    inbox = do(database, lambda tx: runs.take_inbox(tx, run))
    assert [type(event) for event in inbox] == [RetryRequested, TerminateRequested]
    assert do(database, lambda tx: upkeep.remove_if_gone(tx, run.run_id))


def test_attempts_are_known_while_their_run_exists_and_done_with_when_it_ended(database: Database) -> None:
    live, ended = make_run(database, a_run("live")), make_run(database, a_run("ended"))
    names = []
    for run in (live, ended):
        attempt = an_attempt(run, "root.t")
        names.append(attempt.attempt_id)
        changes = (TaskAdded(a_task(run, "root.t")), AttemptAdded(attempt))
        do(database, lambda tx, r=run, c=changes: runs.write(tx, r, 0, (TaskReady("root.t", Instant(1)),), c))
    event = TaskReady("root.t", Instant(5))
    do(database, lambda tx: runs.write(tx, ended, 1, (event,), (RunMoved(Instant(5), State.FAILED),)))
    assert database.read(lambda tx: upkeep.attempts_of_ended_runs(tx, Instant(6))) == [names[1]]
    assert database.read(lambda tx: upkeep.attempts_of_ended_runs(tx, Instant(5))) == []
    asked = [*names, *(f"stranger-{number}" for number in range(1200))]
    assert database.read(lambda tx: upkeep.known_attempts(tx, asked)) == set(names)
