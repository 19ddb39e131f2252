"""The time limits of a live run on the event loop: says when one has passed.

Takes the planner's `Deadline`s, gives `DeadlinePassed`. What is left of a limit is asked of the clock once, when it is
set; from then on the loop's own time counts, which does not jump.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from headrace.base.clock import SECOND, Clock
from headrace.engine.decision import Deadline
from headrace.model.event import DeadlinePassed, Event


@dataclass(slots=True)
class Limits:
    """One limit an attempt, one for the run (its attempt id is "")."""

    clock: Clock
    tell: Callable[[Event], None]
    _timers: dict[str, tuple[Deadline, asyncio.TimerHandle]] = field(default_factory=dict)

    def set(self, deadline: Deadline) -> None:
        """Wait for it, never longer than the limit is. One that is known already keeps its time."""
        known = self._timers.get(deadline.attempt_id)
        if known is not None and known[0] == deadline:
            return
        self.drop(deadline.attempt_id)
        left = (deadline.due - self.clock.now()) / SECOND
        seconds = min(float(deadline.seconds), max(0.0, left))
        timer = asyncio.get_running_loop().call_later(seconds, self._pass, deadline)
        self._timers[deadline.attempt_id] = (deadline, timer)

    def drop(self, attempt_id: str) -> None:
        """It is over before its time."""
        known = self._timers.pop(attempt_id, None)
        if known is not None:
            known[1].cancel()

    def clear(self) -> None:
        """The run needs none any more."""
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _pass(self, deadline: Deadline) -> None:
        path, attempt_id = deadline.path, deadline.attempt_id
        self.tell(DeadlinePassed(path, attempt_id, deadline.since, deadline.seconds, self.clock.now()))
