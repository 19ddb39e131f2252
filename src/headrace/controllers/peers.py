"""What a server does because others share its database: stand for its leases, take over, pass on news, end strays.

One loop. It renews this holder well before it expires, looks which runs nobody has any more, and which of ours somebody
else wrote to; and tells who watches a run here that it moved elsewhere. A server that was away for longer than it stood
(stopped, cut off) finds out at its next write of a run, and lets go of it: that write is fenced by the lease's term.
"""

import asyncio
import logging
import socket
from collections.abc import Collection
from dataclasses import dataclass, field

from headrace.base.errors import HeadraceError
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.controllers.feed import Feed, News
from headrace.controllers.runs import Runs
from headrace.launch import strays
from headrace.model.state import State
from headrace.store import leases
from headrace.store.db import Database, Tx

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
RENEWALS = 3
"""Tries to renew in the time that a holder stands."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the database found: runs to take, runs that have news for whoever has them, watched runs."""

    takeable: Collection[str]
    news: Collection[str]
    moved: dict[str, tuple[int, str]]


@dataclass(slots=True)
class Peers:
    """Lives on the event loop."""

    database: Database
    runs: Runs
    feed: Feed
    home: Home
    settings: Settings
    holder: str
    _known: dict[str, tuple[int, str]] = field(default_factory=dict)
    _task: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        """Stand before anything is taken. Nothing to do where the database is not shared."""
        if self.database.shared:
            await self._renew()
            self._task = asyncio.get_running_loop().create_task(self._loop(), name="peers")

    async def stop(self) -> None:
        """The leases stand until they expire: who restarts in time finds his runs, and adopts their steps."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        """The loop top: a database that is away for a while ends nothing here."""
        loop = asyncio.get_running_loop()
        every = self.settings.lease_seconds / RENEWALS
        renewed, cleared = loop.time(), False
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, every))
            try:
                if not cleared:
                    await asyncio.to_thread(self._end_stale)
                    cleared = True
                if loop.time() - renewed >= every:
                    await self._renew()
                    renewed = loop.time()
                await self._look()
            except (HeadraceError, OSError) as error:
                log.warning("other servers may take over what this one does: %s", error)

    async def _renew(self) -> None:
        host = socket.gethostname()

        def unit(tx: Tx) -> None:
            leases.renew(tx, self.holder, host, self.settings.lease_seconds)

        await asyncio.wrap_future(self.database.submit(unit))

    def _end_stale(self) -> None:
        """Steps that an earlier server of this home left running, and whose runs went on elsewhere meanwhile."""
        alive = strays.running(self.home.attempts)
        for each in self.database.read(lambda tx: leases.stale_attempts(tx, self.holder, alive)):
            log.warning("attempt %s is ended: its run went on without it", each)
            strays.end(self.home.attempt(each), self.settings.kill_grace)

    async def _look(self) -> None:
        elsewhere = [run_id for run_id in self.feed.watched if not self.runs.has(run_id)]

        def read(tx: Tx) -> _Seen:
            return _Seen(
                leases.takeable_runs(tx, self.holder),
                {*leases.runs_with_mail(tx), *leases.owned_elsewhere(tx, self.holder)},
                leases.last_events(tx, elsewhere) if elsewhere else {},
            )

        seen = await asyncio.to_thread(self.database.read, read)
        for run_id in seen.takeable:
            if not self.runs.has(run_id):
                self.runs.wake(run_id)
        for run_id in seen.news:
            if self.runs.has(run_id):
                self.runs.wake(run_id)
        for run_id, (number, state) in seen.moved.items():
            if self._known.get(run_id) != (number, state):
                self.feed.publish(run_id, News((), State(state)))
        self._known = seen.moved
