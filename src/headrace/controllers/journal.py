"""Tells whoever follows all runs that there is more to read: the states of runs have their places in one order.

Works only while somebody watches: then it gives what was committed its places, here or by another server, and says up
to where. Keeps nothing but that; who watches reads the rows.
"""

import asyncio
import contextlib
import logging

from headrace.base.errors import HeadraceError
from headrace.controllers.feed import Feed
from headrace.store import changes
from headrace.store.db import Database, Tx

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often the database is looked at for what other servers committed, where it is shared; and after trouble."""

PAUSE_SECONDS = 0.05
"""Between two looks: what is committed meanwhile is taken together."""


class Journal:
    """Lives on the event loop."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self._database = database
        self._news = asyncio.Event()
        self._watchers: dict[asyncio.Future[None], int] = {}
        self._last = 0
        self._task: asyncio.Task[None] | None = None
        feed.on_move(self._news.set)

    async def settle(self) -> int:
        """Give all that is committed its places; the last of them. Raises Unavailable."""

        def look(tx: Tx) -> tuple[bool, int]:
            return changes.are_waiting(tx), changes.last_place(tx)

        waiting, last = await asyncio.to_thread(self._database.read, look)
        if not waiting:
            return last
        while await asyncio.wrap_future(self._database.submit(changes.place)):
            pass
        return await asyncio.to_thread(self._database.read, changes.last_place)

    def watch(self, place: int) -> "asyncio.Future[None]":
        """A future that is done once there is something after that place. To be given up by `unwatch`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._watchers[future] = place
        self._ring()
        if self._task is None:
            self._news.set()
            self._task = loop.create_task(self._live(), name="journal")
        return future

    def unwatch(self, future: "asyncio.Future[None]") -> None:
        """Give the future up. With the last of them the looking ends."""
        future.cancel()
        self._watchers.pop(future, None)
        if not self._watchers and self._task is not None:
            self._task.cancel()
            self._task = None

    def _ring(self) -> None:
        for future, place in self._watchers.items():
            if place < self._last and not future.done():
                future.set_result(None)

    async def _live(self) -> None:
        """The loop top: a database that is away for a while ends nothing here."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if self._database.shared else None):
                    await self._news.wait()
            self._news.clear()
            try:
                self._last = max(self._last, await self.settle())
            except (HeadraceError, OSError) as error:
                log.warning("who follows all runs hears of nothing for now: %s", error)
                self._news.set()
                await asyncio.sleep(LOOK_SECONDS)
            self._ring()
            await asyncio.sleep(PAUSE_SECONDS)
