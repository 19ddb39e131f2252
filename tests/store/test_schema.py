"""The schema: migrations lead to the tables, a new and a current database need no Alembic, a newer one is refused."""

import contextlib
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    Engine,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    column,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable
from tests.databases import engine
from tests.store.build import a_run, a_task

from headrace.base.errors import FailedPrecondition
from headrace.model.artifact import Bindings, metric_id
from headrace.model.listing import ListQuery, Operation, Predicate
from headrace.store import artifacts, query, rows, schema, tables
from headrace.store.db import Database
from headrace.store.task_list import list_tasks
from headrace.testing.clock import FakeClock


def test_the_migrated_schema_is_that_of_the_tables(empty_url: str, clock: FakeClock) -> None:
    _migrate(empty_url)
    assert _differences(empty_url) == []
    Database.open(empty_url, clock).close()
    assert _versions(empty_url) == [schema.CURRENT] * 2


def test_a_new_database_has_the_tables_and_is_at_the_newest_migration(empty_url: str, clock: FakeClock) -> None:
    Database.open(empty_url, clock).close()
    assert _differences(empty_url) == []
    assert _versions(empty_url) == [schema.CURRENT] * 2
    _migrate(empty_url)
    assert _differences(empty_url) == []


def test_sqlite_has_the_very_same_statements(tmp_path: Path, clock: FakeClock) -> None:
    """Also what reflection does not tell: WITHOUT ROWID, autoincrement, the order of columns."""
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    _migrate(f"sqlite:///{migrated}")
    Database.open(f"sqlite:///{made}", clock).close()
    assert _statements(migrated) == _statements(made)
    assert _indexes_of_runs(migrated) == _indexes_of_runs(made)


def test_every_row_is_in_a_namespace() -> None:
    of_nobody = {"holders", "images", "plans", "sequences", "schema_version"}
    without = {each.name for each in tables.metadata.sorted_tables if "namespace" not in each.c}
    assert without == of_nobody


