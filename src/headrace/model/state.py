"""The one state enum of runs and tasks, and what each state is called in the views.

PENDING → RUNNING → SUCCEEDED | FAILED, CACHED and SKIPPED without running, CANCELING → CANCELED.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a run or a task is."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    CACHED = "CACHED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"

    @property
    def ended(self) -> bool:
        """Nothing follows but a retry of the run."""
        return self in _ENDED

    @property
    def good(self) -> bool:
        """Ended with all its outputs."""
        return self in (State.SUCCEEDED, State.CACHED)


_ENDED = frozenset({State.SUCCEEDED, State.CACHED, State.SKIPPED, State.FAILED, State.CANCELED})

RUNTIME_STATE: dict[State, str] = {
    **{state: state.value for state in State},
    State.CACHED: "SUCCEEDED",
}
"""v2beta1 `RuntimeState` (which has no CACHED)."""

TASK_STATE: dict[State, str] = {
    State.PENDING: "RUNNING",
    State.RUNNING: "RUNNING",
    State.SUCCEEDED: "SUCCEEDED",
    State.CACHED: "CACHED",
    State.SKIPPED: "SKIPPED",
    State.FAILED: "FAILED",
    State.CANCELING: "RUNNING",
    State.CANCELED: "FAILED",
}
"""KFP 3.0 `PipelineTask.state`."""


class StorageState(StrEnum):
    """Whether a run or an experiment shows in the lists of live things."""

    AVAILABLE = "AVAILABLE"
    ARCHIVED = "ARCHIVED"
