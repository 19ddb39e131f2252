"""Controllers, when a server, the database or a step of ours is in trouble."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.ir import pipeline, shell_task
from tests.unit.controllers.runs.place import Place, running

from headrace.base.errors import Unavailable
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.controllers import dispatch
from headrace.model.event import TerminateRequested
from headrace.model.state import State
from headrace.model.task import attempt_id
from headrace.store import leases, runs
from headrace.store.db import Database, Tx
from headrace.testing.clock import FakeClock
from headrace.testing.launcher import ScriptedLauncher

pytestmark = pytest.mark.anyio


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
        await place.until(lambda: bool(done))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not place.launcher.kills
        place.launcher.end(attempt_id(run_id, "root.a", 1), 0)
        rows = await place.ended(run_id)
    assert rows.run.state is State.SUCCEEDED


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