def test_what_is_indexed_is_bounded_for_every_database() -> None:
    """MySQL takes 3,072 bytes, 4 a character, in the key of an index."""
    for made in tables.metadata.sorted_tables:
        unique = [each for each in made.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
        for keyed in (*made.indexes, *unique):
            assert not any(isinstance(column.type, Text) for column in keyed.columns), keyed.name
            assert sum(map(_bytes, keyed.columns)) <= 3072, keyed.name


@pytest.mark.parametrize("dialect", [mysql.dialect(), postgresql.dialect()])
def test_the_tables_can_be_said_to_the_other_databases(dialect: Dialect) -> None:
    said = "".join(str(CreateTable(table).compile(dialect=dialect)) for table in tables.metadata.sorted_tables)
    assert ("TEXT(4294967295)" in said) is (dialect.name == "mysql")


def test_metrics_of_the_first_schema_are_split(empty_url: str, clock: FakeClock) -> None:
    """What 0001 kept as one artifact becomes that and its numbers, with links of their own."""
    old = engine(empty_url)
    connection = _migrated_to("0001", old)
    maker = "'', 'run', 'task', 7, '', -1, 'make'"
    for statement in (
        "INSERT INTO sequences VALUES ('keys', 100)",
        f"INSERT INTO artifacts VALUES (1, 'm', {maker}, 'm', 'system.Metrics', '1', 'minio://b/m', "
        '\'{"a": 0.5, "note": "n", "t": true, "big": 1e999}\')',
        f"INSERT INTO artifacts VALUES (2, 'd', {maker}, 'd', 'system.Dataset', '1', 'minio://b/d', '{{}}')",
        "INSERT INTO artifact_tasks VALUES ('l', '', 1, 'task', 'm', 'INPUT', 0, 'in')",
    ):
        connection.exec_driver_sql(statement)
    connection.commit()
    connection.close()
    old.dispose()
    database = Database.open(empty_url, clock)
    page = database.read(lambda tx: artifacts.list_artifacts(tx, "", ListQuery()))
    assert {(each.artifact.name, each.artifact.number_value) for each in page.items} == {("a", 0.5), ("d", None)}
    assert {each.key for each in page.items} == {2, 100}
    links = database.read(lambda tx: tx.execute(select(tables.artifact_tasks)).all())
    assert {(row.artifact_id, row.type, row.iteration) for row in links} == {
        (each, "TASK_OUTPUT_INPUT", -1) for each in ("m", metric_id("m", "a"))
    }
    database.close()


def test_runs_of_before_are_found_by_a_part_of_their_name(empty_url: str, clock: FakeClock) -> None:
    """0035 makes bytes of the texts that names were searched in, folded further."""
    old = engine(empty_url)
    connection = _migrated_to("0034", old)
    for key, name in enumerate(("Ärger 50%", "STRASSE", "Straße"), start=1):
        values = {**rows.run_values(a_run(name=name)), "run_key": key, "folded_name": name.lower()}
        connection.execute(insert(table(tables.runs.name, *map(column, values))), values)
    connection.commit()
    connection.close()
    old.dispose()
    database = Database.open(empty_url, clock)
    for wanted, found in (("ÄRG", ["Ärger 50%"]), ("raß", ["STRASSE", "Straße"])):
        asked = ListQuery((Predicate("name", Operation.IS_SUBSTRING, wanted),))
        page = database.read(lambda tx, asked=asked: query.list_runs(tx, "", asked))
        assert sorted(each.name for each in page.items) == found
    database.close()


def test_posted_tasks_of_before_are_found_by_what_they_show(empty_url: str, clock: FakeClock) -> None:
    """0036 takes it out of the message that they were posted with."""
    parameters = [{"parameter_key": "x", "value": "given"}, {"parameter_key": "y"}]
    message = {
        "scope_path": "root.t",
        "pods": [{"name": "p"}, {"name": "q"}],
        "type_attributes": {"iteration_index": "3"},
        "status_metadata": {"message": "waits"},
        "outputs": {"parameters": parameters},
    }
    run, old = replace(a_run(), key=1), engine(empty_url)
    before = replace(a_task(run, "root.t"), posted=message)
    connection = _migrated_to("0035", old)
    task_values = {**rows.task_values(before), "task_key": 1, "run_key": 1, "namespace": ""}
    for into, values in ((tables.runs, rows.run_values(run)), (tables.tasks, task_values)):
        connection.execute(insert(table(into.name, *map(column, values))), values)
    connection.commit()
    connection.close()
    old.dispose()
    database = Database.open(empty_url, clock)
    after = replace(before, iteration=3, reason="waits", outputs=Bindings({"x": "given", "y": None}))
    assert database.read(lambda tx: query.get_tasks(tx, run.run_id)) == (after,)
    shown = (("scope_path", "root.t"), ("pods", "p q"))
    asked = ListQuery(tuple(Predicate(key, Operation.EQUALS, value) for key, value in shown))
    assert database.read(lambda tx: list_tasks(tx, run.run_id, asked)).items == (after,)
    database.close()


def test_ticks_of_before_that_have_no_run_are_kept_of_backfills(empty_url: str, clock: FakeClock) -> None:
    """0037 removes those that a stopped backfill left, and those of schedules themselves."""
    old = engine(empty_url)
    connection = _migrated_to("0036", old)
    for backfill_id, state in (("stopped", "STOPPED"), ("running", "RUNNING")):
        connection.exec_driver_sql(f"INSERT INTO backfills VALUES ('{backfill_id}', 's', '', '{state}', 1, 1, 9, 1)")
    for tick, (backfill_id, run_id, at) in enumerate(
        [("stopped", "", 0), ("stopped", "", 5), ("stopped", "r", 5), ("running", "", 0), ("", "", 5), ("", "r", 5)]
    ):
        connection.exec_driver_sql(
            f"INSERT INTO ticks VALUES ('s', {tick}, '{backfill_id}', '', '{run_id}', {at}, NULL)"
        )
    connection.commit()
    connection.close()
    old.dispose()
    Database.open(empty_url, clock).close()
    assert [row[0] for row in _select(empty_url, "SELECT tick FROM ticks ORDER BY tick")] == [1, 2, 3, 5]


def test_the_current_revision_is_the_newest() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [schema.CURRENT]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_new_database_is_made_without_alembic(empty_url: str) -> None:
    assert not _opening_imports_alembic(empty_url)


def test_a_current_database_is_opened_without_alembic(url: str, clock: FakeClock) -> None:
    Database.open(url, clock).close()
    assert not _opening_imports_alembic(url)


def test_opening_again_keeps_the_rows(empty_url: str, clock: FakeClock) -> None:
    for _ in range(2):
        Database.open(empty_url, clock).close()
    assert len(_rows(empty_url, "schema_version")) == 1
    assert len(_rows(empty_url, "sequences")) == 1


def test_a_lost_version_row_is_mended(empty_url: str, clock: FakeClock) -> None:
    Database.open(empty_url, clock).close()
    _execute(empty_url, "DELETE FROM schema_version")
    Database.open(empty_url, clock).close()
    assert [row[0] for row in _rows(empty_url, "schema_version")] == [schema.CURRENT]


def test_a_database_of_a_newer_version_is_refused(empty_url: str, clock: FakeClock) -> None:
    Database.open(empty_url, clock).close()
    _execute(empty_url, "UPDATE schema_version SET revision = '9999'")
    _execute(empty_url, f"UPDATE {schema.BOOKKEEPING} SET version_num = '9999'")
    with pytest.raises(FailedPrecondition, match="newer Headrace"):
        Database.open(empty_url, clock)


def test_tables_of_another_program_are_left_alone(empty_url: str, clock: FakeClock) -> None:
    _execute(empty_url, "CREATE TABLE runs (id INTEGER)")
    with pytest.raises(FailedPrecondition, match="another program: runs"):
        Database.open(empty_url, clock)
    assert _rows(empty_url, "runs") == []


@pytest.mark.parametrize("kind", ["mariadb"])
def test_a_migration_that_was_killed_half_way_is_finished(empty_url: str, clock: FakeClock) -> None:
    """Only there is a table made for good before the migration is."""
    Database.open(empty_url, clock).close()
    _execute(empty_url, "DELETE FROM schema_version")
    _execute(empty_url, f"DELETE FROM {schema.BOOKKEEPING}")
    _execute(empty_url, "DROP TABLE tasks")
    _execute(empty_url, "DROP INDEX runs_state ON runs")
    Database.open(empty_url, clock).close()
    assert _differences(empty_url) == []


@pytest.mark.parametrize("kind", ["mariadb"])
def test_every_table_compares_texts_byte_by_byte(empty_url: str, clock: FakeClock) -> None:
    """The other databases do so by themselves."""
    Database.open(empty_url, clock).close()
    query = "SELECT DISTINCT table_collation FROM information_schema.tables WHERE table_schema = DATABASE()"
    assert _select(empty_url, f"{query} AND table_name <> '{schema.BOOKKEEPING}'") == [("utf8mb4_nopad_bin",)]


def test_two_processes_may_open_a_new_database_at_once(empty_url: str) -> None:
    code = (
        "import sys; from headrace.base.clock import SystemClock; from headrace.store.db import Database;"
        "Database.open(sys.argv[1], SystemClock()).close()"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, empty_url]) for _ in range(2)]
    assert [child.wait() for child in children] == [0, 0]


