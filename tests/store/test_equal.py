"""Which of equal steps is executed, and who is woken when it has ended; what a migration keeps of it."""

from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text
from tests.databases import engine
from tests.store.build import a_run, a_task, do, make_run

from headrace.base.clock import Instant
from headrace.engine.decision import TaskAdded, TaskMoved
from headrace.model.event import TaskReady, WaitEnded
from headrace.model.run import Run
from headrace.model.state import State
from headrace.store import cache, equal, runs, schema, tables
from headrace.store.db import Database
from headrace.store.equal import Executed
from headrace.testing.clock import FakeClock

AT = Instant(20)


def reach(database: Database, run: Run, *paths: str, fingerprint: str = "f") -> None:
    """Steps of that fingerprint, in PENDING."""
    added = [TaskAdded(replace(a_task(run, path), fingerprint=fingerprint)) for path in paths]
    do(database, lambda tx: runs.write(tx, run, 0, (TaskReady(paths[0], AT),), added))


def last(database: Database) -> Executed | None:
    return do(database, lambda tx: equal.executed_for(tx, "", "f"))


def test_the_step_that_was_told_last_is_known_with_its_state(database: Database) -> None:
    assert last(database) is None
    run = make_run(database)
    parts = {"image": "x", "inputs": {"n": 1}}
    do(database, lambda tx: equal.execute(tx, "", "f", parts, run.run_id, "root.a", again=False))
    assert last(database) == Executed(run.run_id, "root.a", None)
    reach(database, run, "root.a")
    assert last(database) == Executed(run.run_id, "root.a", State.PENDING)
    move = TaskMoved("root.a", AT, State.SUCCEEDED)
    do(database, lambda tx: runs.write(tx, run, 1, (TaskReady("root.a", AT),), (move,)))
    assert last(database) == Executed(run.run_id, "root.a", State.SUCCEEDED)
    do(database, lambda tx: equal.execute(tx, "", "f", {}, run.run_id, "root.b", again=True))
    assert last(database) == Executed(run.run_id, "root.b", None)
    assert database.read(lambda tx: cache.parts_of(tx, "", "f")) == parts
    assert do(database, lambda tx: equal.executed_for(tx, "other", "f")) is None


def test_each_run_that_waits_is_told_once_and_by_the_first_of_its_steps(database: Database) -> None:
    first, second = make_run(database, a_run("first")), make_run(database, a_run("second"))
    reach(database, first, "root.b", "root.a")
    reach(database, second, "root.c")
    reach(database, make_run(database, a_run("third")), "root.d", fingerprint="g")
    for run in (first, second):
        do(database, lambda tx, run=run: runs.take_inbox(tx, run))
    woken = do(database, lambda tx: equal.wake(tx, "", {"f", "h"}, AT))
    assert sorted(woken) == sorted([first.run_id, second.run_id])
    assert do(database, lambda tx: runs.take_inbox(tx, first)) == [WaitEnded("root.a", AT)]
    assert do(database, lambda tx: runs.take_inbox(tx, second)) == [WaitEnded("root.c", AT)]
    assert do(database, lambda tx: equal.wake(tx, "", (), AT)) == ()


@pytest.mark.parametrize("killed_at", ["", "DROP TABLE fingerprints"])
def test_a_migration_keeps_what_fingerprints_were_made_of(empty_url: str, killed_at: str) -> None:
    """Also where it was killed after it had put the old table aside."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    raw = engine(empty_url)
    with raw.begin() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "0002")
        tx.execute(text("INSERT INTO fingerprints (namespace, fingerprint, parts) VALUES ('', 'f', '{}')"))
        if killed_at:
            tx.execute(text("CREATE TABLE fingerprints_before AS SELECT * FROM fingerprints"))
            tx.execute(text(killed_at))
    raw.dispose()
    database = Database.open(empty_url, FakeClock())
    kept = database.read(lambda tx: tx.execute(select(tables.fingerprints)).all())
    assert [tuple(row) for row in kept] == [("", "f", "", "", "{}")]
    database.close()
