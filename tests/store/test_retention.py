"""What retention lets go, on every database: rows, bytes and logs, and what it never touches."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from tests.store.build import a_run, a_task, an_artifact, an_attempt, do, make_experiment, make_run

from headrace.base.clock import SECOND, Instant
from headrace.base.errors import NotFound, Unavailable
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.controllers.faults import Fault
from headrace.controllers.pruner import Pruner, Went
from headrace.engine.decision import AttemptAdded, Change, RunMoved, TaskAdded, TaskMoved
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import RetryRequested, TaskReady
from headrace.model.retention import FOREVER, Retention
from headrace.model.run import Resume, Run
from headrace.model.state import State
from headrace.store import cache, catalog, equal, keys, leases, retention, runs, upkeep
from headrace.store import tables as t
from headrace.store.db import Database, Tx
from headrace.testing.clock import FakeClock

DAY = 86_400 * SECOND
NOW = Instant(100 * DAY)


class World:
    """A database, a store, attempts' folders, and a pruner over them, at day 100."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self.home = Home(root)
        self.blobs = FolderStore(self.home.store)

    def pruner(self, **parts: int) -> Pruner:
        kept = Retention(**{name: days if days == FOREVER else days * DAY for name, days in parts.items()})
        return Pruner(self.database, self.blobs, self.home, kept, FakeClock(NOW), "me", settle_seconds=0)

    def prune(self, **parts: int) -> Went:
        """What went, which is what a dry run said before."""

        async def both() -> tuple[Went, Went]:
            pruner = self.pruner(**parts)
            return (await pruner.dry_run())[0], await pruner.run()

        said, went = asyncio.run(both())
        assert went == said
        return went

    def run(
        self,
        name: str,
        day: int,
        made: Artifact | None = None,
        *,
        experiment_id: str = "",
        origin: Run | None = None,
        resume: Resume | None = None,
        state: State = State.SUCCEEDED,
    ) -> Run:
        """A run whose one step ended on that day, gave the artifact, and has a log; perhaps taken from `origin`."""
        at = Instant(day * DAY)
        run = make_run(self.database, replace(a_run(name, at=at, experiment_id=experiment_id), resume=resume))
        outputs = Bindings({}, {"d": (made or self.artifact(run),)})
        task = replace(a_task(run, "root.t", at=at), fingerprint=f"f-{origin.name if origin else name}")
        attempt = an_attempt(run, "root.t", at=at)
        taken = a_task(origin, "root.t").task_id if origin else ""
        changes: list[Change] = [
            TaskAdded(replace(task, cached_from=taken)),
            TaskMoved("root.t", at, State.CACHED if origin else State.SUCCEEDED, outputs=outputs),
            AttemptAdded(attempt),
            RunMoved(at, state),
        ]
        do(self.database, lambda tx: runs.take_inbox(tx, run))
        do(self.database, lambda tx: runs.write(tx, run, 0, (TaskReady("root.t", at),), changes))
        log = self.home.log(attempt.attempt_id)
        log.parent.mkdir(parents=True)
        log.write_text("printed\n")
        return run

    def artifact(self, run: Run, name: str = "d") -> Artifact:
        """One in the run's own folder, with its bytes."""
        uri = f"minio://mlpipeline/v2/artifacts/demo/{run.run_id}/t/1/{name}"
        self.blobs.write(uri, b"twelve bytes")
        made = an_artifact(f"{run.run_id}/{name}")
        return replace(made, uri=uri, created_at=Instant(run.created_at))

    def multiply(self, run: Run, count: int) -> None:
        """More runs like that one, in rows alone, each with a task of its own."""

        def unit(tx: Tx) -> None:
            row = tx.execute(select(t.runs).where(t.runs.c.run_key == run.key)).one()._mapping
            task = tx.execute(select(t.tasks).where(t.tasks.c.run_key == run.key)).one()._mapping
            names = [f"{run.run_id}-{number}" for number in range(count)]
            keyed = list(zip(keys.take(tx, count), names, strict=True))
            tx.execute(insert(t.runs), [{**row, "run_key": key, "run_id": name} for key, name in keyed])
            own = [{**task, "run_key": key, "task_key": key, "task_id": name} for key, name in keyed]
            tx.execute(insert(t.tasks), own)

        do(self.database, unit)

    def names(self) -> set[str]:
        return set(self.database.read(lambda tx: tx.execute(select(t.runs.c.name)).scalars().all()))

    def logs(self) -> int:
        return sum(1 for _ in self.home.attempts.iterdir())

    def rows(self, table: str) -> int:
        which = t.metadata.tables[table]
        return self.database.read(lambda tx: tx.execute(select(func.count()).select_from(which)).scalar_one())


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path / "home")


