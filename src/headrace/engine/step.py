"""The planner. `step` takes the state of a run and one event and says what changes; it changes nothing itself.

It is total: every event has its answer in every state, and late, doubled or foreign reports are answered with
nothing. One event makes one small transition; what follows from it comes back through `Decision.then`.
"""

from dataclasses import replace
from typing import TypeGuard, assert_never

from headrace.base.clock import Instant
from headrace.engine import groups
from headrace.engine.abort import abort
from headrace.engine.attempts import next_attempt
from headrace.engine.cancel import ending, must_end, stop
from headrace.engine.deadline import attempt_began, passed, run_began
from headrace.engine.decision import AttemptMoved, Change, Deadline, Decision, RunMoved, TaskAdded, TaskMoved
from headrace.engine.equal import look_again, waits_for_equal
from headrace.engine.errand import taken_again
from headrace.engine.ready import on_ready
from headrace.engine.resume import on_earlier
from headrace.engine.retry import again, retry_run
from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.event import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CacheAnswered,
    DeadlinePassed,
    EarlierAnswered,
    Event,
    GroupDrained,
    GroupOpened,
    ImportAnswered,
    RetryRequested,
    RunAborted,
    RunRequested,
    TaskEnded,
    TaskReady,
    TerminateRequested,
    WaitEnded,
)
from headrace.model.run import StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, AttemptState, Task, TaskKind, task_id
from headrace.spec.values import runtime_parameters

NOTHING = Decision()


def step(state: RunState, event: Event) -> Decision:
    """What `event` leads to in `state`."""
    match event:
        case RunRequested(at):
            return _begin(state, at)
        case TerminateRequested(at):
            return stop(state, at)
        case RetryRequested(at):
            return retry_run(state, at)
        case RunAborted(at, failure):
            return NOTHING if state.run.state.ended else Decision(abort(state.tasks.values(), at, failure))
        case AttemptStarted():
            return _started(state, event)
        case AttemptSucceeded():
            return _succeeded(state, event)
        case AttemptFailed():
            return _failed(state, event)
        case CacheAnswered():
            return _answered(state, event)
        case EarlierAnswered(path, at, earlier):
            task = state.tasks.get(path)
            return on_earlier(state, task, earlier, at) if _is_asking(task) else NOTHING
        case ImportAnswered():
            return _imported(state, event)
        case WaitEnded(path, at):
            return _go_on(state, path, at)
        case DeadlinePassed(path, attempt_id, since, seconds, at):
            return passed(state, Deadline(path, attempt_id, since, seconds), at)
        case TaskReady(path, at):
            return on_ready(state, path, at) if _is_due(state, path) else NOTHING
        case TaskEnded(path, at):
            return groups.ended(state, state.tasks[path], at) if path in state.tasks else NOTHING
        case GroupOpened(path, at):
            return groups.opened(state, path, at) if path in state.groups else NOTHING
        case GroupDrained(path, at):
            return groups.drained(state, path, at) if path in state.groups else NOTHING
        case _:
            assert_never(event)


def _begin(state: RunState, at: Instant) -> Decision:
    if state.run.state is not State.PENDING:
        return NOTHING
    root = Task(
        task_id=task_id(state.run.run_id, ROOT),
        path=ROOT,
        parent="",
        name=ROOT,
        display_name=state.run.name,
        kind=TaskKind.ROOT,
        state=State.RUNNING,
        created_at=at,
        started_at=at,
        inputs=Bindings(parameters=runtime_parameters(state.plan, state.run.parameters)),
        history=(StateChange(at, State.RUNNING),),
    )
    changes = (RunMoved(at, State.RUNNING), TaskAdded(root))
    return Decision(changes, run_began(state.plan, at), (GroupOpened(ROOT, at),))


def _is_due(state: RunState, path: str) -> bool:
    """The task's turn has come and it was not reached: asked twice, it is the second time that it was."""
    parent, _, last = path.rpartition(".")
    if parent in state.todo:
        return path not in state.tasks and last.isdigit() and int(last) < state.tasks[parent].iterations
    return state.waiting.get(path) == 0


