"""What can happen to a run. The engine takes these, the store keeps them as the run's history.

Events from outside carry the instant at which they were seen; the engine reads no clock. The last four are the
engine's own: it tells itself what follows, one small transition at a time.
"""

from dataclasses import dataclass, field

from headrace.base.clock import Instant
from headrace.model.artifact import Artifact, Bindings
from headrace.model.run import Failure
from headrace.model.task import Earlier, Usage


@dataclass(frozen=True, slots=True)
class RunRequested:
    """The run was accepted: begin."""

    at: Instant


@dataclass(frozen=True, slots=True)
class TerminateRequested:
    """Somebody wants the run to end now."""

    at: Instant
    by: str = ""


@dataclass(frozen=True, slots=True)
class RetryRequested:
    """Somebody wants what did not succeed of an ended run to be run again."""

    at: Instant
    by: str = ""


@dataclass(frozen=True, slots=True)
class RunAborted:
    """The run cannot be carried on, for a reason that is ours; no further event will come."""

    at: Instant
    failure: Failure


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A launcher saw the attempt's process."""

    attempt_id: str
    path: str
    at: Instant
    warning: str = ""


@dataclass(frozen=True, slots=True)
class AttemptSucceeded:
    """The attempt ended well and its outputs are published."""

    attempt_id: str
    path: str
    at: Instant
    started_at: Instant
    outputs: Bindings
    usage: Usage | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The attempt did not give its outputs. `killed`: because it was asked to end. `infrastructure`: not its fault.

    `outputs` is what is kept of it all the same: its log.
    """

    attempt_id: str
    path: str
    at: Instant
    started_at: Instant
    failure: Failure
    exit_code: int | None = None
    killed: bool = False
    infrastructure: bool = False
    usage: Usage | None = None
    outputs: Bindings = field(default_factory=Bindings)


@dataclass(frozen=True, slots=True)
class CacheAnswered:
    """The store looked for an earlier execution. `source` is the task id of the hit, "" for a miss.

    `waits` says that an equal step is being executed: it is asked again once that has ended.
    """

    path: str
    at: Instant
    source: str = ""
    outputs: Bindings = field(default_factory=Bindings)
    waits: bool = False


@dataclass(frozen=True, slots=True)
class EarlierAnswered:
    """The store looked for the task in the run that this one was resumed from; None where it did not succeed there."""

    path: str
    at: Instant
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True)
class ImportAnswered:
    """The store looked for an artifact that the importer can take again; None where there is none."""

    path: str
    at: Instant
    artifact: Artifact | None = None


@dataclass(frozen=True, slots=True)
class WaitEnded:
    """A task has waited long enough: for its next try, a loop for its next iterations, a step for an equal one."""

    path: str
    at: Instant


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The attempt, or with `attempt_id` "" the run, has had the `seconds` that it may take since `since`."""

    path: str
    attempt_id: str
    since: Instant
    seconds: int
    at: Instant


@dataclass(frozen=True, slots=True)
class TaskReady:
    """All that the task depends on has ended."""

    path: str
    at: Instant


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """The task reached an end state: see to its successors and its parent."""

    path: str
    at: Instant


@dataclass(frozen=True, slots=True)
class GroupOpened:
    """The group at `path` has begun: see which of its tasks may."""

    path: str
    at: Instant


@dataclass(frozen=True, slots=True)
class GroupDrained:
    """Every task of the group at `path` has ended."""

    path: str
    at: Instant


Event = (
    RunRequested
    | TerminateRequested
    | RetryRequested
    | RunAborted
    | AttemptStarted
    | AttemptSucceeded
    | AttemptFailed
    | CacheAnswered
    | EarlierAnswered
    | ImportAnswered
    | WaitEnded
    | DeadlinePassed
    | TaskReady
    | TaskEnded
    | GroupOpened
    | GroupDrained
)
