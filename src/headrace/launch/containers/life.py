"""The life of one attempt in a container: made or adopted, started, listened to, ended, recorded, removed.

Takes the request; gives the one observation that ends it, and tells of its start. It may be let go of at any point
(cancelled, or the server killed) and taken up by another: the engine and the attempt's folder say how far it came.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from signal import SIGTERM
from typing import TypeVar, assert_never

from headrace.base.clock import Clock
from headrace.base.errors import Conflict, HeadraceError, NotFound, StepError, Unavailable
from headrace.launch import attempt
from headrace.launch.base import Exited, LaunchRequest, Lost, Objects, Observation, Observer, Refused, Started
from headrace.launch.containers import grants, marks
from headrace.launch.containers.body import ATTEMPT, Planned, Site, name_of, plan
from headrace.launch.containers.end import end_of
from headrace.launch.containers.kill import Killer
from headrace.launch.containers.log import LogCopy, length, say
from headrace.launch.containers.marks import Mark
from headrace.launch.engine.client import Engine
from headrace.launch.engine.images import Images
from headrace.launch.engine.patience import is_away, patiently, pauses
from headrace.launch.engine.state import Container
from headrace.launch.jobs import Place
from headrace.launch.pod import Grant, grant
from headrace.launch.runner import wire
from headrace.model.pod import Security

log = logging.getLogger(__name__)

T = TypeVar("T")

_PAUSE_SECONDS = 0.2
_CREATIONS = 6

_ITS_OWN = re.compile(r"executable file|OCI runtime attempted|argument list too long|exec format")
"""In what engines say of a command that its image cannot execute."""


@dataclass(frozen=True, slots=True)
class Host:
    """What all attempts of a launcher use."""

    engine: Engine
    images: Images
    site: Site
    clock: Clock
    objects: Objects


@dataclass(slots=True)
class Contained:
    """One attempt. `observe` is told of its start."""

    request: LaunchRequest
    host: Host
    observe: Observer
    killer: Killer = field(init=False)
    _warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.killer = Killer(self.host.engine, self.name, self.request.folder)

    @property
    def name(self) -> str:
        return name_of(self.request.attempt_id)

    async def live(self) -> Observation:
        """Bring it to its end, from wherever it is."""
        try:
            return await self._live()
        except HeadraceError as error:
            return self._refused(str(error), is_away(error))
        except OSError as error:
            return self._refused(f"the step cannot be started: {error}", infrastructure=True)

    async def _live(self) -> Observation:
        state = await asyncio.to_thread(attempt.look, self.request.folder)
        match state:
            case attempt.Ended(record):
                return await self._told_before(record)
            case attempt.Contained():
                return await self._attend(None)
            case attempt.Unclaimed():
                planned = None if self.killer.is_asked else await self._unless_killed(self._prepare)
                return await (self._never_started() if planned is None else self._attend(planned))
            case attempt.Alive() | attempt.Vanished():
                raise StepError("a process has taken the attempt, which was to run in a container", infrastructure=True)
            case _:
                assert_never(state)

    async def _unless_killed(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """What it gives; None where a kill comes before that."""
        working, asked = asyncio.ensure_future(work()), asyncio.ensure_future(self.killer.asked.wait())
        try:
            await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
            return await working if working.done() else None
        finally:
            for task in (working, asked):
                task.cancel()
            await asyncio.gather(working, asked, return_exceptions=True)

    async def _prepare(self) -> Planned:
        """Have its image and its folders, and know its container."""
        request, host = self.request, self.host
        grants.check(request)
        tell = partial(say, request.folder / wire.LOG)
        policy = request.pod.placement.pull_policy
        image, known_as = await host.images.get(request.image, policy, request.path, tell)
        granted = await asyncio.to_thread(_grant, request, host.objects)
        planned = plan(request, image, known_as, host.site, granted)
        await asyncio.to_thread(_make, planned)
        return planned

    async def _create(self, planned: Planned) -> Container:
        """Its container, which does not run yet; one that an earlier launch has made, and did not start, is taken."""
        engine, waits = self.host.engine, pauses()
        self._warnings += planned.warnings
        for _ in range(_CREATIONS):
            with contextlib.suppress(Conflict):
                self._warnings += await engine.create(self.name, planned.body)
            found = await engine.inspect(self.name)
            if found is not None and found.labels.get(ATTEMPT) != self.request.attempt_id:
                hint = "Remove or rename it"
                raise StepError(f"a foreign container has the name {self.name}", hint=hint, infrastructure=True)
            if found is not None:
                return found
            await asyncio.sleep(next(waits))  # the name is taken, and what takes it still in the making, or going
        raise StepError(f"the engine gives its name, {self.name}, to no container", infrastructure=True)

    async def _attend(self, planned: Planned | None) -> Observation:
        """Start it, unless that was done, and be there until it has ended. `planned` is None for one that may run."""
        found = await self._begin(planned)
        if not isinstance(found, Container):
            return found
        at = found.started_at or self.host.clock.now()
        self.observe(Started(self.request.attempt_id, at, "; ".join(self._warnings)))
        self.killer.begin()
        mark = await asyncio.to_thread(marks.read_mark, self.request.folder)
        assert mark is not None
        file, doubted = self.request.folder / wire.LOG, self.host.site.about.podman
        copy = LogCopy(self.host.engine, self.name, file, mark.log_from, doubted=doubted)
        try:
            ended = await self._until_over(found, copy)
            note = await copy.finish() if ended is not None else ""
        finally:
            await copy.stop()
            await self.killer.stop()
        return await self._end(ended, note)

    async def _begin(self, planned: Planned | None) -> Container | Observation:
        """The container once it has run, or why it never will. Only one launcher at a time comes here."""
        engine, folder = self.host.engine, self.request.folder
        inspect = partial(engine.inspect, self.name)
        async with marks.held(folder) as file:
            state = await asyncio.to_thread(attempt.look, folder)
            if isinstance(state, attempt.Ended):
                return await self._told_before(state.record)
            marked = isinstance(state, attempt.Contained)
            while True:
                found = await (self._create(planned) if planned is not None and not marked else patiently(inspect))
                if found is None:
                    return await self._gone(folder)
                if not found.is_new:
                    return found
                if self.killer.is_asked:
                    await asyncio.to_thread(marks.unmark, file)
                    return await self._never_started()
                if not marked:
                    mark = Mark(await length(folder / wire.LOG), str(engine.address))
                    await asyncio.to_thread(marks.mark, file, folder, mark)
                    marked = True
                try:
                    await engine.start(self.name)
                except Unavailable:  # it may have been started all the same
                    await asyncio.sleep(_PAUSE_SECONDS)
                except HeadraceError as error:
                    await asyncio.to_thread(marks.unmark, file)
                    await self._clear()
                    raise start_failure(error) from error

    async def _until_over(self, found: Container, copy: LogCopy) -> Container | None:
        """The container once it has ended; None where somebody removed it."""
        engine = self.host.engine
        while not found.is_over:
            try:
                await engine.wait(self.name)
            except NotFound:
                return None
            except HeadraceError as error:
                if not is_away(error):
                    raise
                copy.doubted = True
                await asyncio.sleep(_PAUSE_SECONDS)
            seen = await patiently(partial(engine.inspect, self.name))
            if seen is None:
                return None
            if not seen.is_over:
                await asyncio.sleep(_PAUSE_SECONDS)
            found = seen
        return found

    async def _end(self, ended: Container | None, note: str) -> Observation:
        """Record how it ended, and only then let the container go."""
        folder = self.request.folder
        async with marks.held(folder):
            state = await asyncio.to_thread(attempt.look, folder)
            if isinstance(state, attempt.Ended):  # another launcher was first
                return await self._told_before(state.record)
            if ended is None:
                return await self._gone(folder)
            killed = self.killer.ended_it(ended.finished_at)
            record = end_of(ended, self.request, self.host.clock.now(), killed=killed, note=note)
            try:
                await asyncio.to_thread(marks.write_end, folder, record)
            except OSError as error:  # the container stays: whoever adopts the attempt reads its end there
                record = {**record, "message": f"{record['message']}; its end was not recorded: {error}".lstrip("; ")}
            else:
                await self._clear()
            return attempt.observation(self.request, dict(record))

    async def _gone(self, folder: Path) -> Lost:
        """It may have run, and there is no container any more."""
        now = self.host.clock.now()
        reason = f"its container {self.name} is gone from {self.host.engine.address}, and with it how the step ended"
        mark = await asyncio.to_thread(marks.read_mark, folder)
        if mark is not None and mark.engine != str(self.host.engine.address):
            reason += f": it was started at {mark.engine}"
        await asyncio.to_thread(marks.write_end, folder, {"lost": reason, "ended": now})
        return Lost(self.request.attempt_id, now, reason)

    async def _told_before(self, record: dict[str, object]) -> Observation:
        await self._clear()
        return attempt.observation(self.request, record)

    async def _never_started(self) -> Exited:
        await self._clear()
        now = self.host.clock.now()
        return Exited(self.request.attempt_id, now, now, -SIGTERM, True, "killed before it started")

    async def _clear(self) -> None:
        """Remove what nothing needs any more. What cannot be removed now is left to the launcher's sweep."""
        try:
            await self.host.engine.remove(self.name)
            await asyncio.to_thread(grants.remove, self.request.folder)
        except HeadraceError as error:
            log.warning("the container %s is left for later: %s", self.name, error)

    def _refused(self, reason: str, infrastructure: bool) -> Refused:
        return Refused(self.request.attempt_id, self.host.clock.now(), reason, infrastructure)


def start_failure(error: HeadraceError) -> HeadraceError:
    """Why the engine did not start it. Engines do not agree on the status for a command that an image does not have."""
    own = not is_away(error) or bool(_ITS_OWN.search(error.message))
    return StepError(f"its container cannot be started: {error.message}", infrastructure=not own)


def _grant(request: LaunchRequest, objects: Objects) -> Grant:
    """What its pod asks for. Whom it runs as is decided with the image. Blocking."""
    if request.pod.is_plain:
        return Grant()
    anybody = replace(request, pod=replace(request.pod, security=Security()))
    return grant(anybody, objects, Place({}, None))


def _make(planned: Planned) -> None:
    """What has to be there before the container starts. Raises OSError, StepError."""
    for folder in planned.folders:
        folder.mkdir(parents=True, exist_ok=True)
    for folder in planned.shared:
        folder.chmod(0o777)
    grants.write(planned.files)