def test_nothing_goes_unless_it_is_said(world: World) -> None:
    world.run("old", 1)
    assert world.prune() == Went()
    assert world.prune(runs=FOREVER, logs=FOREVER) == Went()
    assert world.names() == {"old"}


def test_a_run_goes_with_all_that_only_it_has(world: World) -> None:
    old, new = world.run("old", 1), world.run("new", 99)
    went = world.prune(runs=30)
    assert (went.runs, went.tasks, went.logs, went.artifacts, went.artifact_bytes, went.uncached) == (1, 1, 1, 1, 12, 1)
    assert world.names() == {"new"}
    assert not world.blobs.local_path(f"minio://mlpipeline/v2/artifacts/demo/{old.run_id}").exists()
    assert world.blobs.exists(f"minio://mlpipeline/v2/artifacts/demo/{new.run_id}/t/1/d")
    assert world.logs() == 1
    for table in ("runs", "tasks", "artifacts", "artifact_tasks", "attempts", "plans"):
        assert world.rows(table) == 1, table
    assert world.rows("removals") == world.rows("inbox") == 0
    assert world.prune(runs=30) == Went()
    assert world.prune(runs=0).runs == 1
    left = [table for table in t.metadata.tables if world.rows(table)]
    assert sorted(left) == ["schema_version", "sequences"]


def test_a_cached_run_keeps_the_artifacts_of_the_run_that_made_them(world: World) -> None:
    origin = world.run("origin", 1)
    made = world.artifact(origin)
    world.run("cached", 99, made, origin=origin)
    went = world.prune(runs=30)
    assert (went.runs, went.artifacts, went.artifact_bytes, went.uncached) == (1, 0, 0, 0)
    assert world.names() == {"cached"}
    hit = world.database.read(lambda tx: cache.find_cached(tx, "", "f-origin"))
    assert hit is not None
    assert hit.outputs.artifacts["d"] == (made,)
    assert world.blobs.is_intact(replace(made, created_at=Instant(2**60)))
    assert world.prune(runs=0).artifact_bytes == 12
    assert world.rows("artifacts") == 0


def test_artifacts_may_go_before_their_runs(world: World) -> None:
    shared = world.run("shared", 1)
    made = world.artifact(shared)
    world.run("young", 99, made, origin=shared)
    alone = world.run("alone", 1)
    went = world.prune(artifacts=30)
    assert (went.runs, went.artifacts, went.artifact_bytes, went.uncached) == (0, 1, 12, 1)
    assert world.names() == {"shared", "young", "alone"}
    assert world.database.read(lambda tx: cache.find_cached(tx, "", "f-alone")) is None
    assert world.database.read(lambda tx: cache.find_cached(tx, "", "f-shared")) is not None
    assert world.database.read(lambda tx: runs.load_run(tx, alone.run_id)).tasks[0].outputs.artifacts["d"]
    assert world.prune(artifacts=30) == Went()
    assert world.prune(artifacts=30, runs=30).runs == 2
    assert world.rows("artifacts") == 1
    assert world.rows("removals") == world.rows("cache_drops") == 0


