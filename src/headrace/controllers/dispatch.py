"""Carries out the planner's commands: launches attempts as slots come free, kills them, and turns what launchers
observe into the run's events.

Lives on the event loop. Takes `Step`s from the run actors, gives events to `tell`. Holds nothing that the rows do not
say: after a restart the actors send every attempt that has not ended again, and the launcher adopts it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from headrace.base.clock import Clock, Instant
from headrace.base.errors import HeadraceError, InvalidInput, StepError, Unavailable
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers.faults import Fault, Faults
from headrace.controllers.keep_log import keep_logs
from headrace.controllers.publish import publish
from headrace.controllers.step import Step, launch_request
from headrace.launch.base import Exited, Launcher, LaunchRequest, Lost, Observation, Refused, Started
from headrace.launch.explain import explain_exit
from headrace.launch.room import was_starved
from headrace.model.artifact import LOGS
from headrace.model.event import AttemptFailed, AttemptStarted, AttemptSucceeded, Event
from headrace.model.run import Failure

log = logging.getLogger(__name__)

Tell = Callable[[str, Event], None]
"""Called on the event loop with a run's id and an event of it."""

_PUBLISHERS = 4
_LOOK_AGAIN_SECONDS = 5.0
"""So often it is looked whether what attempts wait for came free without an end that was observed here."""


@dataclass(slots=True)
class _Sent:
    """An attempt that holds a slot, or is next to have one."""

    step: Step
    request: LaunchRequest


