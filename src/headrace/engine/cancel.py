"""What a run that is being stopped still does: end what runs, and then its exit tasks, with all that is in them.

It was terminated, and ends CANCELED, or its time is over, and it ends FAILED.
"""

from headrace.base.clock import Instant
from headrace.engine.decision import Change, Decision, Kill, RunMoved, TaskMoved
from headrace.engine.state import RunState
from headrace.model.event import Event, GroupOpened, TaskEnded
from headrace.model.run import Failure, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, child
from headrace.spec.plan import TaskPlan, Trigger

CANCELED = Failure("the run was terminated", code=1)


def stop(state: RunState, at: Instant, reason: Failure | None = None) -> Decision:
    """Kill what runs. Exit tasks come after it, and are spared: the run is not asked twice.

    Without a `reason` it was terminated.
    """
    if state.run.state.ended or state.run.state is State.CANCELING:
        return Decision()
    at = max((at, *(Instant(state.tasks[path].created_at + 1) for path in state.live | state.groups)))
    changes: tuple[Change, ...] = (RunMoved(at, State.CANCELING, reason),)
    if ROOT not in state.tasks:
        return Decision((*changes, RunMoved(at, State.CANCELED)))
    ends, failure = _ending(reason)
    kills, then = [], []
    for path in sorted(state.live):
        attempt = state.tasks[path].open_attempt
        if attempt is not None:
            kills.append(Kill(path, attempt.attempt_id))
        else:
            changes += (TaskMoved(path, at, ends, failure=failure),)
            then.append(TaskEnded(path, at))
    opened: list[Event] = [GroupOpened(path, at) for path in sorted(state.groups)]
    return Decision(changes, tuple(kills), (*then, *opened))


def ending(state: RunState) -> tuple[State, Failure]:
    """How all that the stopped run leaves unfinished ends, and the run itself."""
    return _ending(_asked(state).failure)


def must_end(state: RunState, path: str) -> bool:
    """Whether the task at `path` is to end because the run is being stopped."""
    return state.run.state is State.CANCELING and not in_exit_task(state, path)


def is_spared(state: RunState, parent: str, plan: TaskPlan) -> bool:
    """Whether a task may begin: always, but in a run that is being stopped only as an exit task or within one."""
    if state.run.state is not State.CANCELING:
        return True
    if plan.trigger is Trigger.ALL_COMPLETED and _something_ran(state, parent, plan):
        return True
    return in_exit_task(state, parent)


def in_exit_task(state: RunState, path: str) -> bool:
    """Whether the task at `path` is, or is within, an exit task that began after the run was asked to end."""
    since = asked_at(state)
    while path != ROOT:
        plan = state.plan_of(path)
        if plan.trigger is Trigger.ALL_COMPLETED and state.tasks[path].created_at >= since:
            return True
        path = path.rpartition(".")[0]
    return False


def asked_at(state: RunState) -> Instant:
    """When the run that is being stopped was asked to end: after all that had begun, whatever the clock said."""
    return _asked(state).at


def _asked(state: RunState) -> StateChange:
    """When the run was asked to end, and why."""
    return next(change for change in reversed(state.run.history) if change.state is State.CANCELING)


def _ending(reason: Failure | None) -> tuple[State, Failure]:
    return (State.CANCELED, CANCELED) if reason is None else (State.FAILED, reason)


def _something_ran(state: RunState, parent: str, plan: TaskPlan) -> bool:
    return any(state.tasks[child(parent, name)].started_at for name in plan.depends_on)
