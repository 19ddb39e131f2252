"""The default launcher: each step is a process on this machine, under a supervisor that outlives the server.

Takes `LaunchRequest`s from the controllers, gives each to a fork server (a warm interpreter of the step's environment,
or the one that executes commands), and turns what comes back into observations. What it holds in memory can be lost:
the attempts' folders say what became of them, so the next launch of an attempt adopts it.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import assert_never

from headrace.base import scratch
from headrace.base.clock import Clock, Instant
from headrace.base.errors import HeadraceError, StepError, Unavailable
from headrace.base.home import Home
from headrace.base.json import compact
from headrace.base.settings import Settings
from headrace.launch import attempt, control, limits, pod, points, variables
from headrace.launch.accelerators import Accelerators, find
from headrace.launch.base import Exited, LaunchRequest, Lost, Objects, Observation, Observer, Refused, Started
from headrace.launch.environments import Environments
from headrace.launch.interpreters import EXECUTING, ForkServer, Interpreters, Kind, Report, raise_file_limit
from headrace.launch.jobs import INPUT_LIMIT, Place, cold_job, warm_job
from headrace.launch.places import Places, Recipe, warm_kind
from headrace.launch.runner import linux, wire

log = logging.getLogger(__name__)

_BUILDS_AT_ONCE = 4
_LOOK_AGAIN_SECONDS = 0.02
_BROKEN_SECONDS = 60.0
_SENDS = 5
_NOTHING = pod.Grant()
_IN_CONTAINER = (
    "it was started in a container, and this server runs steps as processes: a server with "
    'launcher = "container" would have gone on with it'
)


@dataclass(slots=True)
class _Live:
    """An attempt whose end has not been seen. `server` has its job; `watch` is held for one that was adopted."""

    request: LaunchRequest
    server: ForkServer | None = None
    pid: int = 0
    watch: int = -1
    task: "asyncio.Task[None] | None" = None
    warning: str = ""
    sent: int = 0
    started: bool = False
    kill_asked: bool = False


class ProcessLauncher:
    """A `Launcher`. `environment` is the server's own, of which steps see what `variables` allows.

    `objects` are what their pods may name, `machine` is the root under which its accelerators are looked for.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        clock: Clock,
        environment: Mapping[str, str],
        objects: Objects,
        machine: Path = Path("/"),
    ) -> None:
        self._home = home
        self._objects = objects
        self._clock = clock
        self._threads = ThreadPoolExecutor(_BUILDS_AT_ONCE, "headrace-environment")
        self._environments = Environments(home, clock, environment)
        inherited = variables.common(environment, settings)
        self._places = Places(self._environments, inherited, settings.images, clock, self._threads)
        self._interpreters = Interpreters(raise_file_limit(), self._on_report, self._on_server_end, self._is_busy)
        self._attempts: dict[str, _Live] = {}
        self._accelerators = Accelerators(find(environment, machine), home.accelerators, self._is_over)
        self._parents = control.NOWHERE
        self._broken: dict[Kind, float] = {}
        self._stopping = False

    async def start(self, observer: Observer) -> None:
        self._loop = asyncio.get_running_loop()
        self._observer = observer
        await asyncio.to_thread(self._sweep)

    def _sweep(self) -> None:
        """Remove what the killed have left outside the home, and find where steps can be kept to limits. Blocking."""
        scratch.sweep()
        self._accelerators.load()
        attempt.sweep_links()
        self._parents = control.find()
        control.sweep(self._parents, lambda name: attempt.is_over(self._home.attempt(name)))

    def _is_over(self, attempt_id: str) -> bool:
        folder = self._home.attempt(attempt_id)
        return not folder.exists() or attempt.is_over(folder)

    def held_up(self, request: LaunchRequest) -> str:
        return self._accelerators.held_up(request.attempt_id, request.resources)

    def launch(self, request: LaunchRequest) -> None:
        if request.attempt_id in self._attempts:
            return
        live = self._attempts[request.attempt_id] = _Live(request)
        try:
            given = self._accelerators.take(request.attempt_id, request.resources)
        except OSError as error:
            self._end(live, self._refused(live, f"its accelerators cannot be noted: {error}", True))
            return
        if given:
            live.request = replace(request, system_env=(*request.system_env, *given.items()))
        self._go_on(live)

    def kill(self, request: LaunchRequest, *, grace: float) -> None:
        live = self._attempts.setdefault(request.attempt_id, _Live(request))
        live.kill_asked = True
        try:
            attempt.mark_killed(request.folder, grace)
        except OSError as error:  # its supervisor, if it has one, is sent TERM all the same
            log.warning("attempt %s: its kill is not written down: %s", request.attempt_id, error)
        if live.server is None and live.watch < 0:
            self._withdraw(live)
            self._go_on(live)
        elif live.pid:
            self._terminate(live)
        # else its supervisor finds the mark, or reports that it started before there was one: see _on_started

    async def stop(self) -> None:
        self._stopping = True
        for live in self._attempts.values():
            self._withdraw(live)
            self._unwatch(live)
        self._attempts.clear()
        await self._interpreters.close()
        self._environments.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _go_on(self, live: _Live) -> None:
        """Bring the attempt as far as it comes now: called for a new one, and when whoever had it is gone."""
        request = live.request
        try:
            state = attempt.look(request.folder)
        except OSError as error:
            self._end(live, self._refused(live, f"the attempt's folder cannot be read: {error}", infrastructure=True))
            return
        match state:
            case attempt.Alive():
                self._adopt(live, state)
            case attempt.Ended(record):
                self._end(live, attempt.observation(request, record))
            case attempt.Contained():
                self._end(live, Lost(request.attempt_id, self._clock.now(), _IN_CONTAINER))
            case attempt.Vanished(pid):
                self._end(live, Lost(request.attempt_id, self._clock.now(), _lost(pid)))
            case attempt.Unclaimed():
                if live.kill_asked or attempt.is_marked_killed(request.folder):
                    self._end(live, self._never_started(live))
                else:
                    self._start(live)
            case _:
                assert_never(state)

    def _start(self, live: _Live) -> None:
        """Give it to a fork server, at once where that waits for nothing."""
        live.sent += 1
        if live.sent > _SENDS:
            self._end(live, self._refused(live, "its fork server ended each time it was given the step", True))
            return
        recipe = self._places.recipe(live.request)
        if recipe.refusal:
            self._end(live, self._refused(live, recipe.refusal, infrastructure=False))
            return
        place = self._places.known(recipe)
        if place is not None:
            server = self._interpreters.ready(self._kind(live.request, recipe, place))
            given = compact(live.request.executor_input)
            if server is not None and len(given) <= INPUT_LIMIT and live.request.pod.is_plain:
                try:
                    job = self._job(live.request, recipe, place, server, given, _NOTHING)
                    self._send(live, recipe, place, server, job)
                except (StepError, OSError) as error:
                    self._end(live, self._refusal(live, error))
                return
        live.task = self._loop.create_task(self._start_later(live, recipe))

    async def _start_later(self, live: _Live, recipe: Recipe) -> None:
        """The same where an environment is to be built, a fork server to be started, or a file to be written."""
        request = live.request
        try:
            place = await self._places.find(recipe, partial(_say, request))
            server = await self._server(request, recipe, place)
            given = compact(request.executor_input)
            job = await asyncio.to_thread(self._whole_job, request, recipe, place, server, given)
        except Exception as error:  # the top of this attempt's way: whatever it is ends the attempt, not the launcher
            if not isinstance(error, HeadraceError | OSError):
                log.exception("attempt %s could not be started", request.attempt_id)
            self._end(live, self._refusal(live, error))
            return
        finally:
            live.task = None
        if self._interpreters.ready(server.kind) is server:
            self._send(live, recipe, place, server, job)
        else:
            self._go_on(live)  # it ended meanwhile

    async def _server(self, request: LaunchRequest, recipe: Recipe, place: Place) -> ForkServer:
        """The fork server, or the one that executes commands where the right one does not start."""
        kind = self._kind(request, recipe, place)
        if kind != EXECUTING:
            try:
                light = {"_KFP_RUNTIME": "true"} if kind.light else {}
                return await self._interpreters.get(kind, {**place.variables, **light})
            except StepError as error:
                log.warning("no warm interpreter for image %s, its steps start cold: %s", request.image, error)
                self._broken[kind] = self._loop.time() + _BROKEN_SECONDS
        return await self._interpreters.get(EXECUTING, place.inherited)

    def _kind(self, request: LaunchRequest, recipe: Recipe, place: Place) -> Kind:
        kind = warm_kind(recipe, place)
        if kind is None or self._broken.get(kind, 0.0) > self._loop.time():
            return EXECUTING
        return EXECUTING if variables.needs_fresh_interpreter(request, place.variables) else kind

    def _whole_job(self, request: LaunchRequest, recipe: Recipe, place: Place, server: ForkServer, given: str) -> bytes:
        """The job with what the step's pod asks for. Blocking."""
        if request.pod.is_plain:
            return self._job(request, recipe, place, server, given, _NOTHING)
        granted = pod.grant(request, self._objects, place)
        # What holds the values of secrets is this request: it is handed on to nobody.
        request = replace(request, env=(*request.env, *granted.variables))
        return self._job(request, recipe, place, server, given, granted)

    def _job(
        self,
        request: LaunchRequest,
        recipe: Recipe,
        place: Place,
        server: ForkServer,
        given: str,
        granted: pod.Grant,
    ) -> bytes:
        component = recipe.command.component
        named = recipe.points | points.named(given, *[value for _, value in request.env])
        mounts = [*(points.mounts(request, named) if named else ()), *granted.mounts]
        kept = limits.job(request.resources, self._parents)
        extras = {**({"limits": kept} if kept else {}), **granted.extras, **place.sources(request)}
        if request.pod.init:
            extras |= pod.before(request, place.variables)
        if component is None or server.kind == EXECUTING:
            return cold_job(request, recipe.command, place, given, mounts, extras)
        return warm_job(request, component, place, given, mounts, extras)

    def _send(self, live: _Live, recipe: Recipe, place: Place, server: ForkServer, job: bytes) -> None:
        warnings = [recipe.warning, "" if place.environment is None else place.environment.warning]
        warnings += [*live.request.warnings, *limits.warnings(live.request.resources, self._parents)]
        warnings.append(self._accelerators.warning(live.request.resources))
        live.warning = "; ".join(filter(None, warnings))
        live.server = server
        server.send(job)

    def _on_report(self, server: ForkServer, report: Report) -> None:
        kind, subject = report[0], report[1]
        if kind == wire.GONE:
            self._on_gone(server, subject, report[2])
            return
        live = self._attempts.get(subject)
        if live is None:
            return
        if kind == wire.STARTED:
            live.pid = report[2]
            live.warning = "; ".join(filter(None, (live.warning, report[4])))
            self._started(live, Instant(report[3]))
            if live.kill_asked:
                self._terminate(live)
        elif kind == wire.ENDED:
            self._end(live, attempt.observation(live.request, report[2]))
        elif kind == wire.TAKEN and live.server is server:
            live.server = None  # another launcher's supervisor was first; it may be about to write its claim
            self._loop.call_later(_LOOK_AGAIN_SECONDS, self._look_again, live)

    def _look_again(self, live: _Live) -> None:
        if self._attempts.get(live.request.attempt_id) is live and live.server is None and live.watch < 0:
            self._go_on(live)

    def _on_gone(self, server: ForkServer, pid: int, status: int) -> None:
        """A supervisor died. One that had not started a step may have had the job of any that wait: they go again."""
        log.warning("supervisor %d ended with status %d", pid, status)
        having = [live for live in self._attempts.values() if live.server is server]
        for live in [live for live in having if live.pid == pid] or [live for live in having if not live.pid]:
            live.server = None
            self._go_on(live)

    def _on_server_end(self, server: ForkServer) -> None:
        """Its steps go on without it, and are watched through their supervisors."""
        if not self._stopping:
            for live in [live for live in self._attempts.values() if live.server is server]:
                live.server = None
                self._go_on(live)

    def _is_busy(self, server: ForkServer) -> bool:
        return any(live.server is server for live in self._attempts.values())

    def _adopt(self, live: _Live, state: attempt.Alive) -> None:
        live.pid, live.watch = state.pid, state.watch
        self._loop.add_reader(state.watch, self._on_adopted_end, live)
        self._started(live, self._clock.now())
        if live.kill_asked:
            self._terminate(live)

    def _on_adopted_end(self, live: _Live) -> None:
        self._unwatch(live)
        self._go_on(live)

    def _terminate(self, live: _Live) -> None:
        """Have its supervisor find the mark, and end the tree. The claim's lock says that it still has this attempt."""
        try:
            number = wire.LOOK if attempt.is_marked_killed(live.request.folder) else signal.SIGTERM
            state = attempt.look(live.request.folder)
        except OSError as error:
            log.warning("attempt %s cannot be killed: %s", live.request.attempt_id, error)
            return
        if isinstance(state, attempt.Alive):
            try:
                linux.send(state.watch, state.pid, number)
                linux.send(state.watch, state.pid, signal.SIGCONT)  # it looks also if somebody stopped it
            except ProcessLookupError:
                return  # it has ended by itself
            finally:
                os.close(state.watch)

    def _withdraw(self, live: _Live) -> None:
        if live.task is not None:
            live.task.cancel()
            live.task = None

    def _unwatch(self, live: _Live) -> None:
        if live.watch >= 0:
            self._loop.remove_reader(live.watch)
            os.close(live.watch)
            live.watch = -1

    def _started(self, live: _Live, at: Instant) -> None:
        if not live.started:
            live.started = True
            self._observe(Started(live.request.attempt_id, at, live.warning))

    def _end(self, live: _Live, seen: Observation) -> None:
        self._unwatch(live)
        self._attempts.pop(live.request.attempt_id, None)
        self._accelerators.give_back(live.request.attempt_id)
        self._observe(seen)

    def _observe(self, seen: Observation) -> None:
        self._loop.call_soon(self._observer, seen)  # a mistake in the observer is the loop's to report

    def _never_started(self, live: _Live) -> Exited:
        now = self._clock.now()
        return Exited(live.request.attempt_id, now, now, -signal.SIGTERM, True, "killed before it started")

    def _refusal(self, live: _Live, error: Exception) -> Refused:
        if isinstance(error, StepError):
            return self._refused(live, str(error), error.infrastructure)
        if isinstance(error, HeadraceError):  # an object that cannot be read
            return self._refused(live, str(error), isinstance(error, Unavailable))
        return self._refused(live, f"the step cannot be started: {error}", True)

    def _refused(self, live: _Live, reason: str, infrastructure: bool) -> Refused:
        return Refused(live.request.attempt_id, self._clock.now(), reason, infrastructure)


def _say(request: LaunchRequest, text: bytes) -> None:
    """Put what a build prints into the log of the step that wanted it."""
    request.folder.mkdir(parents=True, exist_ok=True)
    with (request.folder / wire.LOG).open("ab") as file:
        file.write(text)


def _lost(pid: int) -> str:
    return (
        f"its supervisor (process {pid}) is gone and left no record of how the step ended: "
        "it was killed from outside, or the machine went down"
    )
