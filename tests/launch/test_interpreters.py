"""Fork servers: a few, the idle ones let go, none left when the launcher stops."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from tests.launch.steps import PATIENCE, launcher, until_file, until_gone

from headrace.base.errors import StepError
from headrace.base.home import Home
from headrace.launch.interpreters import EXECUTING, ForkServer, Interpreters, Kind, Report
from headrace.launch.runner import linux, wire

KFP = "kfp.dsl.executor_main"
VARIABLES = {"PATH": os.environ["PATH"], "_KFP_RUNTIME": "true"}


class Watch:
    """What fork servers report, and which of them ended."""

    def __init__(self) -> None:
        self.ended: list[ForkServer] = []
        self.busy: set[ForkServer] = set()

    def interpreters(self) -> Interpreters:
        return Interpreters((256, 256), self._on_report, self.ended.append, self.busy.__contains__)

    def _on_report(self, server: ForkServer, report: Report) -> None:
        raise AssertionError(f"nothing was sent to {server.kind}, which says {report}")


def kind(context: object) -> Kind:
    return Kind(sys.executable, "", str(context))


def test_one_is_started_for_all_who_want_it() -> None:
    async def scenario() -> None:
        interpreters = Watch().interpreters()
        servers = await asyncio.gather(*(interpreters.get(EXECUTING, VARIABLES) for _ in range(5)))
        assert len(set(servers)) == 1
        assert interpreters.ready(EXECUTING) is servers[0]
        await interpreters.close()
        assert interpreters.ready(EXECUTING) is None

    asyncio.run(scenario())


def test_a_few_at_most() -> None:
    """The idle one that was used longest ago goes; one that has work stays."""

    async def scenario() -> None:
        watch = Watch()
        interpreters = watch.interpreters()
        servers = [await interpreters.get(kind(number), VARIABLES) for number in range(4)]
        watch.busy.add(servers[0])
        servers.append(await interpreters.get(kind(4), VARIABLES))
        await servers[1].ended.wait()
        assert watch.ended == [servers[1]]
        assert [interpreters.ready(kind(number)) is not None for number in range(5)] == [True, False, True, True, True]
        await interpreters.close()

    asyncio.run(scenario())


def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    async def scenario() -> None:
        interpreters = Watch().interpreters()
        for wanted, reason in (
            (Kind(sys.executable, "no_such_sdk.executor_main", ""), "No module named 'no_such_sdk'"),
            (Kind(str(tmp_path / "python3"), KFP, ""), "No such file or directory"),
        ):
            with pytest.raises(StepError, match=reason):
                await interpreters.get(wanted, VARIABLES)
            assert interpreters.ready(wanted) is None
        await interpreters.close()

    asyncio.run(scenario())


def test_more_steps_at_once_than_it_may_have_files(tmp_path: Path) -> None:
    """It holds a file for each of some supervisors; the others have one step each."""
    count, ended = 60, asyncio.Queue[str]()

    def report(_: ForkServer, said: Report) -> None:
        if said[0] == wire.ENDED:
            ended.put_nowait(said[1])

    async def scenario() -> None:
        server = ForkServer(EXECUTING, report, lambda _: None)
        await server.start(VARIABLES, (48, 48))
        script = f"until [ -e {tmp_path}/gate ]; do sleep 0.1; done"
        for number in range(count):
            folder = str(tmp_path / f"a{number}")
            job = {"id": f"a{number}", "folder": folder, "mkdirs": [], "env": [["PATH", os.environ["PATH"]]]}
            server.send(json.dumps({**job, "argv": ["sh", "-c", script]}).encode())
        for number in range(count):
            await until_file(tmp_path / f"a{number}/claim")
        (tmp_path / "gate").touch()
        async with asyncio.timeout(PATIENCE):
            assert len({await ended.get() for _ in range(count)}) == count
        server.close()
        await server.wait()

    asyncio.run(scenario())


def test_nothing_is_left_when_the_launcher_stops(home: Home) -> None:
    """But the steps, and their supervisors."""

    async def scenario() -> None:
        before = set(linux.descendants(os.getpid()))
        async with launcher(home) as run:
            await run.succeed(run.steps.python("def step():\n    pass\n"))
            request = run.steps.command("sh", "-c", "echo up > up; sleep 1000")
            run.launcher.launch(request)
            await until_file(request.folder / "up")
            mine = set(linux.descendants(os.getpid())) - before
        supervisor = int((request.folder / "claim").read_text())
        step = linux.descendants(supervisor)
        for pid in mine - {supervisor, *step}:
            await until_gone(pid)
        assert len(step) == 2  # the shell, and its sleep
        async with launcher(home) as run:
            run.launcher.kill(request, grace=0)
            assert (await run.watcher.exit(request)).killed

    asyncio.run(scenario())
