"""What controllers work on: a real database and store, and a launcher that a test plays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from headrace.base import ids
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers.app import Controllers, build_controllers
from headrace.controllers.feed import Feed
from headrace.launch.base import LaunchRequest
from headrace.model.event import RunRequested
from headrace.model.run import Run
from headrace.spec.load import document_from_json
from headrace.spec.plans import Plans
from headrace.store import runs
from headrace.store.db import Database
from headrace.testing.clock import FakeClock
from headrace.testing.launcher import ScriptedLauncher


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


def running(_request: LaunchRequest) -> int | None:
    """A script under which steps run until the test ends them."""
    return None