def test_bytes_that_another_artifact_names_stay_and_so_do_those_of_others(world: World) -> None:
    old = world.run("old", 1)
    same = replace(world.artifact(old), artifact_id="another")
    young = world.run("young", 99, same)
    world.blobs.write("minio://mine/data.csv", b"precious")
    imported = replace(an_artifact("imported"), uri="minio://mine/data.csv")
    world.run("imports", 1, imported)
    assert world.prune(runs=30).artifact_bytes == 0
    assert world.names() == {"young"}
    assert world.blobs.exists(same.uri)
    assert world.blobs.read("minio://mine/data.csv") == b"precious"
    do(world.database, lambda tx: upkeep.delete_run(tx, young.run_id, NOW))
    assert world.prune(artifacts=0).artifacts == 1
    assert world.rows("artifacts") == 0


def test_logs_go_alone_and_those_of_deleted_runs_too(world: World) -> None:
    world.run("old", 1)
    deleted = world.run("deleted", 99)
    world.run("young", 99)
    do(world.database, lambda tx: upkeep.delete_run(tx, deleted.run_id, NOW))
    went = world.prune(logs=30)
    assert (went.runs, went.logs) == (0, 2)
    assert went.log_bytes > 0
    assert world.logs() == 1
    assert world.rows("attempts") == 2


def test_what_was_executed_long_ago_is_not_taken_any_more(world: World) -> None:
    world.run("old", 1)
    world.run("young", 99)
    assert world.prune(cache=30) == Went(uncached=1)
    assert world.database.read(lambda tx: cache.find_cached(tx, "", "f-old")) is None
    assert world.database.read(lambda tx: cache.find_cached(tx, "", "f-young")) is not None
    assert world.prune(cache=30) == Went()
    assert world.prune(runs=30).runs == 1
    assert world.rows("cache_drops") == 0


def test_what_runs_is_pinned_resumed_from_or_has_mail_is_never_touched(world: World) -> None:
    world.run("runs", 1, state=State.RUNNING)
    pinned = world.run("pinned", 1)
    mail = world.run("mail", 1, state=State.FAILED)
    source = world.run("source", 1)
    resumed = world.run("resumed", 99, resume=Resume(source.run_id, ("root.t",)))
    do(world.database, lambda tx: retention.pin(tx, pinned.run_id))
    do(world.database, lambda tx: runs.post(tx, mail.run_id, RetryRequested(NOW)))
    assert world.database.read(lambda tx: retention.pinned(tx, "")) == [pinned.run_id]
    assert world.prune(runs=30, logs=30, artifacts=30, cache=30) == Went()
    do(world.database, lambda tx: retention.unpin(tx, pinned.run_id))
    do(world.database, lambda tx: upkeep.delete_run(tx, resumed.run_id, NOW))
    assert world.prune(runs=30).runs == 2
    assert world.names() == {"runs", "mail"}


def test_an_experiment_says_otherwise_until_it_is_deleted(world: World) -> None:
    keeps, lets = (make_experiment(world.database, name) for name in ("keeps", "lets"))
    world.run("kept", 1, experiment_id=keeps.experiment_id)
    world.run("gone", 90, experiment_id=lets.experiment_id)
    world.run("archived", 90, experiment_id=keeps.experiment_id)
    do(world.database, lambda tx: retention.put(tx, keeps.experiment_id, Retention(runs=FOREVER)))
    do(world.database, lambda tx: retention.put(tx, lets.experiment_id, Retention(runs=5 * DAY)))
    assert world.database.read(lambda tx: retention.get(tx, lets.experiment_id)) == Retention(runs=5 * DAY)
    assert world.prune(runs=30).runs == 1
    assert world.names() == {"kept", "archived"}
    do(world.database, lambda tx: upkeep.archive_run(tx, a_run("archived", at=90 * DAY).run_id))
    assert world.prune(archived_runs=5).runs == 1
    do(world.database, lambda tx: catalog.delete_experiment(tx, keeps.experiment_id))
    assert world.prune(runs=30).runs == 1
    with pytest.raises(NotFound):
        do(world.database, lambda tx: retention.put(tx, keeps.experiment_id, Retention()))


