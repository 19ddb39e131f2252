"""Images that are mapped, on every database: written over, listed, removed; and which sources are still needed."""

from dataclasses import replace

import pytest
from tests.store.build import a_run, a_task, do, make_run

from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.engine.decision import RunMoved, TaskAdded, TaskMoved
from headrace.model.event import TaskReady
from headrace.model.image import MappedImage
from headrace.model.state import State
from headrace.store import images, runs
from headrace.store.db import Database

ONE = MappedImage("x/team:1", "1" * 64, "3.12", ("a==1", "é"), 3, 2**40, Instant(1), Instant(1))


def test_an_image_is_mapped_again_listed_and_unmapped(database: Database) -> None:
    assert do(database, lambda tx: images.put(tx, ONE)) == ONE
    other = replace(ONE, image="X/Team:1 ".strip(), context="2" * 64, python="", requirements=())
    do(database, lambda tx: images.put(tx, other))
    assert database.read(images.listed) == [other, ONE]
    later = replace(ONE, context="3" * 64, created_at=Instant(5), updated_at=Instant(5), size=0)
    again = do(database, lambda tx: images.put(tx, later))
    assert again == replace(later, created_at=Instant(1))
    assert do(database, lambda tx: images.put(tx, later)) == again
    assert database.read(images.contexts) == {"X/Team:1": "2" * 64, "x/team:1": "3" * 64}
    do(database, lambda tx: images.remove(tx, "x/team:1"))
    assert database.read(images.listed) == [other]
    with pytest.raises(NotFound, match="image list"):
        do(database, lambda tx: images.remove(tx, "x/team:1"))


def test_the_longest_name(database: Database) -> None:
    longest = replace(ONE, image="x" * 512)
    do(database, lambda tx: images.put(tx, longest))
    assert database.read(images.listed) == [longest]


def test_sources_are_needed_while_an_image_or_a_task_that_has_not_ended_has_them(database: Database) -> None:
    do(database, lambda tx: images.put(tx, ONE))
    run, ended = make_run(database), make_run(database, a_run("ended"))
    tasks = [
        replace(a_task(run, f"root.{name}", state), sources=name * 64)
        for name, state in (("a", State.PENDING), ("b", State.RUNNING), ("c", State.SUCCEEDED), ("", State.RUNNING))
    ]
    event = TaskReady("root", Instant(2))
    do(database, lambda tx: runs.write(tx, run, 0, (event,), tuple(map(TaskAdded, tasks))))
    added = TaskAdded(replace(a_task(ended, "root.d", State.RUNNING), sources="d" * 64))
    moved = RunMoved(Instant(3), State.CANCELED)
    do(database, lambda tx: runs.write(tx, ended, 0, (event,), (added, moved)))
    assert database.read(images.contexts_in_use) == {"1" * 64, "a" * 64, "b" * 64}
    assert [each.sources for each in database.read(lambda tx: runs.load_run(tx, run.run_id)).tasks] == [
        each.sources for each in tasks
    ]
    gone = TaskMoved("root.a", Instant(4), State.FAILED)
    do(database, lambda tx: runs.write(tx, run, 1, (event,), (gone,)))
    assert database.read(images.contexts_in_use) == {"1" * 64, "b" * 64}
