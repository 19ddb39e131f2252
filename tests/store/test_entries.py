"""What the cache holds: which executions are listed, and that those that were dropped are never found again."""

from dataclasses import replace

import pytest
from tests.store.build import a_run, a_task, an_artifact, do, make_run

from headrace.base.clock import Instant
from headrace.engine.decision import RunMoved, TaskAdded, TaskMoved
from headrace.model.artifact import Bindings
from headrace.model.event import TaskReady
from headrace.model.listing import ListQuery, Page
from headrace.model.state import State
from headrace.store import cache, entries, query, runs, upkeep
from headrace.store.db import Database, Tx
from headrace.store.entries import Which
from headrace.store.views import Entry

F, G = "sha256:f0", "sha256:g0"


def execute(database: Database, name: str, at: int, *, path: str = "root.t", fingerprint: str = F, of: str = "") -> str:
    """A run whose task succeeded, or took the outputs of the task `of`; gives the task's id."""
    run = make_run(database, a_run(name, at=at))
    task = replace(a_task(run, path), fingerprint=fingerprint)
    outputs = Bindings({"Output": name}, {"d": (an_artifact(name),)})
    state = State.CACHED if of else State.SUCCEEDED
    move = TaskMoved(path, Instant(at), state, outputs=outputs, cached_from=of)
    changes = (TaskAdded(task), move, RunMoved(Instant(at), State.SUCCEEDED))
    do(database, lambda tx: runs.write(tx, run, 0, (TaskReady(path, Instant(at)),), changes))
    return task.task_id


def listed(database: Database, which: Which, size: int = 20) -> Page[Entry]:
    asked = ListQuery((), "created_at", True, size, None)
    return database.read(lambda tx: entries.list_entries(tx, "", asked, which))


def hit(database: Database, fingerprint: str = F) -> str | None:
    found = database.read(lambda tx: cache.find_cached(tx, "", fingerprint))
    return found.task_id if found is not None else None


def drop(database: Database, which: Which, *, dry_run: bool = False) -> list[str]:
    return do(database, lambda tx: entries.drop(tx, "", which, dry_run=dry_run))


def test_an_entry_is_an_execution_with_how_often_it_was_taken(database: Database) -> None:
    first = execute(database, "first", 10)
    execute(database, "second", 20, of=first)
    other = execute(database, "other", 30, path="root.u", fingerprint=G)
    page = listed(database, Which())
    assert [(each.task_id, each.taken, each.size, each.path) for each in page.items] == [
        (other, 0, 12, "root.u"),
        (first, 1, 12, "root.t"),
    ]
    assert (page.total, page.items[1].run_id, page.items[1].ended_at) == (2, a_run("first", at=10).run_id, 10)
    assert listed(database, Which(), 1).next is not None
    assert hit(database) == first


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (Which(fingerprint="f"), 1),
        (Which(fingerprint="sha256:g"), 1),
        (Which(fingerprint="%"), 0),
        (Which(pipeline="demo"), 2),
        (Which(pipeline="other"), 0),
        (Which(task="u"), 1),
        (Which(task="root.u", fingerprint="f"), 0),
        (Which(run=a_run("second", at=20).run_id), 1),
        (Which(run="unknown"), 0),
        (Which(before=Instant(10)), 1),
        (Which(before=Instant(9)), 0),
    ],
)
def test_entries_are_narrowed_by_all_that_is_given(database: Database, which: Which, count: int) -> None:
    first = execute(database, "first", 10)
    execute(database, "second", 20, of=first)
    execute(database, "other", 30, path="root.u", fingerprint=G)
    assert len(listed(database, which).items) == count
    assert len(drop(database, which, dry_run=True)) == count
    assert listed(database, Which()).total == 2


def test_what_is_dropped_is_never_found_again_also_where_it_was_passed_on(database: Database) -> None:
    first = execute(database, "first", 10)
    execute(database, "second", 20, of=first)
    assert drop(database, Which(run=a_run("second", at=20).run_id)) == [F]
    assert hit(database) is None
    assert listed(database, Which()).total == 0
    execute(database, "late", 30, of=first)  # it was answered while the entry was being dropped
    assert hit(database) is None
    assert drop(database, Which()) == []
    again = execute(database, "again", 40)
    assert hit(database) == again
    assert [each.task_id for each in listed(database, Which()).items] == [again]
    assert len(database.read(lambda tx: query.get_tasks(tx, a_run("first", at=10).run_id))) == 1


def test_what_outlives_its_origin_is_an_entry_itself(database: Database) -> None:
    first = execute(database, "first", 10)
    taken = execute(database, "second", 20, of=first)
    do(database, lambda tx: upkeep.delete_run(tx, a_run("first", at=10).run_id, Instant(30)))
    assert [each.task_id for each in listed(database, Which()).items] == [taken]
    assert hit(database) == first
    assert drop(database, Which(task="t")) == [F]
    assert hit(database) is None


def test_another_namespace_has_entries_of_its_own(database: Database) -> None:
    execute(database, "first", 10)

    def other(tx: Tx) -> int:
        return entries.list_entries(tx, "other", ListQuery((), "created_at", True, 20, None), Which()).total

    assert database.read(other) == 0
    assert do(database, lambda tx: entries.drop(tx, "other", Which(), dry_run=False)) == []
    assert hit(database) is not None
