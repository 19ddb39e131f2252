"""Ending a step: TERM to its whole tree, KILL after the grace; and none starts after its kill."""

import asyncio
import signal

import pytest
from tests.launch.steps import INSTALL_KFP, Running, launcher, log, until_file, until_gone

from headrace.base.home import Home
from headrace.launch.base import Exited, LaunchRequest

PATIENT = 600.0
"""A grace that no test waits for."""

POLITE = """
def step():
    import signal, sys, time, os
    def end(*_):
        print('told to end')
        sys.exit(9)
    signal.signal(signal.SIGTERM, end)
    open('up', 'w').write(str(os.getpid()))
    time.sleep(1000)
"""

STUBBORN = """
def step():
    import os, signal, subprocess, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(['sh', '-c', 'trap "" TERM; while :; do sleep 1000; done'], start_new_session=True)
    open('up', 'w').write(str(child.pid))
    while True:
        time.sleep(1000)
"""


async def killed(run: Running, request: LaunchRequest, grace: float) -> Exited:
    """The end of the step, which was killed once it was up."""
    run.launcher.launch(request)
    await until_file(request.folder / "up")
    run.launcher.kill(request, grace=grace)
    end = await run.watcher.exit(request)
    assert end.killed
    return end


@pytest.mark.parametrize("fresh", [(), (("PYTHONHASHSEED", "1"),)], ids=["warm", "cold"])
def test_a_step_may_end_in_its_own_way(home: Home, fresh: tuple[tuple[str, str], ...]) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python(POLITE, env=fresh)
            end = await killed(run, request, PATIENT)
            assert "told to end" in log(request)
            assert end.exit_code == 9

    asyncio.run(scenario())


def test_one_that_ignores_term_is_killed_with_its_tree(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python(STUBBORN)
            end = await killed(run, request, 0.05)
            assert end.exit_code == -signal.SIGKILL
            await until_gone(int((request.folder / "up").read_text()))

    asyncio.run(scenario())


def test_a_second_kill_may_be_less_patient(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python(STUBBORN)
            run.launcher.launch(request)
            await until_file(request.folder / "up")
            run.launcher.kill(request, grace=PATIENT)
            run.launcher.kill(request, grace=0)
            assert (await run.watcher.exit(request)).exit_code == -signal.SIGKILL

    asyncio.run(scenario())


def test_a_stopped_step_is_ended(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("sh", "-c", "echo up > up; kill -STOP $$; sleep 1000")
            assert (await killed(run, request, PATIENT)).exit_code == -signal.SIGTERM

    asyncio.run(scenario())


def test_kill_right_after_launch(home: Home) -> None:
    """Whatever is first, claim or mark, the step ends as killed, and at most begins."""

    async def scenario() -> None:
        async with launcher(home) as run:
            await run.succeed(run.steps.command("true"))  # from here a job is sent at once
            for _ in range(20):
                request = run.steps.command("sleep", "1000")
                run.launcher.launch(request)
                run.launcher.kill(request, grace=PATIENT)
                assert (await run.watcher.exit(request)).killed

    asyncio.run(scenario())


def test_one_that_never_started_does_not_start(home: Home) -> None:
    """Not here, and not by a launcher that knows nothing of the kill."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("touch", "ran")
            run.launcher.kill(request, grace=1)
            end = await run.watcher.exit(request)
            assert (end.killed, end.message) == (True, "killed before it started")
        async with launcher(home) as run:
            again = await run.run(request)
            assert isinstance(again, Exited)
            assert again.killed
            assert not (request.folder / "ran").exists()

    asyncio.run(scenario())


def test_kill_while_its_environment_is_built(home: Home) -> None:
    """The step ends at once; the build is for others too, and goes on."""
    home.environments.unlink()  # not the shared ones: this one has to be built

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python("def step():\n    pass\n", image="python:3.11", installs=[INSTALL_KFP])
            run.launcher.launch(request)
            run.launcher.kill(request, grace=1)
            assert (await run.watcher.exit(request)).killed
            other = run.steps.python("def step():\n    pass\n", image="python:3.11", installs=[INSTALL_KFP])
            await run.succeed(other)
            assert len(run.watcher.of(request)) == 1

    asyncio.run(scenario())


def test_kill_while_a_build_is_about_to_fail(home: Home) -> None:
    """Nobody is left to hear of the failure, and nothing is made of it."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python("def step():\n    pass\n", image="python:3.11", installs=["--no-such-option"])
            run.launcher.launch(request)
            run.launcher.kill(request, grace=1)
            assert (await run.watcher.exit(request)).killed
            await run.succeed(run.steps.command("true"))

    asyncio.run(scenario())


def test_kill_by_a_launcher_that_did_not_launch_it(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as first:
            request = first.steps.python(POLITE)
            first.launcher.launch(request)
            await until_file(request.folder / "up")
        async with launcher(home) as second:
            second.launcher.kill(request, grace=PATIENT)
            end = await second.watcher.exit(request)
            assert (end.exit_code, end.killed) == (9, True)

    asyncio.run(scenario())


def test_kill_of_one_that_ended(home: Home) -> None:
    """Its end is told again, as it was."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("sh", "-c", "exit 4")
            await run.run(request)
            run.watcher.seen.clear()
            run.launcher.kill(request, grace=1)
            end = await run.watcher.exit(request)
            assert (end.exit_code, end.killed) == (4, False)

    asyncio.run(scenario())
