"""Lists: every operation on every kind of key, sorting, paging that neither loses nor doubles, and indexes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert
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

from headrace.base import ids
from headrace.base.clock import SECOND, Instant
from headrace.base.errors import InvalidInput, NotFound
from headrace.engine.decision import AttemptAdded, RunMoved, TaskAdded, TaskMoved
from headrace.model.artifact import Bindings
from headrace.model.catalog import Experiment
from headrace.model.event import RunRequested, TaskReady, TerminateRequested
from headrace.model.listing import ListQuery, Operation, Page, Predicate
from headrace.model.run import Run
from headrace.model.state import State, StorageState
from headrace.model.task import ROOT, task_id
from headrace.store import artifacts, catalog, lineage, query, rows, runs, tables
from headrace.store.db import Database, Tx
from headrace.store.task_list import list_tasks
from headrace.testing.clock import FakeClock

Lister = Callable[[Tx, ListQuery], Page[Any]]


def walk(database: Database, lister: Lister, asked: ListQuery) -> list[Any]:
    """All items, page by page."""
    items: list[Any] = []
    while True:
        page = database.read(lambda tx, asked=asked: lister(tx, asked))
        items += page.items
        if page.next is None:
            assert page.total == len(items)
            return items
        assert len(page.items) == asked.size
        asked = replace(asked, after=page.next)


def all_runs(tx: Tx, asked: ListQuery) -> Page[Run]:
    return query.list_runs(tx, "", asked)


def named(database: Database, *predicates: Predicate) -> list[str]:
    return [run.name for run in walk(database, all_runs, ListQuery(predicates))]


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
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(three: Database, predicate: Predicate, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        named(three, predicate)


@pytest.mark.parametrize("key", ["nonsense", "", "parameters", "metric:", "tags.a", "run_key; DROP TABLE runs"])
def test_a_sorting_that_makes_no_sense_is_refused(three: Database, key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        three.read(lambda tx: all_runs(tx, ListQuery(sort_key=key)))
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


def test_substrings_are_found_whatever_their_case_on_every_database(database: Database) -> None:
    for at, name in enumerate(("Straße", "ÜBUNG macht", "plain_50%"), start=1):
        make_run(database, a_run(name, at=at))
    for wanted, expected in (("übung", "ÜBUNG macht"), ("STRAß", "Straße"), ("_50%", "plain_50%")):
        assert named(database, Predicate("name", Operation.IS_SUBSTRING, wanted)) == [expected]
    assert named(database, Predicate("name", Operation.IS_SUBSTRING, "a%")) == []


def test_a_whole_number_on_a_time_counts_seconds(three: Database) -> None:
    assert named(three, Predicate("created_at", Operation.EQUALS, 2, seconds=True)) == ["banana"]
    assert named(three, Predicate("created_at", Operation.IN, (1, 3), seconds=True)) == ["Apple", "cherry_50%"]
    assert named(three, Predicate("created_at", Operation.GREATER_THAN, 2, seconds=True)) == ["cherry_50%"]


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


FIRST = ListQuery(descending=True)
LATER = ListQuery(descending=True, after=(Instant(500), "id"))
AVAILABLE = (Predicate("storage_state", Operation.EQUALS, "AVAILABLE"),)
NOT_ARCHIVED = (Predicate("storage_state", Operation.NOT_EQUALS, "ARCHIVED"),)
OF_SCHEDULE = (Predicate("recurring_run_id", Operation.EQUALS, "s3"),)
FAILED = (Predicate("state", Operation.EQUALS, "FAILED"),)
E1 = ids.derived("", "e1")
BY_METRIC = ListQuery(sort_key="metric:score", descending=True)

SEEKS: list[tuple[Callable[[Tx], object], str]] = [
    (lambda tx: query.list_runs(tx, "", FIRST), "runs_created"),
    (lambda tx: query.list_runs(tx, "", LATER), "runs_created"),
    (lambda tx: query.list_runs(tx, "", replace(LATER, predicates=AVAILABLE)), "runs_stored"),
    (lambda tx: query.list_runs(tx, "", replace(FIRST, predicates=NOT_ARCHIVED)), "runs_stored"),
    (lambda tx: query.list_runs(tx, "", replace(LATER, predicates=FAILED)), "runs_in_state"),
    (lambda tx: query.list_runs(tx, "", replace(FIRST, predicates=OF_SCHEDULE)), "runs_of_recurring_run"),
    (lambda tx: query.list_runs(tx, "", replace(FIRST, sort_key="name")), "runs_named"),
    (lambda tx: query.list_runs(tx, "", BY_METRIC), "metrics_ranked"),
    (lambda tx: query.list_runs(tx, "", replace(BY_METRIC, after=(10.0, "id"))), "metrics_ranked"),
    (lambda tx: query.list_runs(tx, "", LATER, E1), "runs_of_experiment"),
    (lambda tx: query.list_runs(tx, "", replace(FIRST, predicates=AVAILABLE), E1), "runs_stored_of_experiment"),
    (lambda tx: query.list_experiments(tx, "", LATER), "experiments_created"),
    (lambda tx: query.list_pipelines(tx, "", LATER), "pipelines_created"),
    (lambda tx: query.list_versions(tx, "p", LATER), "pipeline_versions_created"),
    (lambda tx: list_tasks(tx, a_run().run_id, LATER), "tasks_of_run"),
    (lambda tx: artifacts.list_artifacts(tx, "", LATER), "artifacts_created"),
    (lambda tx: lineage.find_same(tx, "", "s3://bucket/key", "system.Dataset", {}), "artifacts_identity"),
]


def test_lists_seek_in_an_index(kind: str, database: Database) -> None:
    """The database's plan for finding a page: a search in that index, and no sorting."""
    _fill(database, kind)
    wrong: list[str] = []
    for lister, index in SEEKS:
        plan = database.read(lambda tx, lister=lister: PLANS[kind](tx, _first_page(tx, lister)))
        if index not in plan or any(word in plan for word in ("Sort", "B-TREE", "filesort")):
            wrong.append(f"{index}: {plan}")
    assert wrong == []


