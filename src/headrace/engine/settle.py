"""Follows one event until the run is quiet: `step`, `apply`, and again for all that comes of it.

What the store can answer (a cache look-up) is asked for through `answer` and goes back in as an event, so a run of
cached tasks is one call. Gives the changes to write and the commands to send once they are committed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from headrace.engine.decision import Change, LookUp, Sent, TaskMoved, Wait
from headrace.engine.state import RunState
from headrace.engine.step import step
from headrace.model.event import CacheAnswered, EarlierAnswered, Event, ImportAnswered
from headrace.model.state import State

Answer = Callable[[LookUp], CacheAnswered | EarlierAnswered | ImportAnswered]


@dataclass(frozen=True, slots=True)
class Settled:
    """All that one or more events led to, in order. `freed` are the fingerprints whose execution has ended."""

    changes: tuple[Change, ...]
    commands: tuple[Sent, ...]
    freed: frozenset[str] = frozenset()


def settle(state: RunState, events: Iterable[Event], answer: Answer) -> Settled:
    """Feed `events` to the run, one after the other, each to the end of what follows from it. Mutates `state`."""
    changes: list[Change] = []
    commands: dict[Sent | str, Sent] = {}
    freed: set[str] = set()
    for event in events:
        queue = deque([event])
        while queue:
            decision = step(state, queue.popleft())
            state.apply(decision.changes)
            changes.extend(decision.changes)
            freed.update(_freed(state, decision.changes))
            queue.extend(decision.then)
            for command in decision.commands:
                if isinstance(command, LookUp):
                    queue.append(answer(command))
                else:
                    commands.setdefault(_same(command), command)
    return Settled(tuple(changes), tuple(commands.values()), frozenset(freed))


def _same(command: Sent) -> Sent | str:
    """What is sent once. A task is woken once, however many ends ask for it: each time a loop begins a hundred more."""
    return command.path if isinstance(command, Wait) else command


def _freed(state: RunState, changes: Iterable[Change]) -> Iterator[str]:
    """Looked for while the task is there: it may be removed, to be reached again."""
    for change in changes:
        if isinstance(change, TaskMoved) and change.state.ended and change.state is not State.CACHED:
            task = state.tasks.get(change.path)
            if task is not None and task.fingerprint and task.attempts:
                yield task.fingerprint
