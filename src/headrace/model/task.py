"""A task of a run, and the attempts at it.

A task is named in its run by its `path`: `root` is the run's own DAG, `root.train` a task in it,
`root.inner.train` a task of a nested pipeline, `root.loop.3` the fourth iteration of a loop and `root.loop.3.train` a
task of it. Task names never hold a dot, so paths are unambiguous.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.json import JsonObject
from headrace.model.artifact import Bindings
from headrace.model.run import Failure, StateChange
from headrace.model.state import State

ROOT = "root"


class TaskKind(StrEnum):
    """What a task does; the names are KFP 3.0's task types, but ITERATION, which KFP leaves out of a loop's tasks."""

    ROOT = "ROOT"
    DAG = "DAG"
    LOOP = "LOOP"
    ITERATION = "ITERATION"
    CONDITION = "CONDITION"
    CONDITION_BRANCH = "CONDITION_BRANCH"
    EXIT_HANDLER = "EXIT_HANDLER"
    RUNTIME = "RUNTIME"
    IMPORTER = "IMPORTER"

    @property
    def is_group(self) -> bool:
        """It holds tasks and runs nothing itself."""
        return self not in (TaskKind.RUNTIME, TaskKind.IMPORTER)


class AttemptState(StrEnum):
    """OPEN: committed, so it will be launched; STARTED: its process was seen; ENDED: its end was seen."""

    OPEN = "OPEN"
    STARTED = "STARTED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a step's processes used: CPU seconds, and bytes.

    `max_rss` is the most memory that one of them held, `peak_memory` all of them at once as far as it was seen;
    `read_bytes` and `written_bytes` went from and to disks. `average_memory` is over time, `peak_cores` the most CPU
    seconds in one second: both of steps that ran for longer than one. `over_limit` is the limit of memory that it was
    killed for. 0 is also what is not known. New fields go last: rows hold the values in this order.
    """

    user_seconds: float = 0.0
    system_seconds: float = 0.0
    max_rss: int = 0
    peak_memory: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    average_memory: int = 0
    peak_cores: float = 0.0
    over_limit: int = 0

    @property
    def cpu_seconds(self) -> float:
        return self.user_seconds + self.system_seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a task. `exit_code` is the process's own, or -signal; None where none was seen.

    `infrastructure` says that the step was not to blame for the failure. A group's attempts are those of its retries
    that failed.
    """

    attempt_id: str
    path: str
    number: int
    state: AttemptState = AttemptState.OPEN
    created_at: Instant = Instant(0)
    started_at: Instant = Instant(0)
    ended_at: Instant = Instant(0)
    exit_code: int | None = None
    failure: Failure | None = None
    usage: Usage | None = None
    infrastructure: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A task that was reached. Tasks that a run never reached have no row.

    `iterations` is how many a loop has, `iteration` which of them (from 0) a task is; -1 where there is none. `sources`
    is the digest of the sources that its image was mapped to when it was reached, "" for none. `posted` is what a
    client said of a task that it posted itself; None for those of the planner, which never sees others.
    """

    task_id: str
    path: str
    parent: str
    name: str
    display_name: str
    kind: TaskKind
    state: State
    created_at: Instant
    started_at: Instant = Instant(0)
    ended_at: Instant = Instant(0)
    inputs: Bindings = field(default_factory=Bindings)
    outputs: Bindings = field(default_factory=Bindings)
    fingerprint: str = ""
    cached_from: str = ""
    sources: str = ""
    failure: Failure | None = None
    reason: str = ""
    history: tuple[StateChange, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    iteration: int = -1
    iterations: int = -1
    posted: JsonObject | None = None

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt that has not ended."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.state is not AttemptState.ENDED else None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A task of an earlier run that succeeded. `is_intact`: the artifacts that it gave are there as they were."""

    task_id: str
    inputs: Bindings
    outputs: Bindings
    is_intact: bool = True


def child(parent: str, name: str) -> str:
    """The path of the task `name` in the DAG at `parent`."""
    return f"{parent}.{name}"


def task_id(run_id: str, path: str) -> str:
    """The public id of a task: derived, so that the planner can name it."""
    return ids.derived(run_id, "task", path)


def attempt_id(run_id: str, path: str, number: int) -> str:
    """The public id of an attempt; what makes a launch idempotent."""
    return ids.derived(run_id, "attempt", path, number)
