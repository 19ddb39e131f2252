"""Tells whoever watches a run what of it was committed. Keeps nothing: who was not watching reads the rows."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from headrace.model.state import State
from headrace.store.views import EventRow


@dataclass(frozen=True, slots=True)
class News:
    """The lines of history that one commit added, the state that it left the run in, and whether that is a new one."""

    rows: Sequence[EventRow]
    state: State
    moved: bool = False


class Feed:
    """Lives on the event loop."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[asyncio.Future[News]]] = defaultdict(set)
        self._on_move: list[Callable[[], None]] = []

    def on_move(self, tell: Callable[[], None]) -> None:
        """Have `tell` called whenever a run came to another state here."""
        self._on_move.append(tell)

    def publish(self, run_id: str, news: News) -> None:
        """Called after the commit."""
        if news.moved:
            for tell in self._on_move:
                tell()
        watchers = self._watchers.pop(run_id, None)
        if watchers is None:
            return
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(news)

    @property
    def watched(self) -> Collection[str]:
        """The runs that somebody watches."""
        return self._watchers.keys()

    def watch(self, run_id: str) -> asyncio.Future[News]:
        """A future of the next commit. Taken before the rows are read, it misses nothing between the two."""
        future: asyncio.Future[News] = asyncio.get_running_loop().create_future()
        self._watchers[run_id].add(future)
        return future

    def unwatch(self, run_id: str, future: "asyncio.Future[News]") -> None:
        """Give the future up."""
        future.cancel()
        watchers = self._watchers.get(run_id)
        if watchers is not None:
            watchers.discard(future)
            if not watchers:
                del self._watchers[run_id]
