"""Lists: every operation on every kind of key, sorting, paging that neither loses nor doubles, and indexes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.build import (
    a_run,
    a_task,
    an_artifact,
    an_attempt,
    do,
    make_experiment,
    make_pipeline,
    make_run,
    make_version,
)
from tests.store.pages import all_runs, named, walk

from headrace.base.clock import SECOND, Instant
from headrace.base.errors import InvalidInput, NotFound
from headrace.engine.decision import AttemptAdded, RunMoved, TaskAdded, TaskMoved
from headrace.model.artifact import Bindings
from headrace.model.event import RunRequested, TaskReady, TerminateRequested
from headrace.model.listing import ListQuery, Operation, Page, Predicate
from headrace.model.run import Run
from headrace.model.state import State
from headrace.model.task import ROOT, task_id
from headrace.store import artifacts, query, runs
from headrace.store.db import Database, Tx
from headrace.store.task_list import list_tasks
from headrace.testing.clock import FakeClock


@pytest.fixture
def three(database: Database) -> Database:
    """Runs Apple, banana and cherry_50%, made in seconds 1, 2 and 3, half a second after each begins."""
    for second, name in enumerate(("Apple", "banana", "cherry_50%"), start=1):
        make_run(database, a_run(name, at=second * SECOND + SECOND // 2))
    return database


@pytest.mark.parametrize(
    ("key", "operation", "value", "expected"),
    [
        ("name", Operation.EQUALS, "banana", ["banana"]),
        ("display_name", Operation.NOT_EQUALS, "banana", ["Apple", "cherry_50%"]),
        ("name", Operation.GREATER_THAN, "banana", ["cherry_50%"]),
        ("name", Operation.GREATER_THAN_EQUALS, "banana", ["banana", "cherry_50%"]),
        ("name", Operation.LESS_THAN, "banana", ["Apple"]),
        ("name", Operation.LESS_THAN_EQUALS, "banana", ["Apple", "banana"]),
        ("name", Operation.IN, ("Apple", "cherry_50%", "x"), ["Apple", "cherry_50%"]),
        ("name", Operation.IN, (), []),
        ("name", Operation.IS_SUBSTRING, "AN", ["banana"]),
        ("name", Operation.IS_SUBSTRING, "0%", ["cherry_50%"]),
        ("name", Operation.IS_SUBSTRING, "_", ["cherry_50%"]),
        ("state", Operation.EQUALS, "PENDING", ["Apple", "banana", "cherry_50%"]),
        ("status", Operation.EQUALS, "FAILED", []),
        ("storage_state", Operation.NOT_EQUALS, "ARCHIVED", ["Apple", "banana", "cherry_50%"]),
        ("created_at", Operation.EQUALS, 2 * SECOND, ["banana"]),
        ("created_at", Operation.NOT_EQUALS, 2 * SECOND + 1, ["Apple", "cherry_50%"]),
        ("created_at", Operation.GREATER_THAN, 2 * SECOND, ["cherry_50%"]),
        ("created_at", Operation.GREATER_THAN_EQUALS, 2 * SECOND, ["banana", "cherry_50%"]),
        ("created_at", Operation.LESS_THAN, 2 * SECOND, ["Apple"]),
        ("created_at", Operation.LESS_THAN_EQUALS, 2 * SECOND, ["Apple", "banana"]),
        ("created_at", Operation.IN, (SECOND, 3 * SECOND), ["Apple", "cherry_50%"]),
        ("finished_at", Operation.EQUALS, 0, ["Apple", "banana", "cherry_50%"]),
    ],
)
def test_each_operation_does_what_it_says(
    three: Database, key: str, operation: Operation, value: Any, expected: list[str]
) -> None:
    assert named(three, Predicate(key, operation, value)) == expected


def test_predicates_are_joined_by_and(three: Database) -> None:
    later, not_last = (
        Predicate("created_at", Operation.GREATER_THAN, SECOND),
        Predicate("name", Operation.LESS_THAN, "c"),
    )
    assert named(three, later, not_last) == ["banana"]


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        (Predicate("", Operation.EQUALS, "x"), "Invalid filter key"),
        (Predicate("nonsense", Operation.EQUALS, "x"), 'Invalid filter key: "nonsense" on listable type Run'),
        (Predicate("parameters", Operation.EQUALS, "x"), "Invalid filter key"),
        (Predicate("tags.a", Operation.EQUALS, "x"), "Invalid filter key"),
        (Predicate("metric:a", Operation.EQUALS, "x"), "Invalid filter key"),
        (Predicate("name", Operation.IN, "x"), "IN on name takes a list"),
        (Predicate("name", Operation.EQUALS, ("x",)), "EQUALS on name takes one"),
        (Predicate("name", Operation.EQUALS, 5), "compared with text"),
        (Predicate("name", Operation.IN, (5,)), "compared with text"),
        (Predicate("created_at", Operation.EQUALS, "x"), "compared with a timestamp"),
        (Predicate("created_at", Operation.IS_SUBSTRING, 5), "IS_SUBSTRING"),
        (Predicate("created_at", Operation.IN, tuple(range(501))), "at most 500 values on created_at"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(three: Database, predicate: Predicate, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        named(three, predicate)


@pytest.mark.parametrize("key", ["nonsense", "", "parameters", "metric:", "tags.a", "run_key; DROP TABLE runs"])
def test_a_sorting_that_makes_no_sense_is_refused(three: Database, key: str) -> None:
    nothing = (Predicate("name", Operation.IS_SUBSTRING, "nothing has this"),)
    for predicates in ((), nothing):
        with pytest.raises(InvalidInput) as caught:
            three.read(lambda tx, predicates=predicates: all_runs(tx, ListQuery(predicates, sort_key=key)))
    assert f'Invalid sorting field: "{key}" on listable type Run' in str(caught.value)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("key", ["created_at", "Name", "run_id", "state", "metric:score", "METRIC:other"])
def test_pages_neither_lose_nor_double(database: Database, key: str, size: int, descending: bool) -> None:
    made = _scored(database)
    found = walk(database, all_runs, ListQuery(sort_key=key, descending=descending, size=size))
    value: Callable[[Run], Any] = {
        "created_at": lambda run: run.created_at,
        "Name": lambda run: run.name,
        "run_id": lambda run: run.run_id,
        "state": lambda run: run.state,
        "metric:score": lambda run: made[run.run_id],
        "METRIC:other": lambda _run: None,
    }[key]
    valued = [run for run in found if value(run) is not None]
    assert found[: len(valued)] == valued
    assert valued == sorted(valued, key=lambda run: (value(run), run.run_id), reverse=descending)
    rest = found[len(valued) :]
    assert rest == sorted(rest, key=lambda run: run.run_id, reverse=descending)
    assert {run.run_id for run in found} == set(made)


def _scored(database: Database) -> dict[str, float | None]:
    """Ten runs, in pairs that tie; every third without a score."""
    scores: dict[str, float | None] = {}
    for number in range(10):
        twin = a_run(f"run {number // 2}", at=100 + number // 2)
        run = make_run(database, replace(twin, run_id=f"id-{number}"))
        score = None if number % 3 == 0 else number / 7 - 0.5
        scores[run.run_id] = score
        metadata = {} if score is None else {"score": score}
        made = Bindings(artifacts={"m": (an_artifact(f"m{number}", type="system.Metrics", **metadata),)})
        changes = (TaskAdded(a_task(run, "root.t")), TaskMoved("root.t", Instant(2), State.SUCCEEDED, outputs=made))
        do(database, lambda tx, r=run, c=changes: runs.write(tx, r, 0, (TaskReady("root.t", Instant(2)),), c))
    return scores


@settings(max_examples=25, deadline=None)
@given(times=st.lists(st.integers(0, 3), min_size=0, max_size=12), size=st.integers(1, 5), descending=st.booleans())
def test_paging_over_ties(shared: Database, times: list[int], size: int, descending: bool) -> None:
    serial = shared.read(lambda tx: query.list_experiments(tx, "", ListQuery())).total
    scope = make_experiment(shared, f"e{serial}").experiment_id
    made = [
        make_run(shared, replace(a_run(f"{serial}-{number}", at=at, experiment_id=scope), created_at=Instant(at)))
        for number, at in enumerate(times)
    ]
    asked = ListQuery(descending=descending, size=size)
    found = walk(shared, lambda tx, asked: query.list_runs(tx, "", asked, scope), asked)
    assert found == sorted(made, key=lambda run: (run.created_at, run.run_id), reverse=descending)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("lists")
    database = Database.open(f"sqlite:///{folder / 'headrace.db'}", FakeClock(tick=1))
    yield database
    database.close()


def test_runs_are_listed_by_namespace_and_experiment_without_large_parameters(database: Database) -> None:
    experiment = make_experiment(database)
    small = make_run(database, a_run("small", at=1, experiment_id=experiment.experiment_id, x=1))
    large = make_run(database, a_run("large", at=2, experiment_id=experiment.experiment_id, x="y" * 100_000))
    make_run(database, a_run("elsewhere", at=3))
    make_run(database, replace(a_run("foreign", at=4), namespace="other"))
    page = database.read(lambda tx: query.list_runs(tx, "", ListQuery(), experiment.experiment_id))
    assert page.items == (small, replace(large, parameters={}))
    assert [run.name for run in walk(database, all_runs, ListQuery())] == ["small", "large", "elsewhere"]
    do(database, lambda tx: runs.post(tx, small.run_id, TerminateRequested(Instant(5))))
    page = database.read(lambda tx: query.list_runs(tx, "", ListQuery(), experiment.experiment_id))
    assert [run.state for run in page.items] == [State.CANCELING, State.PENDING]


def test_pipelines_and_versions_are_listed_with_their_tags(database: Database) -> None:
    one = make_pipeline(database, "one", at=1, tags={"team": "a", "odd key": "%"})
    two = make_pipeline(database, "two", at=2, tags={"team": "b"})
    three = make_pipeline(database, "three", at=3)

    def pipelines(tx: Tx, asked: ListQuery) -> Page[Any]:
        return query.list_pipelines(tx, "", asked)

    assert walk(database, pipelines, ListQuery(size=2)) == [one, two, three]
    team_b = ListQuery((Predicate("tags.team", Operation.EQUALS, "b"),))
    assert walk(database, pipelines, team_b) == [two]
    assert walk(database, pipelines, ListQuery((Predicate("tags.odd key", Operation.EQUALS, "%"),))) == [one]
    assert walk(database, pipelines, ListQuery((Predicate("display_name", Operation.EQUALS, "Two"),))) == [two]
    assert walk(database, pipelines, ListQuery(sort_key="tags.team", descending=True)) == [two, one, three]
    with pytest.raises(InvalidInput, match="EQUALS only"):
        walk(database, pipelines, ListQuery((Predicate("tags.team", Operation.IS_SUBSTRING, "b"),)))
    versions = [make_version(database, one, name, at=at) for at, name in enumerate(("v1", "v2", "v3"), start=1)]
    make_version(database, two, "v1")
    asked = ListQuery(sort_key="created_at", descending=True, size=2)
    found = walk(database, lambda tx, asked: query.list_versions(tx, one.pipeline_id, asked), asked)
    assert found == versions[::-1]
    staged = ListQuery(
        (Predicate("tags.stage", Operation.EQUALS, "v2"), Predicate("status", Operation.EQUALS, "READY"))
    )
    assert walk(database, lambda tx, asked: query.list_versions(tx, one.pipeline_id, asked), staged) == [versions[1]]


def test_experiments_are_listed(database: Database) -> None:
    made = [make_experiment(database, name, at=at) for at, name in enumerate("abc", start=1)]
    make_experiment(database, "foreign", namespace="other")

    def experiments(tx: Tx, asked: ListQuery) -> Page[Any]:
        return query.list_experiments(tx, "", asked)

    assert walk(database, experiments, ListQuery(size=2)) == made
    assert walk(database, experiments, ListQuery((Predicate("name", Operation.EQUALS, "b"),))) == [made[1]]


def test_tasks_artifacts_and_links_are_listed(database: Database) -> None:
    run = make_run(database)
    data = an_artifact("data")
    holder, maker = a_task(run, ROOT, State.RUNNING, at=1), a_task(run, "root.make", at=2)
    user = a_task(run, "root.use", at=3, inputs=Bindings(artifacts={"in": (data,)}))
    attempt = an_attempt(run, "root.use")
    outputs = Bindings(artifacts={"out": (data,)})
    changes = (
        TaskAdded(holder), TaskAdded(maker), TaskMoved("root.make", Instant(4), State.SUCCEEDED, outputs=outputs),
        TaskAdded(user), AttemptAdded(attempt), RunMoved(Instant(5), State.RUNNING),
    )  # fmt: skip
    do(database, lambda tx: runs.write(tx, run, 0, (RunRequested(Instant(1)),), changes))
    tasks = database.read(lambda tx: query.get_tasks(tx, run.run_id))
    assert walk(database, lambda tx, asked: list_tasks(tx, run.run_id, asked), ListQuery(size=2)) == list(tasks)
    under = ListQuery(sort_key="create_time", descending=True)
    root_id = task_id(run.run_id, ROOT)
    found = walk(database, lambda tx, asked: list_tasks(tx, run.run_id, asked, root_id), under)
    assert found == [tasks[2], tasks[1]]
    done = ListQuery((Predicate("state", Operation.EQUALS, "SUCCEEDED"),))
    assert walk(database, lambda tx, asked: list_tasks(tx, run.run_id, asked), done) == [tasks[1]]
    with pytest.raises(NotFound):
        database.read(lambda tx: list_tasks(tx, "nobody", ListQuery()))

    by_uri = ListQuery((Predicate("uri", Operation.EQUALS, data.uri),))
    (record,) = walk(database, lambda tx, asked: artifacts.list_artifacts(tx, "", asked), by_uri)
    assert (record.artifact, record.producer) == (data, "make")

    def links(tx: Tx, asked: ListQuery) -> Page[Any]:
        return artifacts.list_artifact_tasks(tx, "", asked, run_ids=[run.run_id])

    found = walk(database, links, ListQuery(sort_key="type", size=1))
    assert [(link.type, link.key, link.task_id, link.producer, link.position) for link in found] == [
        ("OUTPUT", "out", maker.task_id, "make", 0),
        ("TASK_OUTPUT_INPUT", "in", user.task_id, "make", 0),
    ]
    by = {"task_ids": [user.task_id], "artifact_ids": [data.artifact_id]}
    assert database.read(lambda tx: artifacts.list_artifact_tasks(tx, "", ListQuery(sort_key="id"), **by)).total == 1
    with pytest.raises(InvalidInput, match="at least one"):
        database.read(lambda tx: artifacts.list_artifact_tasks(tx, "", ListQuery(sort_key="id")))


def test_what_has_no_metric_comes_last_and_the_best_of_several_counts(database: Database) -> None:
    made = _scored(database)
    first = next(run_id for run_id, score in made.items() if score is not None)
    run = database.read(lambda tx: query.get_run(tx, first))
    better = Bindings(artifacts={"m": (an_artifact("better", type="system.Metrics", score=100.0),)})
    changes = (TaskAdded(a_task(run, "root.u")), TaskMoved("root.u", Instant(9), State.SUCCEEDED, outputs=better))
    do(database, lambda tx: runs.write(tx, run, 1, (TaskReady("root.u", Instant(9)),), changes))
    for size in (3, 100):
        found = walk(database, all_runs, ListQuery(sort_key="metric:score", descending=True, size=size))
        assert found[0].run_id == first
        assert len(found) == len({each.run_id for each in found}) == len(made)
    named_first = Predicate("run_id", Operation.EQUALS, first)
    assert database.read(lambda tx: all_runs(tx, ListQuery((named_first,), "metric:score"))).total == 1


def test_a_whole_number_on_a_time_counts_seconds(three: Database) -> None:
    assert named(three, Predicate("created_at", Operation.EQUALS, 2, seconds=True)) == ["banana"]
    assert named(three, Predicate("created_at", Operation.IN, (1, 3), seconds=True)) == ["Apple", "cherry_50%"]
    assert named(three, Predicate("created_at", Operation.GREATER_THAN, 2, seconds=True)) == ["cherry_50%"]


@pytest.mark.parametrize("number", [2**43, 2**63 - 1])
def test_no_number_is_too_large_for_a_time(three: Database, number: int) -> None:
    """In seconds, as microseconds none of them fits a column."""
    everything = ["Apple", "banana", "cherry_50%"]
    assert named(three, Predicate("created_at", Operation.LESS_THAN, number, seconds=True)) == everything
    assert named(three, Predicate("created_at", Operation.GREATER_THAN, -number, seconds=True)) == everything
    assert named(three, Predicate("created_at", Operation.IN, (2, number), seconds=True)) == ["banana"]
    assert named(three, Predicate("created_at", Operation.NOT_EQUALS, number, seconds=True)) == everything


@pytest.mark.parametrize("number", [0, 19, 20, 21, 45])
def test_the_total_is_that_of_all_pages(database: Database, number: int) -> None:
    experiments = [make_experiment(database, f"e{serial:02}", at=serial) for serial in range(number)]
    asked, seen = ListQuery(size=20), 0
    while True:
        page = database.read(lambda tx, asked=asked: query.list_experiments(tx, "", asked))
        seen += len(page.items)
        assert page.total == len(experiments)
        if page.next is None:
            break
        asked = replace(asked, after=page.next)
    assert seen == number