class Dispatcher:
    """Slots, a queue, and what is running."""

    def __init__(
        self,
        launcher: Launcher,
        blobs: FolderStore,
        home: Home,
        settings: Settings,
        clock: Clock,
        tell: Tell,
        faults: Faults,
    ) -> None:
        self._launcher = launcher
        self._blobs = blobs
        self._home = home
        self._settings = settings
        self._clock = clock
        self._tell = tell
        self._faults = faults
        self._queue: deque[Step] = deque()
        self._waiting: set[str] = set()
        self._held: dict[str, deque[_Sent]] = {}
        """Those that the launcher wants to wait, by the accelerator that they ask for."""
        self._reasons: dict[str, str] = {}
        self._looking = False
        self._sent: dict[str, _Sent] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(_PUBLISHERS, thread_name_prefix="publish")

    async def start(self) -> None:
        await self._launcher.start(self._observe)

    async def stop(self) -> None:
        """Let go of the steps: they run on, and are adopted by the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._launcher.stop()
        self._threads.shutdown(cancel_futures=True)

    @property
    def queued(self) -> int:
        """Attempts that wait for a slot, or for what the launcher has too little of."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Attempts that hold a slot."""
        return len(self._sent)

    def waits_for(self, attempt_id: str) -> str:
        """What the launcher lets the attempt wait for; "" where it does not. Callable from any thread."""
        return self._reasons.get(attempt_id, "")

    def launch(self, step: Step) -> None:
        """Run the attempt as soon as a slot is free; one that is known already is left alone."""
        if step.attempt_id in self._sent or step.attempt_id in self._waiting:
            return
        self._queue.append(step)
        self._waiting.add(step.attempt_id)
        self._fill()

    def kill(self, step: Step) -> None:
        """End the attempt, whether it runs, waits, or ran before this process began."""
        sent = self._sent.get(step.attempt_id)
        if sent is None:
            self._withdraw(step.attempt_id)
            sent = self._prepare(step)
            if sent is None:
                return
            self._sent[step.attempt_id] = sent
        self._launcher.kill(sent.request, grace=self._settings.kill_grace)

    def abandon(self, run_id: str) -> None:
        """Kill all that the run has here: it has no use for it any more."""
        held = [each for row in self._held.values() for each in row]
        for step in [*self._queue, *(each.step for each in (*held, *self._sent.values()))]:
            if step.run.run_id == run_id:
                self.kill(step)

    def _withdraw(self, attempt_id: str) -> None:
        if attempt_id in self._waiting:
            self._waiting.discard(attempt_id)
            if self._reasons.pop(attempt_id, ""):
                self._held = {
                    kind: deque(each for each in row if each.step.attempt_id != attempt_id)
                    for kind, row in self._held.items()
                }
            else:
                self._queue = deque(step for step in self._queue if step.attempt_id != attempt_id)

    def _fill(self) -> None:
        for row in self._held.values():
            while row and len(self._sent) < self._settings.slots and not self._is_held_up(row[0]):
                self._launch(row.popleft())
        while self._queue and len(self._sent) < self._settings.slots:
            sent = self._prepare(self._queue.popleft())
            if sent is None:
                continue
            if self._is_held_up(sent):
                self._held.setdefault(sent.request.resources.accelerator_type, deque()).append(sent)
                self._look_again()
            else:
                self._launch(sent)

    def _is_held_up(self, sent: _Sent) -> bool:
        reason = self._launcher.held_up(sent.request)
        if reason:
            self._reasons[sent.step.attempt_id] = reason
        return bool(reason)

    def _launch(self, sent: _Sent) -> None:
        self._waiting.discard(sent.step.attempt_id)
        self._reasons.pop(sent.step.attempt_id, None)
        self._sent[sent.step.attempt_id] = sent
        self._launcher.launch(sent.request)
        self._faults(Fault.AFTER_LAUNCH)

    def _look_again(self) -> None:
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(_LOOK_AGAIN_SECONDS, self._fill_again)

    def _fill_again(self) -> None:
        self._looking = False
        self._fill()
        if any(self._held.values()):
            self._look_again()

    def _prepare(self, step: Step) -> _Sent | None:
        """The attempt with its request; None, with the event told, where none can be made."""
        try:
            return _Sent(step, launch_request(step, self._home, self._blobs))
        except InvalidInput as error:
            self._waiting.discard(step.attempt_id)
            self._fail(step, Failure(str(error), code=3), self._clock.now(), Instant(0))
            return None

    def _observe(self, seen: Observation) -> None:
        sent = self._sent.get(seen.attempt_id)
        if sent is None:
            return
        step = sent.step
        if isinstance(seen, Started):
            self._faults(Fault.AFTER_CLAIM)
            self._tell(step.run.run_id, AttemptStarted(seen.attempt_id, step.task.path, seen.at, warning=seen.warning))
            return
        del self._sent[seen.attempt_id]
        self._fill()
        match seen:
            case Exited():
                self._faults(Fault.AFTER_EXIT)
                self._go(self._finish(sent, seen))
            case Lost():
                self._go(self._give_up(sent, seen))
            case Refused(reason=reason, infrastructure=infrastructure):
                self._fail(step, Failure(reason), seen.at, Instant(0), infrastructure=infrastructure)

    async def _finish(self, sent: _Sent, seen: Exited) -> None:
        """The attempt's process is over: publish its outputs, or say why it failed.

        Where no artifact is to be hashed that takes less than the way to a thread and back.
        """
        step = sent.step
        try:
            if seen.exit_code == 0 and not step.has_artifacts and not self._settings.publish_logs:
                verdict = self._verdict(sent, seen)
            else:
                loop = asyncio.get_running_loop()
                verdict = await loop.run_in_executor(self._threads, self._verdict, sent, seen)
        except Exception as error:  # the top of this attempt's way: a mistake of ours ends it, and with it the step
            log.exception("what attempt %s of %s gave cannot be told", step.attempt_id, step.task.path)
            failure = Failure(f"internal error: {type(error).__name__}: {error}", code=13)
            self._fail(step, failure, seen.at, seen.started_at)
        else:
            self._tell(step.run.run_id, verdict)

    async def _give_up(self, sent: _Sent, seen: Lost) -> None:
        """Nobody knows how the attempt ended: what it left is of no use."""
        loop = asyncio.get_running_loop()
        left = await loop.run_in_executor(self._threads, self._discard, sent.step)
        self._fail(sent.step, Failure(seen.reason + left), seen.at, Instant(0), infrastructure=True)

    def _discard(self, step: Step) -> str:
        """Remove what a failed attempt wrote of its artifacts: no run will ever name it, and it may be large.

        Gives what is to be said where that cannot be done.
        """
        try:
            self._blobs.delete(step.base_uri)
        except (HeadraceError, OSError) as error:
            return f". What it left cannot be removed: {error}"
        return ""

    def _verdict(self, sent: _Sent, seen: Exited) -> Event:
        """How the attempt ended; with its log among what it gave, if that is kept."""
        verdict = self._ended(sent, seen)
        if not self._settings.publish_logs:
            return verdict
        kept = keep_logs(sent.step, self._home, self._blobs, seen.at)
        if not kept:
            return verdict
        artifacts = {**verdict.outputs.artifacts, LOGS: kept}
        return replace(verdict, outputs=replace(verdict.outputs, artifacts=artifacts))

    def _ended(self, sent: _Sent, seen: Exited) -> AttemptSucceeded | AttemptFailed:
        step, path = sent.step, sent.step.task.path
        if seen.exit_code == 0 and not seen.killed:
            try:
                done = publish(step, self._home, self._blobs, seen.started_at, seen.at)
            except StepError as error:
                failure, infrastructure = Failure(str(error)), error.infrastructure
            except Unavailable as error:
                failure, infrastructure = Failure(f"its outputs cannot be published: {error}"), True
            except HeadraceError as error:
                failure, infrastructure = Failure(f"its outputs cannot be published: {error}", code=3), False
            except OSError as error:
                failure, infrastructure = Failure(f"its outputs cannot be published: {error}"), True
            else:
                return AttemptSucceeded(
                    step.attempt_id, path, seen.at, seen.started_at, done.outputs, seen.usage, done.warning
                )
        else:
            failure = Failure(explain_exit(seen, sent.request, self._settings.images))
            infrastructure = not seen.killed and was_starved(sent.request, seen.rank or 0)
        return AttemptFailed(
            step.attempt_id,
            path,
            seen.at,
            seen.started_at,
            replace(failure, message=failure.message + self._discard(step)),
            exit_code=seen.exit_code,
            killed=seen.killed,
            infrastructure=infrastructure,
            usage=seen.usage,
        )

    def _fail(
        self, step: Step, failure: Failure, at: Instant, started_at: Instant, *, infrastructure: bool = False
    ) -> None:
        event = AttemptFailed(step.attempt_id, step.task.path, at, started_at, failure, infrastructure=infrastructure)
        self._tell(step.run.run_id, event)

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "a dispatch failed", "exception": error})
