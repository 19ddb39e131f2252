"""How the databases find a page of a list: in an index that is there for it, without sorting."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, insert
from tests.store.build import a_run, an_artifact, do, make_pipeline, make_run, make_version

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.model.catalog import Experiment
from headrace.model.listing import ListQuery, Operation, Predicate
from headrace.model.state import State, StorageState
from headrace.store import artifacts, catalog, lineage, query, rows, runs, tables
from headrace.store.db import Database, Tx
from headrace.store.task_list import list_tasks

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


def test_lists_seek_in_an_index(kind: str, filled: Database) -> None:
    """The database's plan for finding a page: a search in that index, and no sorting."""
    wrong: list[str] = []
    for lister, index in SEEKS:
        plan = filled.read(lambda tx, lister=lister: PLANS[kind](tx, _first_page(tx, lister)))
        if index not in plan or any(word in plan for word in ("Sort", "B-TREE", "filesort")):
            wrong.append(f"{index}: {plan}")
    assert wrong == []


@pytest.mark.parametrize("predicates", [(), NOT_ARCHIVED])
def test_runs_are_counted_in_the_smallest_index(filled: Database, kind: str, predicates: tuple[Predicate, ...]) -> None:
    asked = replace(FIRST, predicates=predicates)
    plan = filled.read(lambda tx: PLANS[kind](tx, _first_page(tx, lambda tx: query.list_runs(tx, "", asked), "count(")))
    assert "runs_counted" in plan


@pytest.mark.parametrize("mark", ["LIMIT", "count("])
@pytest.mark.parametrize("predicates", [(), NOT_ARCHIVED])
def test_names_are_searched_in_the_smallest_index(
    filled: Database, kind: str, predicates: tuple[Predicate, ...], mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass that looks for few, and where that finds many, the count of all."""
    monkeypatch.setattr("headrace.store.paging._FEW", 5)
    asked = replace(FIRST, predicates=(*predicates, Predicate("name", Operation.IS_SUBSTRING, "r1")))
    plan = filled.read(lambda tx: PLANS[kind](tx, _first_page(tx, lambda tx: query.list_runs(tx, "", asked), mark)))
    assert "runs_searched" in plan


def test_live_runs_are_found_in_an_index(filled: Database, kind: str) -> None:
    plan = filled.read(lambda tx: PLANS[kind](tx, _first_page(tx, runs.live_runs, "UNION")))
    assert "runs_state" in plan


@pytest.fixture
def filled(url: str, kind: str, database: Database) -> Database:
    """Some rows, so that the planner has a choice, and what servers do by themselves in time."""
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
    artifacts_made = [
        {
            **rows.artifact_values(an_artifact(f"a{number}")),
            "artifact_key": number + 1,
            "namespace": "",
            "run_id": ended[0].run_id,
            "task_id": "t",
            "listed": 1,
            "producer": "",
            "identity": f"{number:064x}",
        }
        for number in range(500)
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
    do(database, lambda tx: tx.execute(insert(tables.artifacts), artifacts_made))
    do(database, lambda tx: tx.execute(insert(tables.metrics), metrics))
    for number in range(100):
        pipeline = make_pipeline(database, f"p{number}", at=number + 1)
        make_version(database, pipeline, "v", at=number + 1)
    match kind:
        case "postgresql":
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
        case "mariadb":
            do(database, lambda tx: tx.exec_driver_sql(f"ANALYZE TABLE {', '.join(FILLED)}").close())
    return database


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


FILLED = ("runs", "metrics", "experiments", "artifacts", "pipelines", "pipeline_versions")

PLANS = {"sqlite": _sqlite_plan, "postgresql": _postgres_plan, "mariadb": _mariadb_plan}
