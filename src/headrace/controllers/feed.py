"""Tells whoever watches a run that something of it was committed. Holds numbers only; the rows are the news."""

import asyncio
from collections import defaultdict


class Feed:
    """Lives on the event loop. A watcher reads the rows after event number N, then waits for more."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[asyncio.Future[int]]] = defaultdict(set)

    def publish(self, run_id: str, number: int) -> None:
        """Events of the run up to `number` are committed. Called after the commit."""
        watchers = self._watchers.pop(run_id, None)
        if watchers is None:
            return
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(number)

    def watch(self, run_id: str) -> asyncio.Future[int]:
        """A future of the next commit. Taken before the rows are read, it misses nothing between the two."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._watchers[run_id].add(future)
        return future

    def unwatch(self, run_id: str, future: "asyncio.Future[int]") -> None:
        """Give the future up."""
        future.cancel()
        watchers = self._watchers.get(run_id)
        if watchers is not None:
            watchers.discard(future)
            if not watchers:
                del self._watchers[run_id]
