"""The controllers' loop with a real database and store, and a launcher that a test plays."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.ir import pipeline, shell_task

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import Unavailable
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers import dispatch
from headrace.controllers.app import Controllers, build_controllers
from headrace.controllers.feed import Feed
from headrace.launch.base import LaunchRequest
from headrace.model.event import RunRequested, TerminateRequested
from headrace.model.image import MappedImage
from headrace.model.run import Run
from headrace.model.state import State
from headrace.model.task import attempt_id
from headrace.spec.load import document_from_json
from headrace.spec.plans import Plans
from headrace.store import images, leases, runs, upkeep
from headrace.store.db import Database, Tx
from headrace.testing.clock import FakeClock
from headrace.testing.launcher import ScriptedLauncher

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Place:
    """What outlives a controller: the home, the database, the launcher's attempts."""

    home: Home
    database: Database
    clock: FakeClock
    launcher: ScriptedLauncher
    blobs: FolderStore
    plans: Plans = field(default_factory=Plans)
    feed: Feed = field(default_factory=Feed)
    holder: str = "here"

    def another(self, name: str) -> "Place":
        """Another server's place: the database and the store are shared, the home and its attempts are not."""
        home = Home(self.home.root.with_name(name))
        return Place(home, self.database, self.clock, ScriptedLauncher(self.clock), self.blobs, holder=name)

    @asynccontextmanager
    async def controllers(self, slots: int = 2, kind: str = "process") -> AsyncIterator[Controllers]:
        built = build_controllers(
            database=self.database,
            blobs=self.blobs,
            plans=self.plans,
            launcher=self.launcher,
            settings=Settings(slots=slots, launcher=kind),
            home=self.home,
            clock=self.clock,
            feed=self.feed,
            holder=self.holder,
        )
        await built.start()
        try:
            yield built
        finally:
            await built.stop()

    def create(self, spec: dict[str, Any], *, root: str = "minio://mlpipeline/v2/artifacts") -> str:
        """A run of the pipeline, put where the API puts it."""
        document = document_from_json(spec)
        now = self.clock.now()
        run = Run(
            run_id=ids.fresh(),
            key=0,
            name="a run",
            namespace="",
            experiment_id="",
            plan_id=document.plan_id,
            pipeline_name="by-hand",
            created_at=now,
            scheduled_at=now,
            pipeline_root=root,
        )
        requested = RunRequested(now)
        made = self.database.submit(lambda tx: runs.create_run(tx, run, document.as_json(), requested))
        return made.result().run_id

    def rows(self, run_id: str) -> runs.RunRows:
        return self.database.read(lambda tx: runs.load_run(tx, run_id))

    async def ended(self, run_id: str) -> runs.RunRows:
        """The run's rows once it has ended; follows the feed, as a browser does."""
        while True:
            watched = self.feed.watch(run_id)
            rows = await asyncio.to_thread(self.rows, run_id)
            if rows.run.state.ended:
                self.feed.unwatch(run_id, watched)
                return rows
            await asyncio.wait_for(watched, 120)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the loop turn until it is so."""
        async with asyncio.timeout(120):
            while not condition():
                await asyncio.sleep(0)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FakeClock(tick=1)
    home = Home(tmp_path)
    database = Database.open(f"sqlite:///{home.database}", clock, durable=False)
    yield Place(home, database, clock, ScriptedLauncher(clock), FolderStore(home.store))
    database.close()


@pytest.mark.parametrize(("kind", "sources"), [("process", "d" * 64), ("container", "")])
async def test_sources_stand_for_images_where_steps_are_processes(place: Place, kind: str, sources: str) -> None:
    mapped = MappedImage("*", "d" * 64, "", (), 0, 0, Instant(1), Instant(1))
    place.database.submit(lambda tx: images.put(tx, mapped)).result()
    async with place.controllers(kind=kind) as controllers:
        run_id = place.create(pipeline(shell_task("a", "true")))
        controllers.wake(run_id)
        rows = await place.ended(run_id)
    assert [task.sources for task in rows.tasks if task.path == "root.a"] == [sources]


def running(_request: LaunchRequest) -> int | None:
    """A script under which steps run until the test ends them."""
    return None


async def test_a_run_goes_to_its_end(place: Place) -> None:
    run_id = place.create(pipeline(shell_task("a", "true"), shell_task("b", "true", after=["a"])))
    async with place.controllers() as controllers:
        rows = await place.ended(run_id)
        await place.until(lambda: controllers.live_runs == 0)
    assert rows.run.state is State.SUCCEEDED
    assert [task.path for task in rows.tasks] == ["root", "root.a", "root.b"]


async def test_no_more_steps_run_than_there_are_slots(place: Place) -> None:
    place.launcher.script = running
    place.create(pipeline(*(shell_task(f"t{number}", "true") for number in range(5))))
    async with place.controllers(slots=2) as controllers:
        await place.until(lambda: len(place.launcher.claimed) == 2)
        assert (controllers.running_steps, controllers.queued_steps) == (2, 3)
        place.launcher.end(next(iter(place.launcher.claimed)), 0)
        await place.until(lambda: len(place.launcher.claimed) == 3)
        assert controllers.running_steps == 2


async def test_an_attempt_that_the_launcher_holds_up_lets_others_pass(place: Place) -> None:
    busy = {"held", "held-too"}
    place.launcher.script = running
    place.launcher.busy = lambda request: "for what others have" if request.labels["task"] in busy else ""
    names = ("held", "held-too", "passes", "passes-too")
    run_id = place.create(pipeline(*(shell_task(name, "true") for name in names)))

    def launched() -> list[str]:
        return [request.labels["task"] for request in place.launcher.claimed.values()]

    async with place.controllers(slots=2) as controllers:
        await place.until(lambda: len(launched()) == 2)
        assert launched() == ["passes", "passes-too"]
        assert (controllers.running_steps, controllers.queued_steps) == (2, 2)
        assert controllers.waits_for(attempt_id(run_id, "root.held", 1)) == "for what others have"
        assert controllers.waits_for(attempt_id(run_id, "root.passes", 1)) == ""
        busy.remove("held")
        place.launcher.end(attempt_id(run_id, "root.passes", 1), 0)
        await place.until(lambda: len(launched()) == 3)
        assert launched()[-1] == "held"
        assert controllers.waits_for(attempt_id(run_id, "root.held", 1)) == ""
        now = place.clock.now()
        place.database.submit(lambda tx: runs.post(tx, run_id, TerminateRequested(now))).result()
        controllers.wake(run_id)
        rows = await place.ended(run_id)
    assert {task.path: task.state for task in rows.tasks}["root.held-too"] is State.CANCELED
    assert controllers.queued_steps == 0


async def test_what_came_free_unseen_is_looked_for_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_LOOK_AGAIN_SECONDS", 0.001)
    tries: list[str] = []

    def busy(request: LaunchRequest) -> str:
        tries.append(request.path)
        return "" if len(tries) > 3 else "for what others have"

    place.launcher.busy = busy
    run_id = place.create(pipeline(shell_task("a", "true")))
    async with place.controllers():
        rows = await place.ended(run_id)
    assert rows.run.state is State.SUCCEEDED
    assert len(tries) == 4


async def test_a_restart_adopts_what_runs_and_launches_nothing_twice(place: Place) -> None:
    place.launcher.script = running
    run_id = place.create(pipeline(shell_task("a", "true"), shell_task("b", "true", after=["a"])))
    async with place.controllers():
        await place.until(lambda: len(place.launcher.claimed) == 1)
    (attempt,) = place.launcher.claimed
    place.launcher.end(attempt, 0)
    place.launcher.script = lambda _request: 0
    async with place.controllers():
        rows = await place.ended(run_id)
    assert rows.run.state is State.SUCCEEDED
    assert [len(task.attempts) for task in rows.tasks] == [0, 1, 1]


async def test_terminate_kills_what_runs_and_what_waits(place: Place) -> None:
    place.launcher.script = running
    run_id = place.create(pipeline(*(shell_task(f"t{number}", "true") for number in range(3))))
    async with place.controllers(slots=1) as controllers:
        await place.until(lambda: len(place.launcher.claimed) == 1)
        now = place.clock.now()
        place.database.submit(lambda tx: runs.post(tx, run_id, TerminateRequested(now))).result()
        controllers.wake(run_id)
        rows = await place.ended(run_id)
    assert rows.run.state is State.CANCELED
    assert len(place.launcher.kills) == 3
    assert {task.state for task in rows.tasks} == {State.CANCELED}


async def test_a_run_that_is_deleted_while_it_runs_is_killed_and_leaves_no_rows(place: Place) -> None:
    place.launcher.script = running
    run_id = place.create(pipeline(shell_task("only", "true")))
    async with place.controllers() as controllers:
        await place.until(lambda: len(place.launcher.claimed) == 1)
        watched = place.feed.watch(run_id)
        now = place.clock.now()
        place.database.submit(lambda tx: upkeep.delete_run(tx, run_id, now)).result()
        controllers.wake(run_id)
        while place.database.read(lambda tx: runs.exists(tx, run_id)):
            await asyncio.wait_for(watched, 120)
            watched = place.feed.watch(run_id)
        await place.until(lambda: controllers.live_runs == 0)
        controllers.wake(run_id)
        await place.until(lambda: controllers.live_runs == 0)
    assert len(place.launcher.kills) == 1


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (lambda launcher, name: launcher.refuse(name, "no such command"), "no such command"),
        (lambda launcher, name: launcher.end(name, 3), "exit code 3"),
    ],
)
async def test_a_bad_end_fails_the_task_with_its_reason(
    place: Place, end: Callable[[ScriptedLauncher, str], None], message: str
) -> None:
    place.launcher.script = running
    run_id = place.create(pipeline(shell_task("a", "true")))
    async with place.controllers():
        await place.until(lambda: len(place.launcher.claimed) == 1)
        end(place.launcher, next(iter(place.launcher.claimed)))
        rows = await place.ended(run_id)
    failure = rows.tasks[1].failure
    assert failure is not None
    assert message in failure.message
    assert rows.run.failure is not None
    assert "task a failed" in rows.run.failure.message


async def test_a_lost_attempt_is_tried_again_at_no_cost_to_the_user(place: Place) -> None:
    place.launcher.script = running
    run_id = place.create(pipeline(shell_task("a", "true")))
    async with place.controllers():
        await place.until(lambda: len(place.launcher.claimed) == 1)
        place.launcher.lose(next(iter(place.launcher.claimed)), "its supervisor is gone")
        await place.until(lambda: len(place.launcher.claimed) == 2)
        place.launcher.end(attempt_id(run_id, "root.a", 2), 0)
        rows = await place.ended(run_id)
    first, second = rows.tasks[1].attempts
    assert first.infrastructure
    assert first.failure is not None
    assert "its supervisor is gone" in first.failure.message
    assert (second.number, rows.run.state) == (2, State.SUCCEEDED)


@pytest.mark.parametrize("away", [601, 86_400])
async def test_a_time_limit_passes_while_no_server_is_there(place: Place, away: int) -> None:
    place.launcher.script = running
    platform = {"deploymentSpec": {"executors": {"exec-a": {"activeDeadlineSeconds": 600}}}}
    spec = pipeline(shell_task("a", "true"))
    run_id = place.create({"pipeline_spec": spec, "platform_spec": {"platforms": {"kubernetes": platform}}})
    async with place.controllers():
        await place.until(lambda: any(task.state is State.RUNNING for task in place.rows(run_id).tasks[1:]))
        assert not place.launcher.kills
    place.clock.advance(away)
    async with place.controllers():
        rows = await place.ended(run_id)
    assert place.launcher.kills == [attempt_id(run_id, "root.a", 1)]
    failure = rows.tasks[1].failure
    assert failure is not None
    assert failure.message == "timed out after 600 s, its time limit (activeDeadlineSeconds)"


async def test_a_time_limit_does_not_pass_because_the_clock_jumps(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor when the run is loaded again after it, since a commit failed."""
    place.launcher.script = running
    config = {"pipelineConfig": {"activeDeadlineSeconds": 600}}
    spec = pipeline(shell_task("a", "true"))
    run_id = place.create({"pipeline_spec": spec, "platform_spec": {"platforms": {"kubernetes": config}}})
    submit, refusals, done = place.database.submit, [Unavailable("the disk is full")], []

    def sometimes(unit: Callable[[Tx], Any]) -> Any:
        def broken(tx: Tx) -> Any:
            unit(tx)
            raise refusals.pop()

        if refusals:
            return submit(broken)
        asked = submit(unit)
        asked.add_done_callback(done.append)
        return asked

    async with place.controllers() as controllers:
        await place.until(lambda: any(task.state is State.RUNNING for task in place.rows(run_id).tasks[1:]))
        place.clock.advance(86_400)
        monkeypatch.setattr(place.database, "submit", sometimes)
        controllers.wake(run_id)
        await place.until(lambda: len(done) == 1)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not place.launcher.kills
        place.launcher.end(attempt_id(run_id, "root.a", 1), 0)
        rows = await place.ended(run_id)
    assert rows.run.state is State.SUCCEEDED


