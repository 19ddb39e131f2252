"""What clients write under a run, and the lists of it, on every database."""

from dataclasses import replace
from itertools import product

import pytest
from tests.store.build import a_run, a_task, an_artifact, do, make_run

from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, FailedPrecondition, InvalidInput, NotFound
from headrace.engine.decision import TaskAdded, TaskMoved
from headrace.model.artifact import METRIC, Artifact, Bindings, IOType, Origin
from headrace.model.event import RunRequested
from headrace.model.listing import ListQuery, Operation, Page, Predicate
from headrace.model.run import Run
from headrace.model.state import State
from headrace.model.task import ROOT, Task
from headrace.store import artifacts, cache, posted, query, runs
from headrace.store.db import Database
from headrace.store.posted import NewLink
from headrace.store.task_list import list_tasks

OUT = Origin(IOType.OUTPUT, "t")
SAID = {"name": "t", "scope_path": "root.t", "pods": [{"name": "p"}, {"name": "q"}]}
KEYS = (
    "id", "name", "display_name", "task_id", "run_id", "pods", "cache_fingerprint", "create_time", "start_time",
    "end_time", "status", "status_metadata", "state_history", "type", "type_attributes", "parent_task_id", "inputs",
    "outputs", "scope_path",
)  # fmt: skip


def prepared(database: Database) -> tuple[Run, Task, Task]:
    """A run with a task of the planner's that gave `data`, and one of a client's."""
    run = make_run(database)
    own = a_task(run, "root.make", at=2)
    data = Bindings(artifacts={"data": (an_artifact("data"),)})
    changes = (
        TaskAdded(a_task(run, ROOT)),
        TaskAdded(own),
        TaskMoved(own.path, Instant(3), State.SUCCEEDED, outputs=data),
    )
    do(database, lambda tx: runs.write(tx, run, 0, (RunRequested(Instant(1)),), changes))
    foreign = replace(a_task(run, "root.foreign", State.RUNNING, at=4), posted=SAID, fingerprint="f")
    do(database, lambda tx: posted.add_task(tx, run, foreign))
    return run, own, foreign


def link(task: Task, artifact: Artifact, key: str, own_keys: tuple[str, ...] = ()) -> NewLink:
    return NewLink(f"l-{task.name}-{key}", artifact.artifact_id, task, key, OUT, own_keys)


def test_a_posted_task_is_shown_and_not_planned_with(database: Database) -> None:
    run, own, foreign = prepared(database)
    assert foreign in database.read(lambda tx: query.get_tasks(tx, run.run_id))
    planned = database.read(lambda tx: runs.load_run(tx, run.run_id)).tasks
    assert [task.path for task in planned] == [ROOT, own.path]
    moved = {"name": "t", "state": "SUCCEEDED"}
    ended = replace(foreign, state=State.SUCCEEDED, started_at=Instant(8), ended_at=Instant(9), posted=moved)
    do(database, lambda tx: posted.change_task(tx, ended))
    assert database.read(lambda tx: query.get_task(tx, run.run_id, foreign.task_id)) == ended
    found = database.read(lambda tx: posted.newest_of(tx, run.namespace, "f"))
    assert found == (run.run_id, ended)
    assert database.read(lambda tx: cache.find_cached(tx, run.namespace, "f")) is None
    with pytest.raises(FailedPrecondition, match="alone writes it"):
        do(database, lambda tx: posted.change_task(tx, own))


def test_artifacts_and_links_of_clients(database: Database) -> None:
    run, own, foreign = prepared(database)
    number = replace(an_artifact("acc", type=METRIC), uri="", metadata={}, number_value=0.5, digest="", size=-1)
    do(database, lambda tx: posted.add_artifact(tx, run, foreign, number))
    same = database.read(lambda tx: posted.same_artifact(tx, run.namespace, number))
    assert same == number
    assert database.read(lambda tx: posted.same_artifact(tx, run.namespace, replace(number, description="d"))) is None
    for task, key in ((foreign, "n"), (own, "extra")):
        do(database, lambda tx, task=task, key=key: posted.add_link(tx, run, link(task, number, key)))
    found = database.read(lambda tx: posted.links_of(tx, database.read(lambda tx: runs.run_key(tx, run.run_id))))
    assert {task: [(each.key, each.artifact) for each in links] for task, links in found.items()} == {
        foreign.task_id: [("n", number)],
        own.task_id: [("extra", number)],
    }
    for refused, key, keys in ((own, "data", ()), (own, "extra", ()), (own, "planned", ("planned",))):
        with pytest.raises(AlreadyExists):
            do(database, lambda tx, r=refused, k=key, o=keys: posted.add_link(tx, run, link(r, number, k, o)))
    with pytest.raises(NotFound):
        do(database, lambda tx: posted.add_link(tx, run, link(own, an_artifact("nobody"), "k")))
    by_number = ListQuery((Predicate("number_value", Operation.GREATER_THAN, "0.25"),), sort_key="number_value")
    page = database.read(lambda tx: artifacts.list_artifacts(tx, run.namespace, by_number))
    assert [each.artifact for each in page.items] == [number]
    best = database.read(lambda tx: query.list_runs(tx, run.namespace, ListQuery(sort_key="metric:acc")))
    assert [each.run_id for each in best.items] == [run.run_id]


def test_tasks_are_sorted_by_every_key(database: Database) -> None:
    run, _, _ = prepared(database)

    def page(asked: ListQuery) -> Page[Task]:
        return database.read(lambda tx: list_tasks(tx, run.run_id, asked))

    for key, descending in product(KEYS, (False, True)):
        first = ListQuery(sort_key=key, descending=descending, size=2)
        begin = page(first)
        rest = page(replace(first, after=begin.next))
        assert len({task.path for task in begin.items + rest.items}) == 3, key
        assert (begin.total, rest.next) == (3, None)


def test_tasks_are_filtered_in_the_words_of_3_0(database: Database) -> None:
    run, own, foreign = prepared(database)
    make_run(database, a_run("another"))

    def named(key: str, value: str, operation: Operation = Operation.EQUALS) -> set[str]:
        asked = ListQuery((Predicate(key, operation, value),))
        return {task.path for task in database.read(lambda tx: list_tasks(tx, run.run_id, asked)).items}

    root = database.read(lambda tx: query.get_tasks(tx, run.run_id))[0].task_id
    assert named("status", "SUCCEEDED") == {own.path}
    assert foreign.path in named("state", "RUNNING")
    assert named("parent_task_id", root) == {own.path, foreign.path}
    assert named("pods", "") == {ROOT, own.path}
    assert named("pods", "p q") == named("scope_path", "root.t") == {foreign.path}
    assert named("outputs", "data", Operation.IS_SUBSTRING) == {own.path}
    with pytest.raises(InvalidInput, match="parent_task_id"):
        named("parent_task_id", "x", Operation.NOT_EQUALS)
