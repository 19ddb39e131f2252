"""Every legal move of a task and of a run. A property test holds `step` to these tables.

A task is added in PENDING (waits for the cache or a slot), RUNNING (a group), SKIPPED, FAILED (its inputs) or CANCELED
(the run was being terminated when its turn came). It goes back to PENDING between two tries; it may have been there, if
it was refused before it started.
"""

from headrace.model.state import State

TASK_BEGINS = frozenset({State.PENDING, State.RUNNING, State.SKIPPED, State.FAILED, State.CANCELED})

TASK_MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset(
        {State.PENDING, State.RUNNING, State.CACHED, State.SUCCEEDED, State.FAILED, State.CANCELED}
    ),
    State.RUNNING: frozenset({State.PENDING, State.SUCCEEDED, State.FAILED, State.CANCELED}),
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
    State.SUCCEEDED: frozenset({State.PENDING}),
    State.FAILED: frozenset({State.PENDING}),
    State.CANCELED: frozenset({State.PENDING}),
    State.CACHED: frozenset(),
    State.SKIPPED: frozenset(),
}
