"""The next attempt of a leaf: named after its task and its number, so that a launch is idempotent."""

from headrace.base.clock import Instant
from headrace.engine.decision import AttemptAdded, Decision, Launch
from headrace.engine.state import RunState
from headrace.model.task import Attempt, attempt_id


def next_attempt(state: RunState, path: str, tried: int, at: Instant) -> Decision:
    """Try the task that has been tried `tried` times."""
    name = attempt_id(state.run.run_id, path, tried + 1)
    task = state.tasks.get(path)
    begins = at if task is None else max(at, task.created_at)  # the clock may have been set back
    attempt = Attempt(attempt_id=name, path=path, number=tried + 1, created_at=begins)
    return Decision((AttemptAdded(attempt),), (Launch(path, name),))
