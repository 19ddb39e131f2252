"""Brings what a container prints into its attempt's log, each byte once, however often it begins anew.

The engine keeps all that was printed, in its order, and sends it from the beginning to whoever asks; the log's length
says how much of it is there already. A lock on the log keeps two launchers from doing so at once.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from headrace.base.errors import HeadraceError, NotFound
from headrace.launch.engine.client import Engine
from headrace.launch.engine.patience import pauses

log = logging.getLogger(__name__)

T = TypeVar("T")

_FINISH_SECONDS = 20.0
"""In which some of the log has to come, once the container has ended, until it is given up."""

_SHORT = 1 << 20
"""Bytes that are read twice without a thought."""

_SETTLE_SECONDS = 1.0
"""Between the end of a log and the news that its container has ended, as a rule."""


class LogCopy:
    """Copies one container's log; what it printed begins at `start` in the file. Begins at once.

    `doubted` says that what is there is to be held against the log as the engine has it, once that is whole: Podman
    loses some of a log that is followed when its container ends, and an engine that was away may have cut one short
    between two lines. Short logs are in any case.
    """

    def __init__(self, engine: Engine, container: str, file: Path, start: int, *, doubted: bool) -> None:
        self.doubted = doubted
        self._engine = engine
        self._container = container
        self._file = file
        self._start = start
        self._over = asyncio.Event()
        self._moved = True
        self._task = asyncio.get_running_loop().create_task(self._copy())

    async def finish(self) -> str:
        """The container has ended: wait for the rest of its log. Gives what is to be said if there may be more."""
        self._over.set()
        while self._moved:
            self._moved = False
            done, _ = await asyncio.wait({self._task}, timeout=_FINISH_SECONDS)
            if done:
                await self._task
                return ""
        return "the end of its log could not be had"

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _copy(self) -> None:
        descriptor = await asyncio.to_thread(os.open, self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            waits = pauses()
            while not _lock(descriptor):
                await asyncio.sleep(next(waits))
            for pause in pauses():
                try:
                    await self._append(descriptor, follow=not self._over.is_set())
                    await asyncio.wait_for(self._over.wait(), _SETTLE_SECONDS)
                    if self.doubted or os.fstat(descriptor).st_size - self._start < _SHORT:
                        await self._mend(descriptor)
                    return
                except TimeoutError:  # the log ended, but not the container
                    continue
                except NotFound:
                    return
                except (HeadraceError, OSError) as error:
                    log.warning("the log of %s is asked for again: %s", self._container, error)
                    await asyncio.sleep(pause)
        finally:
            os.close(descriptor)

    async def _append(self, descriptor: int, *, follow: bool) -> None:
        """Append what is not there yet; with `follow`, until the container ends. Raises HeadraceError, OSError."""
        known = os.fstat(descriptor).st_size - self._start
        async with contextlib.aclosing(self._engine.log(self._container, follow=follow)) as parts:
            async for part in parts:
                self._moved = True
                new = part[max(0, known) :]
                known -= len(part) - len(new)
                if new:
                    await _whole(partial(_write, descriptor, new))

    async def _mend(self, descriptor: int) -> None:
        """Replace all from the first byte on that is not the engine's. Raises HeadraceError, OSError."""
        at, same = self._start, True
        async with contextlib.aclosing(self._engine.log(self._container, follow=False)) as parts:
            async for part in parts:
                self._moved = True
                same = same and await _whole(partial(_is_there, descriptor, part, at))
                if not same:
                    await _whole(partial(_replace, descriptor, part, at))
                at += len(part)


async def say(log: Path, text: str) -> None:
    """Lines of ours, before the container prints anything. Raises OSError."""
    await asyncio.to_thread(_append, log, text.encode())


async def length(log: Path) -> int:
    """Bytes in the log, 0 where there is none yet."""
    return await asyncio.to_thread(lambda: log.stat().st_size if log.exists() else 0)


async def _whole(work: Callable[[], T]) -> T:
    """Done in a thread, and to its end, also where whoever wants it is cancelled meanwhile."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise


def _append(log: Path, data: bytes) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab", buffering=0) as file:
        _write(file.fileno(), data)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _is_there(descriptor: int, data: bytes, at: int) -> bool:
    return os.pread(descriptor, len(data), at) == data


def _replace(descriptor: int, data: bytes, at: int) -> None:
    os.ftruncate(descriptor, at)
    _write(descriptor, data)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