@pytest.mark.parametrize(
    "end",
    [
        lambda launcher, name: launcher.end(name, 1),
        lambda launcher, name: launcher.lose(name, "its supervisor is gone"),
    ],
    ids=["failed", "lost"],
)
async def test_what_a_failed_attempt_left_of_its_artifacts_is_removed(
    place: Place, end: Callable[[ScriptedLauncher, str], None]
) -> None:
    place.launcher.script = running
    place.create(pipeline(shell_task("a", "true")))
    async with place.controllers():
        await place.until(lambda: len(place.launcher.claimed) == 1)
        (request,) = place.launcher.claimed.values()
        left = request.outputs[0].parent
        (left / "data").mkdir(parents=True)
        (left / "data" / "half").write_bytes(b"half of it")
        end(place.launcher, request.attempt_id)
        await place.until(lambda: not left.exists())


async def test_a_root_that_is_not_served_here_fails_the_task_by_name(place: Place) -> None:
    run_id = place.create(pipeline(shell_task("a", "true")), root="oci://bucket/x")
    async with place.controllers():
        rows = await place.ended(run_id)
    failure = rows.tasks[1].failure
    assert failure is not None
    assert "oci://bucket/x" in failure.message


async def test_a_database_that_is_away_for_a_moment_delays_and_loses_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = place.create(pipeline(shell_task("a", "true"), shell_task("b", "true", after=["a"])))
    submit, refusals = place.database.submit, [Unavailable("the disk is full")] * 2

    def sometimes(unit: Callable[[Tx], Any]) -> Any:
        def broken(tx: Tx) -> Any:
            unit(tx)
            raise refusals.pop()

        return submit(broken if refusals else unit)

    monkeypatch.setattr(place.database, "submit", sometimes)
    async with place.controllers():
        rows = await place.ended(run_id)
    assert rows.run.state is State.SUCCEEDED
    assert not refusals
    assert len(place.launcher.claimed) == 2


