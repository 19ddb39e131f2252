"""What the planner answers: changes to apply and to write, commands to carry out, and what follows at once.

Changes and commands of one `Decision` commit together or not at all. `then` is handed back to `step`, in order,
after the changes were applied; it never leaves the transaction.
"""

from dataclasses import dataclass, field

from headrace.base.clock import SECOND, Instant
from headrace.base.json import JsonObject, JsonValue
from headrace.model.artifact import Bindings
from headrace.model.event import Event
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import Attempt, Task


@dataclass(frozen=True, slots=True)
class RunMoved:
    """The run's state changes; a history line is added. An end state sets `finished_at`, a new begin clears it."""

    at: Instant
    state: State
    failure: Failure | None = None

    @property
    def begins(self) -> bool:
        """The run begins, or begins again: what it failed of before is no more."""
        return self.state in (State.PENDING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class TaskAdded:
    """A task was reached: a new row, with its inputs."""

    task: Task


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """The task's state changes; a history line is added. An end state sets `ended_at`, RUNNING `started_at`.

    `outputs` are given with SUCCEEDED and CACHED, and are written with their lineage; `cached_from` is the task id
    whose outputs they are; `reason` says why, for a person (a skip, a warning).
    """

    path: str
    at: Instant
    state: State
    started_at: Instant = Instant(0)
    outputs: Bindings | None = None
    cached_from: str = ""
    failure: Failure | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TaskRemoved:
    """The task is as if it had not been reached: it may be added again. Its attempts are kept, and counted on."""

    path: str


@dataclass(frozen=True, slots=True)
class AttemptAdded:
    """A new try of a task, in state OPEN; of a group, one that failed."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class AttemptMoved:
    """The attempt as it is now, whole."""

    attempt: Attempt


Change = RunMoved | TaskAdded | TaskMoved | TaskRemoved | AttemptAdded | AttemptMoved


@dataclass(frozen=True, slots=True)
class LookUpCache:
    """Answered with `CacheAnswered` inside the same transaction. `parts` is what the fingerprint was made of."""

    path: str
    fingerprint: str
    parts: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class LookUpEarlier:
    """Answered with `EarlierAnswered` inside the same transaction. `task_id` is that of the task in the earlier run."""

    path: str
    task_id: str


@dataclass(frozen=True, slots=True)
class LookUpImport:
    """Answered with `ImportAnswered` inside the same transaction: is there an artifact of that uri, type, metadata?"""

    path: str
    uri: str
    type: str
    metadata: JsonObject


@dataclass(frozen=True, slots=True)
class Launch:
    """Sent after the commit; sent again after a restart, while the attempt has not ended."""

    path: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Kill:
    """Sent after the commit; sent again after a restart, while the attempt has not ended."""

    path: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Answered with `WaitEnded` in a later transaction: not before `due`, and at most `seconds` from now.

    Both, because a clock may jump: `due` lets a restart wait only for what is left, `seconds` bounds it.
    """

    path: str
    due: Instant
    seconds: float


@dataclass(frozen=True, slots=True)
class Deadline:
    """Answered with `DeadlinePassed` in a later transaction, unless what it limits has ended before.

    It limits an attempt, or with `attempt_id` "" the run, to `seconds` from `since`. Made of rows alone, so that one
    which is sent again is equal to the first: who has it keeps the time that it has, for a clock may jump.
    """

    path: str
    attempt_id: str
    since: Instant
    seconds: int

    @property
    def due(self) -> Instant:
        return Instant(self.since + self.seconds * SECOND)


LookUp = LookUpCache | LookUpEarlier | LookUpImport
"""The commands that the store answers within the transaction."""

Command = LookUp | Launch | Kill | Wait | Deadline
Sent = Launch | Kill | Wait | Deadline
"""The commands that leave the transaction."""


@dataclass(frozen=True, slots=True)
class Decision:
    """All that one event leads to."""

    changes: tuple[Change, ...] = ()
    commands: tuple[Command, ...] = ()
    then: tuple[Event, ...] = field(default=())
