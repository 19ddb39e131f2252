"""Nothing is lost and nothing runs twice, whoever is killed with -9: the server, its fork server, a supervisor."""

import asyncio
import json
import os
import pickle
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.launch.steps import Running, Steps, launcher, until_file, until_gone

from headrace.base.home import Home
from headrace.launch.base import Exited, LaunchRequest, Lost, Started
from headrace.launch.runner import linux

ROOT = Path(__file__).parents[2]

GATED = """
def step(gate: str, ran: str) -> int:
    import os, time
    with open(ran, 'a') as file:
        file.write(os.environ['KFP_POD_NAME'] + '\\n')
    open('up', 'w').write(str(os.getpid()))
    while not os.path.exists(gate):
        time.sleep(0.01)
    return 1
"""


@dataclass
class Gate:
    """Steps that wait until the gate is opened, and write down that they ran."""

    home: Home

    def __post_init__(self) -> None:
        self.ran.touch()

    @property
    def file(self) -> Path:
        """It is there once the gate is open; steps look for it, for at a pipe who comes late would wait for ever."""
        return self.home.root / "gate"

    @property
    def ran(self) -> Path:
        return self.home.root / "ran"

    def python(self, steps: Steps) -> LaunchRequest:
        return steps.python(GATED, parameters={"gate": str(self.file), "ran": str(self.ran)})

    def command(self, steps: Steps, before: str = ":", after: str = ":") -> LaunchRequest:
        wait = 'echo "$KFP_POD_NAME" >> "$1"; echo up > up; until [ -e "$0" ]; do sleep 0.01; done'
        script = f"{before}; {wait}; {after}; exit 5"
        return steps.command("sh", "-c", script, str(self.file), str(self.ran))

    async def open(self, requests: Sequence[LaunchRequest]) -> None:
        """Let them go on; all of them have to be up."""
        for request in requests:
            await until_file(request.folder / "up")
        self.file.touch()

    def runs(self) -> list[str]:
        return sorted(self.ran.read_text().split())


class Server:
    """The launcher of `server.py`, in a process that is there to be killed."""

    def __init__(self, home: Home, requests: Sequence[LaunchRequest], *options: str) -> None:
        file = home.root / "requests"
        file.write_bytes(pickle.dumps(list(requests)))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.launch.server", str(home.root), str(file), *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def next(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server ended"
        found: dict[str, object] = json.loads(line)
        return found

    def kill(self, *, fork_servers: bool = False) -> None:
        """With -9; its fork servers first, while they are still known as its children."""
        if fork_servers:
            os.kill(self.process.pid, signal.SIGSTOP)
            for pid in linux.children(self.process.pid):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


async def relaunch(run: Running, requests: Sequence[LaunchRequest]) -> None:
    for request in requests:
        run.launcher.launch(request)


@pytest.mark.parametrize("fork_servers", [False, True], ids=["server", "server and fork servers"])
def test_running_steps_are_adopted(home: Home, fork_servers: bool) -> None:
    async def scenario() -> None:
        gate = Gate(home)
        steps = Steps(home)
        requests = [gate.python(steps), gate.command(steps)]
        server = Server(home, requests)
        for request in requests:
            await until_file(request.folder / "up")
        server.kill(fork_servers=fork_servers)
        async with launcher(home) as run:
            await relaunch(run, requests)
            for request in requests:
                await run.watcher.started(request)
            await gate.open(requests)
            ends = [await run.watcher.exit(request) for request in requests]
        assert [end.exit_code for end in ends] == [0, 5]
        assert all(end.usage.max_rss and end.started_at < end.at for end in ends)
        assert gate.runs() == sorted(request.attempt_id for request in requests)

    asyncio.run(scenario())


@pytest.mark.parametrize("fork_servers", [False, True], ids=["server", "server and fork servers"])
def test_steps_that_ended_meanwhile_are_read_off_their_records(home: Home, fork_servers: bool) -> None:
    async def scenario() -> None:
        gate = Gate(home)
        steps = Steps(home)
        requests = [gate.python(steps), gate.command(steps)]
        server = Server(home, requests)
        for request in requests:
            await until_file(request.folder / "up")
        supervisors = [int((request.folder / "claim").read_text()) for request in requests]
        server.kill(fork_servers=fork_servers)
        await gate.open(requests)
        for pid in supervisors:
            await until_gone(pid)
        async with launcher(home) as run:
            await relaunch(run, requests)
            assert [(await run.watcher.exit(request)).exit_code for request in requests] == [0, 5]
        assert gate.runs() == sorted(request.attempt_id for request in requests)

    asyncio.run(scenario())


