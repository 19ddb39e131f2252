"""A task whose dependencies have all ended: skip it, open it if it is a DAG, or set about running it."""

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.engine.decision import AttemptAdded, Decision, Launch, LookUpCache, TaskAdded
from headrace.engine.inputs import resolve
from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.event import DagDrained, Event, TaskEnded, TaskReady
from headrace.model.run import Failure, StateChange
from headrace.model.state import State
from headrace.model.task import Attempt, Task, TaskKind, attempt_id, child, task_id
from headrace.spec.fingerprint import fingerprint
from headrace.spec.plan import Container, Dag, TaskPlan, Trigger


def on_ready(state: RunState, path: str, at: Instant) -> Decision:
    """The decision for the task at `path`, none of whose rows exist yet."""
    parent, _, name = path.rpartition(".")
    plan = state.dag(parent).tasks[name]
    reason = _skip_reason(state, parent, plan)
    if reason:
        task = _new(state, parent, plan, State.SKIPPED, at, reason=reason)
        return Decision((TaskAdded(task),), then=(TaskEnded(path, at),))
    try:
        inputs = resolve(state, parent, plan)
    except InvalidInput as error:
        task = _new(state, parent, plan, State.FAILED, at, failure=Failure(str(error), code=3))
        return Decision((TaskAdded(task),), then=(TaskEnded(path, at),))
    if isinstance(plan.component, Dag):
        task = _new(state, parent, plan, State.RUNNING, at, inputs=inputs)
        return Decision((TaskAdded(task),), then=opening(path, plan.component, at))
    assert isinstance(plan.component, Container)  # An importer is refused when a pipeline is compiled.
    return _leaf(state, parent, plan, plan.component, inputs, at)


def opening(path: str, dag: Dag, at: Instant) -> tuple[Event, ...]:
    """What follows when the DAG at `path` begins."""
    return tuple(TaskReady(child(path, name), at) for name in dag.roots) or (DagDrained(path, at),)


def next_attempt(state: RunState, task: Task, at: Instant) -> Decision:
    """Try the task, for the first time or again."""
    number = len(task.attempts) + 1
    name = attempt_id(state.run.run_id, task.path, number)
    attempt = Attempt(attempt_id=name, path=task.path, number=number, created_at=at)
    return Decision((AttemptAdded(attempt),), (Launch(task.path, name),))


def _leaf(
    state: RunState, parent: str, plan: TaskPlan, component: Container, inputs: Bindings, at: Instant
) -> Decision:
    if not (plan.caching.enabled and state.options.cache):
        task = _new(state, parent, plan, State.PENDING, at, inputs=inputs)
        tried = next_attempt(state, task, at)
        return Decision((TaskAdded(task), *tried.changes), tried.commands)
    mark = fingerprint(component, inputs, plan.caching, state.run.pipeline_name)
    task = _new(state, parent, plan, State.PENDING, at, inputs=inputs, mark=mark.digest)
    return Decision((TaskAdded(task),), (LookUpCache(task.path, mark.digest, mark.parts),))


def _skip_reason(state: RunState, parent: str, plan: TaskPlan) -> str:
    """Why the task must not run, "" if it may."""
    if plan.trigger is Trigger.ALL_COMPLETED:
        return ""
    for name in plan.depends_on:
        ended = state.tasks[child(parent, name)].state
        if not ended.good:
            return f"upstream task {name} is {ended}"
    return ""


def _new(
    state: RunState,
    parent: str,
    plan: TaskPlan,
    begins: State,
    at: Instant,
    *,
    inputs: Bindings | None = None,
    mark: str = "",
    failure: Failure | None = None,
    reason: str = "",
) -> Task:
    path = child(parent, plan.name)
    return Task(
        task_id=task_id(state.run.run_id, path),
        path=path,
        parent=parent,
        name=plan.name,
        display_name=plan.display_name,
        kind=TaskKind.DAG if isinstance(plan.component, Dag) else TaskKind.RUNTIME,
        state=begins,
        created_at=at,
        started_at=at if begins is State.RUNNING else Instant(0),
        ended_at=at if begins.ended else Instant(0),
        inputs=inputs or Bindings(),
        fingerprint=mark,
        failure=failure,
        reason=reason,
        history=(StateChange(at, begins, failure),),
    )
