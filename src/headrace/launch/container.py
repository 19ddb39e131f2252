"""The launcher of steps in real images: each is a container of Docker or Podman on this machine.

Takes `LaunchRequest`s from the controllers, gives each to a `Contained`, and hands on what that observes. What it holds
in memory can be lost: the engine has the containers, by names that follow from the attempts' ids, and the attempts'
folders say how far each came. What a process launcher has begun is left to one.
"""

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

from headrace.base.clock import Clock
from headrace.base.errors import HeadraceError
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.launch import attempt
from headrace.launch.base import Launcher, LaunchRequest, Objects, Observation, Observer, Refused
from headrace.launch.containers.body import HOME, Site
from headrace.launch.containers.life import Contained, Host
from headrace.launch.containers.sweep import sweep
from headrace.launch.engine.credentials import Credentials
from headrace.launch.engine.find import find_engine
from headrace.launch.engine.images import Images
from headrace.launch.runner import wire

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 30.0


@dataclass(slots=True)
class _Live:
    """An attempt whose end has not been seen."""

    contained: Contained
    task: "asyncio.Task[None]"


class ContainerLauncher:
    """A `Launcher`. `environment` is the server's own, of which steps see what `pass_env` names.

    `objects` are what their pods may name, `processes` gets the attempts that began as processes.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        clock: Clock,
        environment: Mapping[str, str],
        objects: Objects,
        processes: Launcher,
    ) -> None:
        self._home = home
        self._settings = settings
        self._clock = clock
        self._environment = environment
        self._objects = objects
        self._processes = processes
        self._attempts: dict[str, _Live] = {}

    async def start(self, observer: Observer) -> None:
        """Raises Unavailable, with all that was tried, where no engine is found."""
        self._loop = asyncio.get_running_loop()
        self._observer = observer
        self._engine, about = await find_engine(self._settings.container_engine, self._environment)
        log.info("steps run in containers of %s at %s", about.name, self._engine.address)
        passed = {name: self._environment[name] for name in self._settings.pass_env if name in self._environment}
        images = Images(self._engine, about, Credentials(self._environment))
        site = Site(self._home.root, about, os.getuid(), os.getgid(), passed)
        self._host = Host(self._engine, images, site, self._clock, self._objects)
        await self._processes.start(observer)
        self._sweeping = self._loop.create_task(self._sweep())

    def held_up(self, request: LaunchRequest) -> str:
        """Nothing is counted here: devices are the engine's to hand out."""
        return self._processes.held_up(request) if _is_process(request) else ""

    def launch(self, request: LaunchRequest) -> None:
        if _is_process(request):
            self._processes.launch(request)
        elif request.attempt_id not in self._attempts:
            self._begin(request)

    def kill(self, request: LaunchRequest, *, grace: float) -> None:
        if _is_process(request):
            self._processes.kill(request, grace=grace)
            return
        try:
            attempt.mark_killed(request.folder, grace)
        except OSError as error:  # it is ended all the same, as long as this server lives
            log.warning("attempt %s: its kill is not written down: %s", request.attempt_id, error)
        live = self._attempts.get(request.attempt_id) or self._begin(request)
        live.contained.killer.ask(grace)

    async def stop(self) -> None:
        tasks = [self._sweeping, *(live.task for live in self._attempts.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._attempts.clear()
        await self._host.images.stop()
        await self._engine.close()
        await self._processes.stop()

    def _begin(self, request: LaunchRequest) -> _Live:
        contained = Contained(request, self._host, self._observe)
        live = _Live(contained, self._loop.create_task(self._live(contained)))
        self._attempts[request.attempt_id] = live
        return live

    async def _live(self, contained: Contained) -> None:
        """The top of an attempt's way: whatever happens ends the attempt, not the launcher."""
        attempt_id = contained.request.attempt_id
        try:
            seen = await contained.live()
        except Exception as error:
            log.exception("attempt %s came to no end", attempt_id)
            seen = Refused(attempt_id, self._clock.now(), f"internal error: {type(error).__name__}: {error}", True)
        self._attempts.pop(attempt_id, None)
        self._observe(seen)

    def _observe(self, seen: Observation) -> None:
        self._loop.call_soon(self._observer, seen)  # a mistake in the observer is the loop's to report

    async def _sweep(self) -> None:
        """Again and again: an engine that was away is asked when it is back, and strays end when they have to."""
        label = f"{HOME}={self._home.root}"
        while True:
            try:
                for stray in await sweep(self._engine, label, self._home, self._attempts.keys()):
                    if stray not in self._attempts:
                        self._begin(_stray(stray, self._home))
            except (HeadraceError, OSError) as error:
                log.warning("containers that nothing needs are left for later: %s", error)
            await asyncio.sleep(_SWEEP_SECONDS)


def _stray(attempt_id: str, home: Home) -> LaunchRequest:
    """An attempt that nobody launches again, so far as is needed to end it: it is marked as killed."""
    return LaunchRequest(attempt_id, "", "", "", (), (), (), (), {}, home.attempt(attempt_id), home.store)


def _is_process(request: LaunchRequest) -> bool:
    """Whether a process launcher claimed it, before the server was told to use containers."""
    return (request.folder / wire.CLAIM).exists()
