"""The owner of one live run on the event loop: gathers its news, commits what comes of them, sends the commands.

The state in memory is a copy of rows. It is changed inside the transaction that writes the same changes, and dropped
on any failure: the next transaction loads it again, so nothing is acted on that was not committed.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from headrace.base.clock import SECOND
from headrace.base.errors import Unavailable
from headrace.controllers.advance import Advance, Advanced, Held
from headrace.controllers.dispatch import Dispatcher
from headrace.controllers.errands import Errand, Errands
from headrace.controllers.faults import Fault, Faults
from headrace.controllers.feed import Feed, News
from headrace.controllers.limits import Limits
from headrace.controllers.step import Step
from headrace.engine.deadline import stands
from headrace.engine.decision import Deadline, Kill, Launch, Sent, Wait
from headrace.engine.inputs import context
from headrace.engine.pod import pod_of
from headrace.engine.state import RunState
from headrace.model.event import AttemptFailed, AttemptStarted, AttemptSucceeded, Event, WaitEnded
from headrace.spec.plan import Container, Dag
from headrace.store.db import Database, Tx

_START_CAN_WAIT = 0.02
"""Seconds that the news of a start waits for company: a step that ends sooner is written once, not twice."""

_RETRY_FIRST, _RETRY_MOST = 0.1, 5.0
"""Seconds between tries to commit while the database cannot; doubled from the first to the most."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all actors of a process use. `wake` is called with a run that has something in its inbox."""

    database: Database
    advance: Advance
    dispatcher: Dispatcher
    errands: Errands
    feed: Feed
    faults: Faults
    wake: Callable[[str], None]


@dataclass(slots=True)
class RunActor:
    """One task on the event loop. `poke` says that the inbox has something, `tell` hands over an observation."""

    run_id: str
    shared: Shared
    _held: Held | None = None
    _observed: list[Event] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _poked: bool = False
    _limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self._limits = Limits(self.shared.advance.clock, self.tell)

    @property
    def is_poked(self) -> bool:
        """The inbox may hold what was not looked at yet."""
        return self._poked

    def poke(self) -> None:
        """Look into the inbox."""
        self._poked = True
        self._news.set()

    def tell(self, event: Event) -> None:
        """Here is what happened. The news of a start may wait a moment."""
        self._observed.append(event)
        if isinstance(event, AttemptStarted):
            asyncio.get_running_loop().call_later(_START_CAN_WAIT, self._stop_waiting, event)
        else:
            self._news.set()
        if isinstance(event, AttemptSucceeded | AttemptFailed):
            self._limits.drop(event.attempt_id)

    def _stop_waiting(self, start: AttemptStarted) -> None:
        """A start has waited long enough, unless it was written with what came after it."""
        if any(event is start for event in self._observed):
            self._news.set()

    async def live(self) -> None:
        """Until the run has ended: wait for news, commit what comes of them, send the commands. Raises LeaseLost."""
        self._news.set()
        try:
            while self._held is None or not self._held.state.run.state.ended:
                await self._news.wait()
                self._news.clear()
                self._poked = False
                done = await self._commit()
                self._held = done.held
                for command in done.commands:
                    self._send(done.held.state, command)
                for run_id in done.woken:
                    self.shared.wake(run_id)
                self.shared.feed.publish(self.run_id, News(done.rows, done.held.state.run.state, done.moved))
        finally:
            self._limits.clear()

    async def _commit(self) -> Advanced:
        """All that is known now, in one transaction; tried again while the database cannot take it."""
        observed, self._observed = self._observed, []
        held, self._held = self._held, None
        delay = _RETRY_FIRST
        while True:
            self.shared.faults(Fault.BEFORE_COMMIT)
            unit = _Unit(self.shared.advance, self.run_id, held, observed)
            try:
                done = await asyncio.wrap_future(self.shared.database.submit(unit))
            except Unavailable:
                held = None
                await asyncio.sleep(delay)
                delay = min(delay * 2, _RETRY_MOST)
                continue
            self.shared.faults(Fault.AFTER_COMMIT)
            return done

    def _send(self, state: RunState, command: Sent) -> None:
        if isinstance(command, Wait):
            self._wait(command)
        elif isinstance(command, Deadline):
            if stands(state, command):
                self._limits.set(command)
        else:
            self._dispatch(state, command)

    def _wait(self, wait: Wait) -> None:
        """Come back when it is due; a clock that jumps cannot make it longer than it was."""
        clock = self.shared.advance.clock
        seconds = min(wait.seconds, max(0.0, (wait.due - clock.now()) / SECOND))
        asyncio.get_running_loop().call_later(seconds, lambda: self.tell(WaitEnded(wait.path, clock.now())))

    def _dispatch(self, state: RunState, command: Launch | Kill) -> None:
        plan, task = state.plan_of(command.path), state.tasks[command.path]
        component, names = plan.component, context(state, command.path, task.name)
        if isinstance(component, Dag):
            raise TypeError(f"{command.path} is a DAG and cannot be launched")
        if isinstance(component, Container):
            step = Step(state.run, task, component, names, command.attempt_id, pod_of(state, task, component))
            (self.shared.dispatcher.launch if isinstance(command, Launch) else self.shared.dispatcher.kill)(step)
        else:
            errand = Errand(state.run, task, plan, component, names, command.attempt_id)
            (self.shared.errands.launch if isinstance(command, Launch) else self.shared.errands.kill)(errand)


@dataclass(slots=True)
class _Unit:
    """The transaction as the store calls it: once, or again from the rows if it has to be replayed."""

    advance: Advance
    run_id: str
    held: Held | None
    observed: Sequence[Event]

    def __call__(self, tx: Tx) -> Advanced:
        held, self.held = self.held, None
        return self.advance(tx, self.run_id, held, self.observed)