def test_a_pass_that_is_killed_is_finished_by_the_next(world: World) -> None:
    old = world.run("old", 1)
    world.run("alone", 1, world.artifact(old, "second"))

    class Killed(BaseException):
        pass

    def kill(fault: Fault) -> None:
        raise Killed(fault)

    pruner = replace(world.pruner(runs=30), faults=kill)
    with pytest.raises(Killed):
        asyncio.run(pruner.run())
    assert world.names() == set()
    assert world.rows("removals") == 4, "two artifacts and two folders"
    went = world.prune(runs=30)
    assert (went.runs, went.artifacts, went.logs) == (0, 2, 2)
    assert world.rows("removals") == world.rows("artifacts") == 0
    assert world.logs() == 0


def test_what_cannot_be_removed_holds_up_nothing_else_and_is_tried_again(world: World) -> None:
    stuck, fine = world.run("stuck", 1), world.run("fine", 1)

    class Refusing(FolderStore):
        """As a disk that is mounted read-only for a while."""

        def delete(self, uri: str) -> None:
            if stuck.run_id in uri:
                raise Unavailable("the disk refused", where=uri)
            super().delete(uri)

    went = asyncio.run(replace(world.pruner(runs=30), blobs=Refusing(world.home.store)).run())
    assert (went.runs, went.artifacts, went.artifact_bytes, went.logs) == (2, 1, 12, 2)
    assert not world.blobs.local_path(f"minio://mlpipeline/v2/artifacts/demo/{fine.run_id}").exists()
    assert world.rows("removals") == 2, "the artifact, and the folder that it is in"
    assert world.prune(runs=30) == Went(artifacts=1, artifact_bytes=12)
    assert world.rows("removals") == 0


def test_ticks_and_fingerprints_go_with_their_runs(world: World) -> None:
    old = world.run("old", 1)
    do(world.database, lambda tx: equal.execute(tx, "", "f-old", {}, old.run_id, "root.t", again=False))
    tick = {"recurring_run_id": "s", "tick": 1, "backfill_id": "", "namespace": "", "run_id": old.run_id, "at": 1}
    do(world.database, lambda tx: tx.execute(insert(t.ticks), tick))
    do(world.database, lambda tx: tx.execute(insert(t.ticks), {**tick, "tick": 2, "run_id": "another"}))
    assert world.prune(runs=30).runs == 1
    assert (world.rows("ticks"), world.rows("fingerprints")) == (1, 0)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_ten_thousand_runs_go_while_another_one_goes_on(world: World) -> None:
    old = world.run("old", 1, state=State.FAILED)
    world.multiply(old, 10_000)
    live = world.run("live", 99, state=State.RUNNING)
    seen: set[int] = set()

    def turn(number: int) -> Callable[[Tx], int]:
        def unit(tx: Tx) -> int:
            runs.write(tx, live, number, (TaskReady("root.t", NOW),), (RunMoved(NOW, State.RUNNING),))
            return tx.execute(select(func.count()).select_from(t.runs)).scalar_one()

        return unit

    async def both() -> Went:
        pruning = asyncio.create_task(world.pruner(runs=30).run())
        number = 1
        while not pruning.done():
            seen.add(await asyncio.wrap_future(world.database.submit(turn(number))))
            number += 1
        return pruning.result()

    assert asyncio.run(both()).runs == 10_001
    assert world.names() == {"live"}
    assert len(seen) > 20
    assert world.rows("tasks") == world.rows("artifacts") == 1


def test_of_the_servers_that_stand_one_does_it(database: Database) -> None:
    assert database.read(lambda tx: leases.is_first(tx, "alone"))
    do(database, lambda tx: leases.renew(tx, "b", "host", 600))
    do(database, lambda tx: leases.renew(tx, "c", "host", 600))
    do(database, lambda tx: leases.renew(tx, "a", "host", -600))
    assert [database.read(lambda tx, who=who: leases.is_first(tx, who)) for who in "abc"] == [False, True, False]
