"""Follows one event until the run is quiet: `step`, `apply`, and again for all that comes of it.

What the store can answer (a cache look-up) is asked for through `answer` and goes back in as an event, so a run of
cached tasks is one call. Gives the changes to write and the commands to send once they are committed.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from headrace.engine.decision import Change, LookUpCache, Sent
from headrace.engine.state import RunState
from headrace.engine.step import step
from headrace.model.event import CacheAnswered, Event

Answer = Callable[[LookUpCache], CacheAnswered]


@dataclass(frozen=True, slots=True)
class Settled:
    """All that one or more events led to, in order."""

    changes: tuple[Change, ...]
    commands: tuple[Sent, ...]


def settle(state: RunState, events: Iterable[Event], answer: Answer) -> Settled:
    """Feed `events` to the run, one after the other, each to the end of what follows from it. Mutates `state`."""
    changes: list[Change] = []
    commands: dict[Sent, None] = {}
    for event in events:
        queue = deque([event])
        while queue:
            decision = step(state, queue.popleft())
            state.apply(decision.changes)
            changes.extend(decision.changes)
            queue.extend(decision.then)
            for command in decision.commands:
                if isinstance(command, LookUpCache):
                    queue.append(answer(command))
                else:
                    commands[command] = None
    return Settled(tuple(changes), tuple(commands))
