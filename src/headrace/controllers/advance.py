"""The one transaction of a run: take its lease, its inbox and what was observed; ask the engine; write it all.

Synchronous, called by the store's writer. A run that is not held is loaded from its rows, and the commands of its open
attempts are sent again: that is all there is to recovery.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from headrace.base.clock import Clock, Instant
from headrace.controllers.lookup import IsIntact, look_up
from headrace.engine.cancel import must_end
from headrace.engine.deadline import open_deadlines
from headrace.engine.decision import Kill, Launch, Sent
from headrace.engine.retry import open_waits
from headrace.engine.settle import settle
from headrace.engine.state import Options, RunState, open_attempts
from headrace.model.event import AttemptFailed, Event
from headrace.model.run import Failure
from headrace.spec.plan import Plan
from headrace.store import equal, images, leases, runs, upkeep
from headrace.store.db import Tx
from headrace.store.views import EventRow


@dataclass(slots=True)
class Held:
    """A run in memory, under its lease: the state, the lease's term, and the number of the run's last event."""

    state: RunState
    term: int
    number: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """What the transaction leaves behind: the run and its history as written, whether it came to another state; once
    it is committed, what to send, whom to wake."""

    held: Held
    rows: Sequence[EventRow]
    moved: bool
    commands: tuple[Sent, ...]
    woken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advance:
    """What every such transaction of a process uses.

    `holder` is the home in leases, `plan` finds a plan by id, `is_intact` says whether an artifact is what it was, and
    `mapped` which sources stand for images; none do where steps run in these.
    """

    clock: Clock
    options: Options
    holder: str
    plan: Callable[[Tx, str], Plan]
    is_intact: IsIntact
    mapped: Callable[[Tx], Mapping[str, str]] = images.contexts

    def __call__(self, tx: Tx, run_id: str, held: Held | None, observed: Sequence[Event]) -> Advanced:
        """Bring the run forward. Mutates `held`, which is void if the commit fails. Raises LeaseLost."""
        loaded = held is None
        lost: Sequence[Event] = ()
        if held is None:
            held, lost = self._load(tx, run_id)
        else:
            leases.hold_lease(tx, held.state.run.key, held.term)
        state, before = held.state, held.state.run.state
        events = [*lost, *runs.take_inbox(tx, state.run), *observed]
        settled = settle(state, events, lambda look: look_up(tx, state, look, self.clock.now(), self.is_intact))
        rows = runs.write(tx, state.run, held.number, events, settled.changes, state.plan)
        woken = equal.wake(tx, state.run.namespace, settled.freed, self.clock.now()) if settled.freed else ()
        if state.run.state.ended:
            upkeep.remove_if_gone(tx, run_id)
        commands = _open_commands(state) if loaded else settled.commands
        now_held, moved = Held(state, held.term, held.number + len(events)), state.run.state is not before
        return Advanced(now_held, rows, moved, commands, woken)

    def peek(self, tx: Tx, run_id: str) -> RunState:
        """The run as its rows have it, without a lease."""
        return self._read(tx, runs.load_run(tx, run_id))

    def _load(self, tx: Tx, run_id: str) -> tuple[Held, Sequence[Event]]:
        """The run from its rows, under a new term of its lease; and the end of what another server has left open."""
        taken = leases.take_lease(tx, runs.run_key(tx, run_id), self.holder)
        rows = runs.load_run(tx, run_id)
        held = Held(self._read(tx, rows), taken.term, rows.last_event)
        if taken.before in ("", self.holder):
            return held, ()
        return held, _lost(held.state, taken.host, self.clock.now())

    def _read(self, tx: Tx, rows: runs.RunRows) -> RunState:
        options = replace(self.options, mapped=self.mapped(tx))
        return RunState.load(self.plan(tx, rows.run.plan_id), options, rows.run, rows.tasks, rows.retired)


def _lost(state: RunState, host: str, at: Instant) -> list[Event]:
    """Attempts are in the home of the server that started them: nobody else can tell what became of them."""
    on = f" on {host}" if host else ""
    failure = Failure(f"the server{on} that ran it is gone: another one took the run over")
    return [
        AttemptFailed(each.attempt_id, each.path, at, each.started_at, failure, infrastructure=True)
        for each in open_attempts(state)
    ]


def _open_commands(state: RunState) -> tuple[Sent, ...]:
    """Every open attempt is launched again, or killed if it was asked to end; what waits, waits anew."""
    commands: list[Sent] = []
    for attempt in open_attempts(state):
        ending = attempt.failure is not None or must_end(state, attempt.path)
        commands.append((Kill if ending else Launch)(attempt.path, attempt.attempt_id))
    return (*commands, *open_waits(state), *open_deadlines(state))
