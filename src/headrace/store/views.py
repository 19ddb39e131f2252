"""What this room answers that is no noun of `model`: a line of history, a cache hit, lineage as listed."""

from dataclasses import dataclass

from headrace.base.clock import Instant
from headrace.base.json import JsonObject
from headrace.model.artifact import Artifact, Bindings, IOType
from headrace.model.run import Failure
from headrace.model.state import State


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of a run's history. `state` is what the event left its task (or the run, at path "") in, "" for no
    change; `payload` is described in `history.py`."""

    number: int
    at: Instant
    kind: str
    path: str
    state: str
    payload: JsonObject


@dataclass(frozen=True, slots=True)
class RunChange:
    """A state that a run came to, with its place in the order of all such changes, and what is known of the run."""

    place: int
    at: Instant
    state: State
    failure: Failure | None
    run_id: str
    name: str
    namespace: str
    experiment_id: str
    recurring_run_id: str
    pipeline_id: str
    pipeline_version_id: str
    created_at: Instant


@dataclass(frozen=True, slots=True)
class CacheHit:
    """An earlier execution of the same: its task, and what came out of it."""

    task_id: str
    outputs: Bindings


@dataclass(frozen=True, slots=True)
class Entry:
    """What the cache holds: a task that may stand in for equal ones, how often it did, the bytes of its artifacts."""

    fingerprint: str
    pipeline: str
    run_id: str
    task_id: str
    path: str
    ended_at: Instant
    taken: int
    size: int


@dataclass(frozen=True, slots=True)
class Execution:
    """An earlier execution of a task: where, when it ended, what it was given and what its fingerprint was made of."""

    run_id: str
    task_id: str
    ended_at: Instant
    parameters: JsonObject
    parts: JsonObject


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """An artifact, and who made it."""

    artifact: Artifact
    key: int
    namespace: str
    run_id: str
    task_id: str
    producer: str


@dataclass(frozen=True, slots=True)
class ArtifactTask:
    """A link of lineage. `producer` is the task that the artifact is from, `iteration` which of it, -1 for none."""

    link_id: str
    artifact_id: str
    run_id: str
    task_id: str
    type: IOType
    key: str
    position: int
    producer: str
    iteration: int


@dataclass(frozen=True, slots=True)
class RunMetric:
    """One number that a run gave, and the task that it came out of."""

    name: str
    task_id: str
    value: float


@dataclass(frozen=True, slots=True)
class RunVersion:
    """What tells a run, as it is shown, from what it was before: its last event, the last wish in its inbox, and
    `revision`, which counts the changes that are neither."""

    revision: int
    event: int
    wish: int
