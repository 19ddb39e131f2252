"""The end of a run that Headrace itself cannot carry on: all that is open fails, with the reason.

Needs no plan, so that it also ends a run whose plan is what is broken.
"""

from collections.abc import Iterable
from dataclasses import replace

from headrace.base.clock import Instant
from headrace.engine.decision import AttemptMoved, Change, RunMoved, TaskMoved
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import AttemptState, Task


def abort(tasks: Iterable[Task], at: Instant, failure: Failure) -> tuple[Change, ...]:
    """The changes that end the run whose tasks these are; inner tasks first."""
    changes: list[Change] = []
    unended = [task for task in tasks if not task.state.ended]
    for task in sorted(unended, key=lambda task: (-task.path.count("."), task.path)):
        attempt = task.attempts[-1] if task.attempts else None
        if attempt is not None and attempt.state is not AttemptState.ENDED:
            changes.append(AttemptMoved(replace(attempt, state=AttemptState.ENDED, ended_at=at, failure=failure)))
        changes.append(TaskMoved(task.path, at, State.FAILED, failure=failure))
    return (*changes, RunMoved(at, State.FAILED, failure))
