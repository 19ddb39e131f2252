"""The launcher of a simulated world, at the level of events: attempts are claimed once, run, and end in some way.

Takes the world's plan and randomness; gives the events that a controller would make of a launcher's observations. It
remembers what really happened, which is what the run's rows are compared with.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

from headrace.base.clock import Instant
from headrace.model.artifact import Bindings
from headrace.model.event import AttemptFailed, AttemptSucceeded
from headrace.model.run import Failure
from headrace.model.task import Task
from headrace.spec.plan import Dag, Plan
from headrace.testing.outputs import MadeUp


@dataclass(slots=True)
class Claimed:
    """An attempt that the launcher has heard of. `ended` is what it says of it from then on."""

    task: Task
    attempt_id: str
    started_at: Instant
    launched: bool = False
    ended: AttemptSucceeded | AttemptFailed | None = None


@dataclass(slots=True)
class Attempts:
    """All attempts of one run. `running` have been executed and have not ended; `made` is what came of each success."""

    plan: Plan
    rng: random.Random
    executions: Counter[str] = field(default_factory=Counter)
    running: list[Claimed] = field(default_factory=list)
    made: dict[str, Bindings] = field(default_factory=dict)
    _claimed: dict[str, Claimed] = field(default_factory=dict)
    _outputs: MadeUp = field(init=False)

    def __post_init__(self) -> None:
        self._outputs = MadeUp(self.plan, self.rng)

    def claim(self, task: Task, attempt_id: str, at: Instant) -> Claimed:
        """The attempt, the same one each time."""
        if attempt_id not in self._claimed:
            self._claimed[attempt_id] = Claimed(task, attempt_id, at)
        return self._claimed[attempt_id]

    def launch(self, claimed: Claimed) -> None:
        """Its process starts."""
        claimed.launched = True
        if claimed.ended is None:
            self.executions[claimed.task.path] += 1
            self.running.append(claimed)

    def succeed(self, claimed: Claimed, at: Instant) -> None:
        """It ends well, with made-up outputs."""
        component = self.plan.find(claimed.task.path).component
        assert not isinstance(component, Dag)
        outputs = self._outputs.outputs(claimed.task.path, component, claimed.attempt_id, claimed.started_at)
        self.made[claimed.attempt_id] = outputs
        self._end(claimed, AttemptSucceeded(claimed.attempt_id, claimed.task.path, at, claimed.started_at, outputs))

    def fail(self, claimed: Claimed, at: Instant) -> None:
        """Its code is wrong."""
        self._end(claimed, _failure(claimed, at, "it failed on purpose", exit_code=1))

    def lose(self, claimed: Claimed, at: Instant) -> None:
        """It is gone without a trace."""
        self._end(claimed, _failure(claimed, at, "the attempt was lost", infrastructure=True))

    def refuse(self, claimed: Claimed, at: Instant) -> None:
        """It cannot be started: for want of room, or for good."""
        self._end(claimed, _failure(claimed, at, "the launch was refused", infrastructure=self.rng.random() < 0.5))

    def kill(self, claimed: Claimed, at: Instant) -> None:
        """It ends, or will never start."""
        if claimed.ended is None:
            self._end(claimed, _failure(claimed, at, "it was killed", exit_code=-9, killed=True))

    def _end(self, claimed: Claimed, how: AttemptSucceeded | AttemptFailed) -> None:
        claimed.launched = True
        claimed.ended = how
        if claimed in self.running:
            self.running.remove(claimed)


def _failure(
    claimed: Claimed,
    at: Instant,
    message: str,
    *,
    exit_code: int | None = None,
    killed: bool = False,
    infrastructure: bool = False,
) -> AttemptFailed:
    return AttemptFailed(
        claimed.attempt_id,
        claimed.task.path,
        at,
        claimed.started_at,
        Failure(message),
        exit_code=exit_code,
        killed=killed,
        infrastructure=infrastructure,
    )