def _started(state: RunState, event: AttemptStarted) -> Decision:
    attempt = state.attempt(event.path, event.attempt_id)
    if attempt is None or attempt.state is not AttemptState.OPEN:
        return NOTHING
    begun = replace(attempt, state=AttemptState.STARTED, started_at=event.at)
    changes: tuple[Change, ...] = (AttemptMoved(begun),)
    if state.tasks[event.path].state is State.PENDING:
        changes += (TaskMoved(event.path, event.at, State.RUNNING, reason=event.warning),)
    return Decision(changes, attempt_began(state.plan, begun))


def _succeeded(state: RunState, event: AttemptSucceeded) -> Decision:
    attempt = state.attempt(event.path, event.attempt_id)
    if attempt is None:
        return NOTHING
    ended = replace(
        attempt,
        state=AttemptState.ENDED,
        started_at=event.started_at,
        ended_at=event.at,
        exit_code=0,
        failure=None,
        usage=event.usage,
    )
    warnings = (state.tasks[event.path].reason, event.warning) if event.warning else ()
    moved = TaskMoved(
        event.path,
        event.at,
        State.SUCCEEDED,
        started_at=event.started_at,
        outputs=event.outputs,
        reason="; ".join(filter(None, warnings)),
    )
    return Decision((AttemptMoved(ended), moved), then=(TaskEnded(event.path, event.at),))


def _failed(state: RunState, event: AttemptFailed) -> Decision:
    attempt = state.attempt(event.path, event.attempt_id)
    if attempt is None:
        return NOTHING
    failure = attempt.failure or event.failure  # one that was asked to end has its reason
    ended = replace(
        attempt,
        state=AttemptState.ENDED,
        started_at=event.started_at or attempt.started_at,  # of one that was lost, only we know
        ended_at=event.at,
        exit_code=event.exit_code,
        failure=failure,
        usage=event.usage,
        infrastructure=event.infrastructure and attempt.failure is None,
    )
    task = state.tasks[event.path]
    tried = again(state, task, ended, failure)
    if tried is not None:
        return tried
    ends = State.FAILED
    if event.killed and must_end(state, event.path):
        ends, failure = ending(state)
    kept = event.outputs if event.outputs.artifacts else None
    moved = TaskMoved(event.path, event.at, ends, started_at=event.started_at, outputs=kept, failure=failure)
    return Decision((AttemptMoved(ended), moved), then=(TaskEnded(event.path, event.at),))


def _answered(state: RunState, event: CacheAnswered) -> Decision:
    task = state.tasks.get(event.path)
    if not _is_asking(task) or event.waits:
        return NOTHING
    if not event.source:
        return next_attempt(state, task.path, len(task.attempts), event.at)
    moved = TaskMoved(event.path, event.at, State.CACHED, outputs=event.outputs, cached_from=event.source)
    return Decision((moved,), then=(TaskEnded(event.path, event.at),))


def _imported(state: RunState, event: ImportAnswered) -> Decision:
    task = state.tasks.get(event.path)
    if not _is_asking(task):
        return NOTHING
    if event.artifact is None:
        return next_attempt(state, task.path, len(task.attempts), event.at)
    return taken_again(state, task, event.artifact, event.at)


def _go_on(state: RunState, path: str, at: Instant) -> Decision:
    """The wait is over: the next try of a leaf, the next tasks of a group. One that nobody waits for is nothing."""
    if path in state.groups:
        return groups.opened(state, path, at)
    task = state.tasks.get(path)
    if path not in state.live or not _is_asking(task):
        return NOTHING
    if waits_for_equal(task):
        return look_again(state, task, at)
    return next_attempt(state, path, len(task.attempts), at)


def _is_asking(task: Task | None) -> TypeGuard[Task]:
    """The step was reached, or is between two tries: it neither runs nor has ended."""
    return task is not None and task.state is State.PENDING and task.open_attempt is None
