"""Ends a container on request: TERM, after the grace KILL. With its first process ends all that is in it.

Takes the wish from the launcher, or from the attempt's folder, where it is written down before anything is sent: a
server that comes later goes on with it.
"""

import asyncio
import logging
from functools import partial
from pathlib import Path

from headrace.base.clock import Instant
from headrace.base.errors import Conflict, HeadraceError, NotFound
from headrace.launch import attempt
from headrace.launch.engine.client import Engine
from headrace.launch.engine.patience import patiently, pauses

log = logging.getLogger(__name__)


class Killer:
    """Of one attempt. `asked` is set once a kill was asked of this launcher."""

    def __init__(self, engine: Engine, container: str, folder: Path) -> None:
        self.asked = asyncio.Event()
        self._engine = engine
        self._container = container
        self._folder = folder
        self._runs = False
        self._sent = False
        self._task: asyncio.Task[None] | None = None

    @property
    def is_asked(self) -> bool:
        return self.asked.is_set() or attempt.is_marked_killed(self._folder)

    def ask(self, grace: float) -> None:
        """End it, with that grace from now on; one that does not run yet will not."""
        self.asked.set()
        if self._runs:
            self._go(grace)

    def begin(self) -> None:
        """It runs, and can be sent signals: at once, if its kill was asked for before."""
        self._runs = True
        if attempt.is_marked_killed(self._folder):
            self._go(attempt.grace_of(self._folder))

    def ended_it(self, finished_at: Instant) -> bool:
        """Whether a container that ended then did so because it was killed."""
        at = attempt.killed_at(self._folder)
        return self._sent or (at is not None and at <= finished_at)

    async def stop(self) -> None:
        """Send nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _go(self, grace: float) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.get_running_loop().create_task(self._end(grace))

    async def _end(self, grace: float) -> None:
        await self._send("SIGTERM")
        await self._send("SIGCONT")  # one that is stopped takes its TERM only when it goes on
        await asyncio.sleep(grace)
        await self._send("SIGKILL")

    async def _send(self, signal: str) -> None:
        """Until the engine has taken it, or the container has ended."""
        for pause in pauses():
            try:
                await self._engine.kill(self._container, signal)
            except (NotFound, Conflict):
                return
            except HeadraceError as error:  # Podman refuses so to signal what has ended
                found = await patiently(partial(self._engine.inspect, self._container))
                if found is None or found.is_over:
                    return
                log.warning("%s could not be sent to %s: %s", signal, self._container, error)
            else:
                self._sent = True
                return
            await asyncio.sleep(pause)
