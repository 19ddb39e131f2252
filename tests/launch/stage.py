"""A launcher on a fake engine, which runs in the test's own process and can be told to fail as real ones do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.launch.fake_engine import FakeEngine, fake_engine
from tests.launch.steps import SETTINGS, Running, containers, until_file

from headrace.base.home import Home
from headrace.launch.base import LaunchRequest

GATE = 'echo begin; echo up > "$0/up"; while ! [ -e "$0/go" ]; do sleep 0.02; done; echo end; exit 5'


@dataclass
class Stage:
    """A launcher on a fake engine."""

    engine: FakeEngine
    run: Running

    def shell(self, script: str, **more: Any) -> LaunchRequest:
        """`$0` is the attempt's folder."""
        request = self.run.steps.command("sh", "-c", script, **more)
        return replace(request, command=(*request.command, str(request.folder)))

    async def up(self, **more: Any) -> LaunchRequest:
        """One that waits at its gate."""
        request = self.shell(GATE, **more)
        self.run.launcher.launch(request)
        await until_file(request.folder / "up")
        return request

    def open(self, request: LaunchRequest) -> None:
        (request.folder / "go").touch()

    def pulls(self) -> int:
        return sum(path == "/images/create" for _, path, _ in self.engine.requests)


@asynccontextmanager
async def stage(home: Home, **settings: Any) -> AsyncIterator[Stage]:
    async with (
        fake_engine(home.root) as engine,
        containers(home, str(engine.socket), replace(SETTINGS, **settings)) as run,
    ):
        yield Stage(engine, run)


async def until(what: Any) -> None:
    async with asyncio.timeout(60):
        while not what():
            await asyncio.sleep(0.01)
