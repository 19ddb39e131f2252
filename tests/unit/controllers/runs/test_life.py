"""What becomes of a run and its steps."""

import asyncio
from collections.abc import Callable

import pytest
from tests.ir import pipeline, shell_task
from tests.unit.controllers.runs.place import Place, running

from headrace.base.clock import Instant
from headrace.controllers import dispatch
from headrace.launch.base import LaunchRequest
from headrace.model.event import TerminateRequested
from headrace.model.image import MappedImage
from headrace.model.state import State
from headrace.model.task import attempt_id
from headrace.store import images, runs, upkeep
from headrace.testing.launcher import ScriptedLauncher

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("kind", "sources"), [("process", "d" * 64), ("container", "")])
async def test_sources_stand_for_images_where_steps_are_processes(place: Place, kind: str, sources: str) -> None:
    mapped = MappedImage("*", "d" * 64, "", (), 0, 0, Instant(1), Instant(1))
    place.database.submit(lambda tx: images.put(tx, mapped)).result()
    async with place.controllers(kind=kind) as controllers:
        run_id = place.create(pipeline(shell_task("a", "true")))
        controllers.wake(run_id)
        rows = await place.ended(run_id)
    assert [task.sources for task in rows.tasks if task.path == "root.a"] == [sources]


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
    assert not left.exists()


async def test_a_root_that_is_not_served_here_fails_the_task_by_name(place: Place) -> None:
    run_id = place.create(pipeline(shell_task("a", "true")), root="oci://bucket/x")
    async with place.controllers():
        rows = await place.ended(run_id)
    failure = rows.tasks[1].failure
    assert failure is not None
    assert "oci://bucket/x" in failure.message
