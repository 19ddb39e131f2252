"""What streams wait for: the server's end, and one shared tick for all log files that are followed."""

import asyncio
from collections.abc import Iterable
from typing import Any


class Closing:
    """Set once, when the server stops: streams end. Made before there is an event loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        await self._event.wait()


class Ticker:
    """A future that is due every `seconds`, the same one for all who wait; no timer runs while nobody does."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: asyncio.Future[None] | None = None

    def next(self) -> "asyncio.Future[None]":
        """The tick to come."""
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            loop.call_later(self._seconds, self._ring)
        return self._next

    def _ring(self) -> None:
        due, self._next = self._next, None
        if due is not None and not due.done():
            due.set_result(None)


async def first(closing: Closing, others: "Iterable[asyncio.Future[Any]]", timeout: float | None = None) -> None:
    """Wait for one of the others, the server's end, or `timeout` seconds. Cancels none of them."""
    closed: asyncio.Future[Any] = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({closed, *others}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        closed.cancel()