def test_a_fork_server_that_is_killed_alone(home: Home) -> None:
    """Its steps go on, watched in another way, and new ones get another fork server."""

    async def scenario() -> None:
        gate = Gate(home)
        others = set(linux.children(os.getpid()))  # the servers of other tests
        async with launcher(home) as run:
            requests = [gate.python(run.steps), gate.command(run.steps)]
            await relaunch(run, requests)
            for request in requests:
                await until_file(request.folder / "up")
            for pid in set(linux.children(os.getpid())) - others:
                os.kill(pid, signal.SIGKILL)
            other = run.steps.python("def step():\n    pass\n")
            await run.succeed(other)
            await gate.open(requests)
            assert [(await run.watcher.exit(request)).exit_code for request in requests] == [0, 5]
            assert [type(each) for each in run.watcher.of(requests[0])] == [Started, Exited]
        assert gate.runs() == sorted(request.attempt_id for request in requests)

    asyncio.run(scenario())


def test_a_step_without_supervisor_and_record_is_lost(home: Home) -> None:
    async def scenario() -> None:
        gate = Gate(home)
        request = gate.python(Steps(home))
        server = Server(home, [request])
        await until_file(request.folder / "up")
        step = int((request.folder / "up").read_text())
        server.kill(fork_servers=True)
        os.kill(int((request.folder / "claim").read_text()), signal.SIGKILL)
        await until_gone(step)
        async with launcher(home) as run:
            for _ in range(2):  # and stays lost
                run.watcher.seen.clear()
                end = await run.run(request)
                assert isinstance(end, Lost)
                assert "left no record" in end.reason
        assert gate.runs() == [request.attempt_id]

    asyncio.run(scenario())


def test_a_claim_that_was_never_taken_is_not_in_the_way(home: Home) -> None:
    """Its maker died between making the file and locking it, or before it wrote itself into it."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("true")
            request.folder.mkdir(parents=True)
            (request.folder / "claim").touch()
            await run.succeed(request)

    asyncio.run(scenario())


def test_20_launches_of_one_attempt(home: Home) -> None:
    """By five launchers at once: it runs once, and all of them see its end."""

    async def scenario() -> None:
        gate = Gate(home)
        request = gate.python(Steps(home))
        async with AsyncExitStack() as stack:
            runs = [await stack.enter_async_context(launcher(home)) for _ in range(5)]
            for run in runs:  # each has its fork server, so that the launches are sent at once
                await run.succeed(run.steps.python("def step():\n    pass\n"))
            for run in runs:
                for _ in range(4):
                    run.launcher.launch(request)
            for run in runs:
                await run.watcher.started(request)
            await gate.open([request])
            assert [(await run.watcher.exit(request)).exit_code for run in runs] == [0] * 5
        assert gate.runs() == [request.attempt_id]

    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(6))
def test_kills_at_random_moments(home: Home, seed: int) -> None:
    """Servers that launch the same steps are killed one after the other, with their fork servers or without."""
    luck = random.Random(seed)

    async def scenario() -> None:
        gate = Gate(home)
        steps = Steps(home)
        quick = 'echo "$KFP_POD_NAME" >> "$0"; exit 3'
        requests = [steps.command("sh", "-c", quick, str(gate.ran)) for _ in range(10)]
        requests += [gate.python(steps) for _ in range(3)]
        for _ in range(3):
            server = Server(home, requests)
            for _ in range(luck.randrange(13)):
                server.next()
            server.kill(fork_servers=luck.random() < 0.5)
        async with launcher(home) as run:
            await relaunch(run, requests)
            await gate.open(requests[10:])
            ends = [await run.watcher.exit(request) for request in requests]
        assert [end.exit_code for end in ends] == [3] * 10 + [0] * 3
        assert gate.runs() == sorted(request.attempt_id for request in requests)

    asyncio.run(scenario())