def test_live_runs_are_found_in_an_index(database: Database, kind: str) -> None:
    _fill(database, kind)
    plan = database.read(lambda tx: PLANS[kind](tx, _first_page(tx, runs.live_runs, "UNION")))
    assert "runs_state" in plan


def _fill(database: Database, kind: str) -> None:
    """Some rows, so that the planner has a choice."""
    make_run(database)
    experiments = [
        Experiment(ids.derived("", f"e{number}"), f"e{number}", "", Instant(number + 1)) for number in range(1000)
    ]
    do(database, lambda tx: [catalog.create_experiment(tx, each) for each in experiments])
    ended = [
        replace(
            a_run(f"r{number}", at=number, experiment_id=experiments[number % 5].experiment_id),
            key=10_000 + number,
            state=State.SUCCEEDED if number % 10 else State.FAILED,
            storage_state=StorageState.AVAILABLE if number % 3 else StorageState.ARCHIVED,
            recurring_run_id=f"s{number % 50}",
        )
        for number in range(2000)
    ]
    metrics = [
        {
            "run_key": run.key,
            "artifact_id": "a",
            "key": "score",
            "namespace": "",
            "run_id": run.run_id,
            "value": run.key,
        }
        for run in ended
    ]
    do(database, lambda tx: tx.execute(insert(tables.runs), [rows.run_values(run) for run in ended]))
    do(database, lambda tx: tx.execute(insert(tables.metrics), metrics))
    if kind in ANALYZE:
        do(database, lambda tx: tx.exec_driver_sql(ANALYZE[kind]).close())


def _first_page(tx: Tx, lister: Callable[[Tx], object], mark: str = "LIMIT") -> tuple[str, Any]:
    """The statement that finds the page, and its values."""
    statements: list[tuple[str, Any]] = []

    def listener(_connection: Tx, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    event.listen(tx, "before_cursor_execute", listener)
    lister(tx)
    event.remove(tx, "before_cursor_execute", listener)
    return next(each for each in statements if mark in each[0])


def _sqlite_plan(tx: Tx, asked: tuple[str, Any]) -> str:
    return "; ".join(row[-1] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1]))


def _postgres_plan(tx: Tx, asked: tuple[str, Any]) -> str:
    """What it does where it need not scan or sort: with few rows both would be cheaper."""
    for habit in ("seqscan", "sort", "bitmapscan"):
        tx.exec_driver_sql(f"SET LOCAL enable_{habit} = off")
    return "; ".join(row[0].strip() for row in tx.exec_driver_sql(f"EXPLAIN {asked[0]}", asked[1]))


def _mariadb_plan(tx: Tx, asked: tuple[str, Any]) -> str:
    return "; ".join(str(tuple(row)) for row in tx.exec_driver_sql(f"EXPLAIN {asked[0]}", asked[1]))


ANALYZE = {"postgresql": "ANALYZE", "mariadb": "ANALYZE TABLE runs, metrics, experiments"}
"""What these do by themselves in time; SQLite goes by the indexes alone."""

PLANS = {"sqlite": _sqlite_plan, "postgresql": _postgres_plan, "mariadb": _mariadb_plan}
