"""The planner. `step` takes the state of a run and one event and says what changes; it changes nothing itself.

It is total: every event has its answer in every state, and late, doubled or foreign reports are answered with
nothing. One event makes one small transition; what follows from it comes back through `Decision.then`.
"""

from dataclasses import replace
from typing import assert_never

from headrace.base.clock import Instant
from headrace.engine.abort import abort
from headrace.engine.decision import AttemptMoved, Change, Decision, Kill, RunMoved, TaskAdded, TaskMoved
from headrace.engine.outcome import of_dag
from headrace.engine.ready import next_attempt, on_ready, opening
from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.event import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CacheAnswered,
    DagDrained,
    Event,
    RunAborted,
    RunRequested,
    TaskEnded,
    TaskReady,
    TerminateRequested,
)
from headrace.model.run import Failure, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, AttemptState, Task, TaskKind, child, task_id
from headrace.spec.values import runtime_parameters

NOTHING = Decision()


def step(state: RunState, event: Event) -> Decision:
    """What `event` leads to in `state`."""
    match event:
        case RunRequested(at):
            return _begin(state, at)
        case TerminateRequested(at):
            return _terminate(state, at)
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
        case TaskReady(path, at):
            return on_ready(state, path, at) if _schedules(state) and path in state.waiting else NOTHING
        case TaskEnded(path, at):
            return _ended(state, path, at)
        case DagDrained(path, at):
            return _drained(state, path, at) if path in state.dags else NOTHING
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
    return Decision((RunMoved(at, State.RUNNING), TaskAdded(root)), then=opening(ROOT, state.plan.root, at))


def _terminate(state: RunState, at: Instant) -> Decision:
    if state.run.state not in (State.PENDING, State.RUNNING):
        return NOTHING
    moved = RunMoved(at, State.CANCELING)
    kills = tuple(
        Kill(path, attempts[-1].attempt_id) for path in sorted(state.live) if (attempts := state.tasks[path].attempts)
    )
    if kills:
        return Decision((moved,), kills)
    return Decision((moved, *_cancel_dags(state, at), RunMoved(at, State.CANCELED)))


def _started(state: RunState, event: AttemptStarted) -> Decision:
    attempt = state.attempt(event.path, event.attempt_id)
    if attempt is None or attempt.state is not AttemptState.OPEN:
        return NOTHING
    begun = replace(attempt, state=AttemptState.STARTED, started_at=event.at)
    changes: tuple[Change, ...] = (AttemptMoved(begun),)
    if state.tasks[event.path].state is State.PENDING:
        changes += (TaskMoved(event.path, event.at, State.RUNNING, reason=event.warning),)
    return Decision(changes)


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
        usage=event.usage,
    )
    moved = TaskMoved(event.path, event.at, State.SUCCEEDED, started_at=event.started_at, outputs=event.outputs)
    return Decision((AttemptMoved(ended), moved), then=(TaskEnded(event.path, event.at),))


def _failed(state: RunState, event: AttemptFailed) -> Decision:
    attempt = state.attempt(event.path, event.attempt_id)
    if attempt is None:
        return NOTHING
    ended = replace(
        attempt,
        state=AttemptState.ENDED,
        started_at=event.started_at,
        ended_at=event.at,
        exit_code=event.exit_code,
        failure=event.failure,
        usage=event.usage,
    )
    canceled = event.killed and state.run.state is State.CANCELING
    moved = TaskMoved(
        event.path,
        event.at,
        State.CANCELED if canceled else State.FAILED,
        started_at=event.started_at,
        failure=Failure("the run was terminated", code=1) if canceled else event.failure,
    )
    return Decision((AttemptMoved(ended), moved), then=(TaskEnded(event.path, event.at),))


def _answered(state: RunState, event: CacheAnswered) -> Decision:
    task = state.tasks.get(event.path)
    if task is None or task.state is not State.PENDING or task.attempts:
        return NOTHING
    if not event.source:
        return next_attempt(state, task, event.at)
    moved = TaskMoved(event.path, event.at, State.CACHED, outputs=event.outputs, cached_from=event.source)
    return Decision((moved,), then=(TaskEnded(event.path, event.at),))


def _ended(state: RunState, path: str, at: Instant) -> Decision:
    """Its successors may be ready, its DAG drained; or, when the run is being cancelled, all may be over."""
    if state.run.state is State.CANCELING:
        if state.live:
            return NOTHING
        return Decision((*_cancel_dags(state, at), RunMoved(at, State.CANCELED)))
    parent, _, name = path.rpartition(".")
    if parent not in state.dags:
        return NOTHING
    if state.unfinished[parent] == 0:
        return Decision(then=(DagDrained(parent, at),))
    ready = (child(parent, each) for each in state.dag(parent).successors.get(name, ()))
    return Decision(then=tuple(TaskReady(each, at) for each in ready if state.waiting.get(each) == 0))


def _drained(state: RunState, path: str, at: Instant) -> Decision:
    outcome = of_dag(state, path)
    moved = TaskMoved(path, at, outcome.state, outputs=outcome.outputs, failure=outcome.failure)
    if path == ROOT:
        return Decision((moved, RunMoved(at, outcome.state, outcome.failure)))
    return Decision((moved,), then=(TaskEnded(path, at),))


def _cancel_dags(state: RunState, at: Instant) -> tuple[TaskMoved, ...]:
    """The groups that are open end with the run, inner ones first."""
    deepest = sorted(state.dags, key=lambda path: (-path.count("."), path))
    return tuple(
        TaskMoved(path, at, State.CANCELED, failure=Failure("the run was terminated", code=1)) for path in deepest
    )


def _schedules(state: RunState) -> bool:
    return state.run.state is State.RUNNING
