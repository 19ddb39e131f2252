"""Trying again: a step that failed, a group that failed, a run that ended.

A step's tries are its attempts. A group is tried again by removing what did not succeed in it, so that it is reached
afresh, and the same for a whole run: what succeeded is kept. Faults of the infrastructure have tries of their own.
"""

from dataclasses import replace

from headrace.base.clock import SECOND, Instant
from headrace.engine.attempts import next_attempt
from headrace.engine.cancel import must_end
from headrace.engine.deadline import run_began
from headrace.engine.decision import (
    AttemptAdded,
    AttemptMoved,
    Change,
    Decision,
    RunMoved,
    Sent,
    TaskAdded,
    TaskMoved,
    TaskRemoved,
    Wait,
)
from headrace.engine.equal import waits_for_equals
from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.event import GroupOpened
from headrace.model.run import Failure, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, AttemptState, Task, attempt_id, child
from headrace.spec.plan import Retry

INFRASTRUCTURE = Retry(max_retries=5, backoff=1.0, factor=4.0, longest=60.0)
"""What faults that are not the step's get, beside the user's own retries: over two minutes in all."""


def again(state: RunState, task: Task, failed: Attempt, failure: Failure) -> Decision | None:
    """Another try of a leaf whose attempt has `failed`; None where it has had all its tries, or the run has no time."""
    if must_end(state, task.path):
        return None
    policy = INFRASTRUCTURE if failed.infrastructure else state.plan_of(task.path).retry
    at = failed.ended_at
    alike = [
        each
        for each in task.attempts
        if each.created_at >= task.created_at
        and each.state is AttemptState.ENDED
        and each.infrastructure == failed.infrastructure
    ]
    delay = _delay(policy, len(alike) + 1)
    if delay is None:
        return None
    reason = f"attempt {failed.number} failed ({failure.message}); trying again"
    waits = TaskMoved(task.path, at, State.PENDING, reason=reason)
    changes: tuple[Change, ...] = (AttemptMoved(failed), waits)
    if delay == 0:
        tried = next_attempt(state, task.path, len(task.attempts), at)
        return Decision((*changes, *tried.changes), tried.commands)
    return Decision(changes, (_wait(task.path, at, delay),))


def again_group(state: RunState, path: str, failure: Failure | None, at: Instant) -> Decision | None:
    """Another try of a drained group that failed; None where it has had all its tries. An iteration has its loop's."""
    task = state.tasks[path]
    if task.iteration >= 0:
        return None
    tries = [each for each in task.attempts if each.created_at >= task.created_at]
    delay = _delay(state.plan_of(path).retry, len(tries) + 1)
    if delay is None or state.run.state is State.CANCELING:
        return None
    number = len(task.attempts) + 1
    attempt = Attempt(
        attempt_id=attempt_id(state.run.run_id, path, number),
        path=path,
        number=number,
        state=AttemptState.ENDED,
        created_at=max(at, task.created_at),  # the clock may have been set back
        started_at=task.started_at,
        ended_at=at,
        failure=failure,
    )
    changes: tuple[Change, ...] = (AttemptAdded(attempt), *(TaskRemoved(each) for each in _to_redo(state, path)))
    if delay == 0:
        return Decision(changes, then=(GroupOpened(path, at),))
    return Decision(changes, (_wait(path, at, delay),))


def retry_run(state: RunState, at: Instant) -> Decision:
    """An ended run is to begin again, and does, with what succeeded kept."""
    root = state.tasks.get(ROOT)
    if not state.run.state.ended or root is None:
        return Decision()
    removed = [TaskRemoved(path) for path in (*_to_redo(state, ROOT), ROOT)]
    begun = replace(
        root,
        state=State.RUNNING,
        created_at=at,
        started_at=at,
        ended_at=Instant(0),
        failure=None,
        outputs=Bindings(),
        history=(StateChange(at, State.RUNNING),),
        attempts=(),
    )
    moves = (RunMoved(at, State.PENDING), RunMoved(at, State.RUNNING))
    changes: tuple[Change, ...] = (*moves, *removed, TaskAdded(begun))
    return Decision(changes, run_began(state.plan, at), (GroupOpened(ROOT, at),))


def open_waits(state: RunState) -> list[Sent]:
    """What a run that was loaded waits for: next tries of leaves and groups, next iterations of loops, equal steps."""
    waits: list[Sent] = []
    for path in sorted(state.live | state.groups):
        task = state.tasks[path]
        last = task.attempts[-1] if task.attempts else None
        if path in state.todo:
            waits.append(Wait(path, Instant(0), 0.0))
        elif last is not None and last.state is AttemptState.ENDED and last.created_at >= task.created_at:
            policy = INFRASTRUCTURE if last.infrastructure else state.plan_of(path).retry
            tries = sum(each.created_at >= task.created_at for each in task.attempts)
            delay = _delay(policy, tries) or 0.0
            waits.append(_wait(path, last.ended_at, delay))
    return [*waits, *waits_for_equals(state)]


def _to_redo(state: RunState, path: str) -> list[str]:
    """The tasks in the group at `path` that did not succeed, and what ran all the same after such; inner ones first."""
    if state.is_loop(path):
        paths = [child(path, str(index)) for index in range(state.tasks[path].iterations)]
        redone = [each for each in paths if each in state.tasks and not state.tasks[each].state.good]
    else:
        redone = []
        for name, plan in state.dag(path).tasks.items():
            task = state.tasks.get(child(path, name))
            waits_for = {child(path, each) for each in plan.depends_on}
            stale = not waits_for.isdisjoint(redone)  # an exit task ran well on what is redone
            if task is not None and (stale or not task.state.good):
                redone.append(task.path)
    return [inner for each in redone for inner in (*_inner(state, each), each)]


def _inner(state: RunState, path: str) -> list[str]:
    """What to remove in a task that is removed itself: of a group that succeeded all, of one never opened nothing."""
    task = state.tasks[path]
    if not task.kind.is_group or not task.started_at:
        return []
    if not task.state.good:
        return _to_redo(state, path)
    return [each for each in sorted(state.tasks, key=len, reverse=True) if each.startswith(f"{path}.")]


def _delay(policy: Retry | None, tries: int) -> float | None:
    """Seconds before the try that follows `tries` failures; None where there is none."""
    return None if policy is None or tries > policy.max_retries else policy.pause(tries)


def _wait(path: str, since: Instant, seconds: float) -> Wait:
    return Wait(path, Instant(since + round(seconds * SECOND)), seconds)
