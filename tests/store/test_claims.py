"""Persistent volume claims on every database."""

from dataclasses import replace

import pytest
from tests.store.build import a_run, a_task, do, make_run

from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, NotFound
from headrace.engine.decision import AttemptAdded, AttemptMoved, TaskAdded
from headrace.model.claim import Claim, Mount
from headrace.model.event import TerminateRequested
from headrace.model.run import Run
from headrace.model.task import Attempt, AttemptState
from headrace.store import claims, runs
from headrace.store.db import Database

DATA = Claim(
    uid="1",
    namespace="",
    name="data",
    size="5Gi",
    created_at=Instant(7),
    access_modes=("ReadWriteOnce", "ReadWriteMany"),
    storage_class="fast",
    volume_name="pv",
    annotations={"a/b": "ü"},
    run_id="run",
    task_id="task",
)


def write(database: Database, run: Run, *moved: TaskAdded | AttemptAdded | AttemptMoved) -> None:
    last = database.read(lambda tx: runs.load_run(tx, run.run_id)).last_event
    do(database, lambda tx: runs.write(tx, run, last, (TerminateRequested(Instant(5)),), moved))


def test_a_claim_is_made_once_and_its_name_is_free_when_it_is_deleted(database: Database) -> None:
    assert do(database, lambda tx: claims.create(tx, DATA)) == DATA
    assert database.read(lambda tx: claims.find(tx, "", "data")) == DATA
    assert database.read(lambda tx: claims.find(tx, "other", "data")) is None
    assert do(database, lambda tx: claims.create(tx, DATA)) == DATA, "the same attempt again"
    with pytest.raises(AlreadyExists, match="persistentvolumeclaims 'data' already exists"):
        do(database, lambda tx: claims.create(tx, replace(DATA, uid="2")))
    do(database, lambda tx: claims.create(tx, replace(DATA, uid="3", namespace="other")))
    do(database, lambda tx: claims.create(tx, replace(DATA, uid="4", name="a")))
    assert [each.name for each in database.read(lambda tx: claims.listed(tx, ""))] == ["a", "data"]

    assert do(database, lambda tx: claims.remove(tx, "", "data", "attempt")).uid == "1"
    assert do(database, lambda tx: claims.remove(tx, "", "data", "attempt")).uid == "1", "the same attempt again"
    with pytest.raises(NotFound, match="persistentvolumeclaims 'data' not found"):
        do(database, lambda tx: claims.remove(tx, "", "data", "another"))
    assert [each.name for each in database.read(lambda tx: claims.listed(tx, ""))] == ["a"]
    do(database, lambda tx: claims.create(tx, replace(DATA, uid="2")))
    do(database, lambda tx: claims.remove(tx, "", "data"))
    assert database.read(lambda tx: claims.known(tx, ["1", "2", "3", "9"])) == {"1", "2", "3"}
    assert sorted(database.read(claims.unused)) == ["1", "2"], "two deleted ones of the same name"
    do(database, lambda tx: claims.forget(tx, ["1", "2", "3"]))
    assert database.read(lambda tx: claims.known(tx, ["1", "2", "3"])) == {"3"}, "one that is not deleted stays"


def test_the_bytes_of_a_deleted_claim_are_used_while_an_attempt_is_under_way(database: Database) -> None:
    run = make_run(database, a_run())
    user = Attempt("user", "root.a", 1, created_at=Instant(10))
    deleter = Attempt("deleter", "root.b", 1, created_at=Instant(10))
    added = TaskAdded(a_task(run, "root.a")), TaskAdded(a_task(run, "root.b"))
    write(database, run, *added, AttemptAdded(user), AttemptAdded(deleter))
    do(database, lambda tx: claims.create(tx, DATA))
    assert database.read(lambda tx: claims.mounts(tx, "1")) == []
    for _ in range(2):
        assert do(database, lambda tx: claims.mount(tx, "", "data", "user")) == DATA
    assert database.read(lambda tx: claims.mounts(tx, "1")) == [Mount("user", run.run_id, run.name, "root.a")]
    with pytest.raises(NotFound):
        do(database, lambda tx: claims.mount(tx, "", "nothing", "user"))

    do(database, lambda tx: claims.remove(tx, "", "data", "deleter"))
    assert database.read(claims.unused) == []
    assert not database.read(claims.mounts_are_over)
    write(database, run, AttemptMoved(replace(user, state=AttemptState.ENDED)))
    assert database.read(lambda tx: claims.mounts(tx, "1")) == []
    assert database.read(claims.mounts_are_over)
    do(database, lambda tx: claims.forget(tx, []))
    assert not database.read(claims.mounts_are_over)
    assert database.read(claims.unused) == [], "who deleted it may be asked again"
    write(database, run, AttemptMoved(replace(deleter, state=AttemptState.ENDED)))
    assert database.read(claims.unused) == ["1"]
    do(database, lambda tx: claims.forget(tx, ["1"]))
    assert database.read(claims.unused) == []
