"""Supervisors take one step after the other: nothing of one comes to the next, and none is kept that is not needed."""

import asyncio
import os
import signal

import pytest
from tests.launch.steps import PATIENCE, Running, launcher, log, until_file, until_gone

from headrace.base.home import Home
from headrace.launch.base import Exited, LaunchRequest
from headrace.launch.runner import linux, wire

PARENT = "def step():\n    import os\n    print('parent', os.getppid())\n"

GREEDY = """
def step():
    import os, time
    print('parent', os.getppid())
    held = bytearray(200_000_000)
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass
    os.umask(0o777)
    os.nice(5)
    os.environ['LEFT'] = 'x'
    os.chdir('/')
"""

LOOKING = """
def step():
    import os, resource, signal
    umask = os.umask(0)
    os.umask(umask)
    print('parent', os.getppid())
    print(oct(umask), os.nice(0), os.environ.get('LEFT'), os.getcwd() == os.environ['PWD'], os.getpgrp() == os.getpid())
    print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())), signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL)
    print(signal.getitimer(signal.ITIMER_REAL), sorted(map(int, os.listdir('/proc/self/fd')))[:-1])
"""

GATED = """
def step(gate: str, supervisor: int):
    import os, time
    print('parent', os.getppid(), flush=True)
    with open('up', 'w') as file:
        file.write('up')
    while os.getppid() == supervisor and not os.path.exists(gate):
        time.sleep(0.01)
"""


def parent(printed: str) -> int:
    return int(next(line for line in printed.splitlines() if line.startswith("parent ")).split()[1])


def test_nothing_of_a_step_comes_to_the_next(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            first = parent(await run.succeed(run.steps.python(GREEDY)))
            for _ in range(3):  # one that is ahead comes first
                request = run.steps.python(LOOKING)
                printed = await run.succeed(request)
                assert "0o22 0 None True True\n[] True\n(0.0, 0.0) [0, 1, 2]\n" in printed
                _, end = run.watcher.of(request)
                assert isinstance(end, Exited)
                assert end.usage.user_seconds + end.usage.system_seconds < 0.4
                assert end.usage.peak_memory < 150_000_000
                if parent(printed) == first:
                    return
            raise AssertionError(f"supervisor {first} had one step only")

    asyncio.run(scenario())


@pytest.mark.parametrize("number", [wire.LOOK, signal.SIGCONT])
def test_a_kill_that_comes_too_late_is_not_for_the_next_step(home: Home, number: signal.Signals) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            supervisor = parent(await run.succeed(run.steps.python(PARENT)))
            os.kill(supervisor, number)  # while it waits
            gated = await _gated_under(run, supervisor)
            os.kill(supervisor, number)  # while it has another
            (home.root / "gate").touch()
            end = await run.watcher.exit(gated)
            assert (end.exit_code, end.killed) == (0, False)

    asyncio.run(scenario())


def test_the_second_step_of_a_supervisor_is_killed_as_any(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            supervisor = parent(await run.succeed(run.steps.python(PARENT)))
            gated = await _gated_under(run, supervisor)
            run.launcher.kill(gated, grace=0)
            assert (await run.watcher.exit(gated)).killed
            for _ in range(3):
                await run.succeed(run.steps.python(PARENT))

    asyncio.run(scenario())


async def _gated_under(run: Running, supervisor: int) -> LaunchRequest:
    """A step of this supervisor that waits for the gate; the others of its kind are over."""
    given = {"gate": str(run.steps.home.root / "gate"), "supervisor": supervisor}
    for _ in range(3):
        request = run.steps.python(GATED, parameters=given)
        run.launcher.launch(request)
        await until_file(request.folder / "up")
        if parent(log(request)) == supervisor:
            return request
        await run.watcher.exit(request)
    raise AssertionError(f"supervisor {supervisor} had one step only")


def test_those_that_are_too_many_are_let_go(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            script = f"echo parent $PPID; echo up > up; until [ -e {home.root}/gate ]; do sleep 0.01; done"
            requests = [run.steps.command("sh", "-c", script) for _ in range(6)]
            for request in requests:
                run.launcher.launch(request)
            for request in requests:
                await until_file(request.folder / "up")
            supervisors = {parent(log(request)) for request in requests}
            assert len(supervisors) == 6, "each has one step at a time"
            (home.root / "gate").touch()
            for request in requests:
                await run.watcher.exit(request)
            async with asyncio.timeout(PATIENCE):
                while len(supervisors & set(linux.descendants(os.getpid()))) > 1:
                    await asyncio.sleep(0.05)
            await run.run(run.steps.command("true"))

    asyncio.run(scenario())


def test_one_that_is_killed_while_it_waits_is_not_missed(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            supervisor = parent(await run.succeed(run.steps.python(PARENT)))
            os.kill(supervisor, signal.SIGKILL)
            await until_gone(supervisor)
            for _ in range(3):
                assert parent(await run.succeed(run.steps.python(PARENT))) != supervisor

    asyncio.run(scenario())


def test_more_steps_than_a_supervisor_has(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            supervisors = []
            for _ in range(600):
                supervisors.append(parent(await run.succeed(run.steps.command("sh", "-c", "echo parent $PPID"))))
            assert 3 <= len(set(supervisors)) <= 6
            assert max(supervisors.count(each) for each in set(supervisors)) == 256

    asyncio.run(scenario())