def _bytes(column: Column[Any]) -> int:
    """The most that a value may take on MySQL."""
    length = getattr(column.type, "length", None)
    return 8 if length is None else length if isinstance(column.type, LargeBinary) else 4 * length


def _opening_imports_alembic(url: str) -> bool:
    code = (
        "import sys; from headrace.base.clock import SystemClock; from headrace.store.db import Database;"
        "Database.open(sys.argv[1], SystemClock()).close();"
        "print(any(name.split('.')[0] in ('alembic', 'mako') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    return {"True": True, "False": False}[done.stdout.strip()]


def _migrated_to(revision: str, empty: Engine) -> Connection:
    """An older schema, as it was released."""
    config = Config(attributes={"connection": (connection := empty.connect())})
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)
    return connection


def _migrate(url: str) -> None:
    """As Alembic does it, one migration after the other."""
    with engine(url).begin() as connection:
        schema.migrate(connection)
    connection.engine.dispose()


def _versions(url: str) -> list[object]:
    """The revision as Headrace, and as Alembic takes it."""
    (ours,), (alembics,) = _rows(url, "schema_version"), _rows(url, schema.BOOKKEEPING)
    return [ours[0], alembics[0]]


def _indexes_of_runs(path: Path) -> list[str]:
    """In their order, which SQLite goes by between those that it holds to cost the same."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA index_list(runs)")]


def _statements(path: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {" ".join(sql.replace('"', "").split()) for (sql,) in rows}


def _differences(url: str) -> list[Any]:
    """Between the database and the tables. MySQL says LONGTEXT for a text of that length."""

    def other_type(_context: object, _in: object, _of: object, there: Any, wanted: Any) -> bool | None:
        return False if str(there) == "LONGTEXT" and isinstance(wanted, Text) else None

    with engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": other_type})
        found = compare_metadata(context, tables.metadata)
    connection.engine.dispose()
    return list(found)


def _rows(url: str, table: str) -> list[tuple[object, ...]]:
    return _select(url, f"SELECT * FROM {table}")


def _select(url: str, query: str) -> list[tuple[object, ...]]:
    with engine(url).connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    connection.engine.dispose()
    return rows


def _execute(url: str, statement: str) -> None:
    with engine(url).begin() as connection:
        connection.execute(text(statement))
    connection.engine.dispose()