async def test_a_run_that_breaks_us_fails_alone_and_says_so(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    broken = place.create(pipeline(shell_task("a", "true"), name="broken"))
    place.database.submit(lambda tx: tx.exec_driver_sql("UPDATE plans SET document = '{}'").rowcount).result()
    good = place.create(pipeline(shell_task("a", "true"), name="good"))
    async with place.controllers():
        assert (await place.ended(good)).run.state is State.SUCCEEDED
        rows = await place.ended(broken)
    assert rows.run.state is State.FAILED
    assert rows.run.failure is not None
    assert "internal error" in rows.run.failure.message
    assert "cannot go on" in caplog.text


async def test_a_mistake_of_ours_in_a_verdict_ends_the_step_and_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the step would be waited for, for ever."""

    def mistaken(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(dispatch, "publish", mistaken)
    run_id = place.create(pipeline(shell_task("a", "true")))
    async with place.controllers():
        rows = await place.ended(run_id)
    failure = next(task for task in rows.tasks if task.path == "root.a").failure
    assert failure is not None
    assert failure.message == "internal error: RuntimeError: a mistake"
    assert "cannot be told" in caplog.text


async def test_a_server_whose_run_was_taken_over_ends_its_steps(place: Place) -> None:
    """The attempt is lost to the second, which cannot see it; the first notices at its next write and lets go."""
    place.launcher.script = running
    run_id = place.create(pipeline(shell_task("a", "true")))
    there = place.another("there")
    async with place.controllers() as first:
        await place.until(
            lambda: any(task.attempts and task.attempts[-1].started_at for task in place.rows(run_id).tasks)
        )
        async with there.controllers():  # now that the first has nothing left to write by itself
            rows = await there.ended(run_id)
            first.wake(run_id)
            await place.until(lambda: first.live_runs == 0)
    lost, good = rows.tasks[1].attempts
    assert rows.run.state is State.SUCCEEDED
    assert lost.infrastructure
    assert lost.failure is not None
    assert "took the run over" in lost.failure.message
    assert place.launcher.kills == [lost.attempt_id]
    assert list(there.launcher.claimed) == [good.attempt_id]


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
async def test_servers_that_share_a_database_leave_each_other_their_runs_until_one_is_gone(
    url: str, tmp_path: Path
) -> None:
    clock = FakeClock(tick=1)
    database = Database.open(url, clock, durable=False)
    here = Place(Home(tmp_path / "here"), database, clock, ScriptedLauncher(clock), FolderStore(tmp_path / "store"))
    there = here.another("there")
    here.launcher.script = there.launcher.script = running
    stopped, kept = (here.create(pipeline(shell_task("a", "true"))) for _ in range(2))
    try:
        async with there.controllers() as second:
            async with here.controllers() as first:
                for run_id in (stopped, kept):
                    second.wake(run_id)
                await here.until(lambda: first.running_steps + second.running_steps == 2)
                owner = here if stopped in {each.run_id for each in here.launcher.claimed.values()} else there
                other, others = (there, second) if owner is here else (here, first)
                now = clock.now()
                database.submit(lambda tx: runs.post(tx, stopped, TerminateRequested(now))).result()
                others.wake(stopped)
                assert (await other.ended(stopped)).run.state is State.CANCELED
                assert not set(owner.launcher.claimed) & set(other.launcher.claimed)
            if kept in {each.run_id for each in here.launcher.claimed.values()}:
                database.submit(lambda tx: leases.renew(tx, here.holder, "its.host", 0)).result()
            await there.until(lambda: kept in {each.run_id for each in there.launcher.claimed.values()})
            there.launcher.end([a for a, each in there.launcher.claimed.items() if each.run_id == kept][-1], 0)
            assert (await there.ended(kept)).run.state is State.SUCCEEDED
    finally:
        database.close()
