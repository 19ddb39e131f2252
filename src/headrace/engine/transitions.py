"""Every legal move of a task and of a run. A property test holds `step` to these tables.

A task is added in PENDING (waits for the cache or a slot), RUNNING (a DAG), SKIPPED or FAILED (its inputs).
"""

from headrace.model.state import State

TASK_BEGINS = frozenset({State.PENDING, State.RUNNING, State.SKIPPED, State.FAILED})

TASK_MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.RUNNING, State.CACHED, State.SUCCEEDED, State.FAILED, State.CANCELED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELED}),
    State.SUCCEEDED: frozenset(),
    State.CACHED: frozenset(),
    State.SKIPPED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELING: frozenset(),
    State.CANCELED: frozenset(),
}

RUN_MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.RUNNING, State.CANCELING, State.FAILED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELING}),
    State.CANCELING: frozenset({State.CANCELED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELED: frozenset(),
    State.CACHED: frozenset(),
    State.SKIPPED: frozenset(),
}
