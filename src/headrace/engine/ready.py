"""A task whose turn has come: skip it, open it if it is a group, or set about running it."""

from dataclasses import replace

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.engine import errand
from headrace.engine.attempts import next_attempt
from headrace.engine.cancel import asked_at, ending, is_spared
from headrace.engine.decision import Decision, LookUpEarlier, TaskAdded
from headrace.engine.equal import look_up
from headrace.engine.images import sources_of
from headrace.engine.inputs import declared, resolve
from headrace.engine.iterations import bind_items, inputs_of, interface_of
from headrace.engine.pod import pod_of
from headrace.engine.state import RunState
from headrace.engine.task_config import told
from headrace.model.artifact import Bindings
from headrace.model.event import GroupOpened, TaskEnded
from headrace.model.run import Failure, StateChange
from headrace.model.state import State
from headrace.model.task import Task, TaskKind, child, task_id
from headrace.spec.plan import Container, Dag, Importer, Leaf, TaskPlan, Trigger


def on_ready(state: RunState, path: str, at: Instant) -> Decision:
    """The decision for the task at `path`, which has no row."""
    parent = path.rpartition(".")[0]
    plan = state.plan_of(path)
    new = _blank(state, path, plan, at)
    if not is_spared(state, parent, plan):
        ends, failure = ending(state)
        return _end(replace(new, state=ends, failure=failure), at)
    if new.iteration >= 0:
        return _begin(state, new, plan, inputs_of(state.tasks[parent], plan, new.iteration), at)
    reason = _skip_reason(state, parent, plan)
    if reason:
        return _end(replace(new, state=State.SKIPPED, reason=reason), at)
    try:
        inputs = resolve(state, parent, plan)
        if plan.condition is not None:
            seen = inputs if plan.loop is not None else declared(inputs, plan.component.interface)
            verdict = plan.condition.evaluate(seen.parameters)
            if not verdict.value:
                return _end(replace(new, state=State.SKIPPED, inputs=seen, reason=verdict.explanation), at)
        if plan.loop is not None:
            inputs, iterations = bind_items(inputs, plan.loop)
            return _open(replace(new, kind=TaskKind.LOOP, iterations=iterations, inputs=inputs), at)
    except InvalidInput as error:
        return _end(replace(new, state=State.FAILED, failure=Failure(str(error), code=3)), at)
    return _begin(state, new, plan, inputs, at)


def _begin(state: RunState, new: Task, plan: TaskPlan, inputs: Bindings, at: Instant) -> Decision:
    """Open the group, or look for the leaf's earlier execution, or launch it."""
    component = plan.component
    interface = interface_of(plan) if new.iteration >= 0 else component.interface
    try:
        inputs = declared(inputs, interface, texts=not isinstance(component, Dag))
    except InvalidInput as error:
        return _end(replace(new, state=State.FAILED, inputs=inputs, failure=Failure(str(error), code=3)), at)
    if isinstance(component, Dag):
        return _open(replace(new, inputs=inputs), at)
    new = replace(new, inputs=inputs)
    try:  # what is wrong with it is so before anything is launched
        if isinstance(component, Container):
            new = replace(told(state, new, component), sources=sources_of(state, new, component))
            pod_of(state, new, component)
        else:
            errand.check(state, new, component)
    except InvalidInput as error:
        return _end(replace(new, state=State.FAILED, failure=Failure(str(error), code=3)), at)
    return _leaf(state, new, plan, component)


def _open(new: Task, at: Instant) -> Decision:
    return Decision((TaskAdded(_in_state(new, State.RUNNING)),), then=(GroupOpened(new.path, at),))


def _leaf(state: RunState, new: Task, plan: TaskPlan, component: Leaf) -> Decision:
    """Look for an earlier execution, in the run that this one was resumed from or in the cache; or launch it."""
    resume, redone, look = state.run.resume, state.is_redone(new.path), None
    if isinstance(component, Container) and plan.caching.enabled and state.options.cache:
        look = look_up(state, new)
        new = replace(new, fingerprint=look.fingerprint)
    added = TaskAdded(_in_state(new, State.PENDING))
    if resume is not None and not redone:
        return Decision((added,), (LookUpEarlier(new.path, task_id(resume.run_id, new.path)),))
    if look is not None and not redone:
        return Decision((added,), (look,))
    before = len(state.retired.get(new.path, ()))
    if isinstance(component, Container):
        tried = next_attempt(state, new.path, before, new.created_at)
    else:
        tried = errand.set_about(state, new, component, before, new.created_at)
    return Decision((added, *tried.changes), tried.commands)


def _end(new: Task, at: Instant) -> Decision:
    """The task ends where it begins."""
    return Decision((TaskAdded(_in_state(new, new.state)),), then=(TaskEnded(new.path, at),))


def _skip_reason(state: RunState, parent: str, plan: TaskPlan) -> str:
    """Why the task must not run, "" if it may."""
    if plan.trigger is Trigger.ALL_COMPLETED:
        return ""
    for name in plan.depends_on:
        ended = state.tasks[child(parent, name)].state
        if not ended.good:
            return f"upstream task {name} is {ended}"
    return ""


def _blank(state: RunState, path: str, plan: TaskPlan, at: Instant) -> Task:
    """The task before anything is decided about it."""
    parent, _, last = path.rpartition(".")
    iteration = int(last) if state.is_loop(parent) else -1
    return Task(
        task_id=task_id(state.run.run_id, path),
        path=path,
        parent=parent,
        name=plan.name,
        display_name=plan.display_name if iteration < 0 else f"{plan.display_name} {iteration}",
        kind=_kind(plan, iteration),
        state=State.PENDING,
        created_at=_begins(state, path, at),
        iteration=iteration,
    )


def _begins(state: RunState, path: str, at: Instant) -> Instant:
    """When the task is reached: after its attempts of earlier rounds and, in a run that is being stopped, after that
    began, whatever the clock says. By these instants it is told which attempts, and which exit tasks, count."""
    earlier = (Instant(attempt.created_at + 1) for attempt in state.retired.get(path, ()))
    begun = (asked_at(state),) if state.run.state is State.CANCELING else ()
    latest: Instant = max((at, *earlier, *begun))
    return latest


def _in_state(new: Task, begins: State) -> Task:
    return replace(
        new,
        state=begins,
        started_at=new.created_at if begins is State.RUNNING else Instant(0),
        ended_at=new.created_at if begins.ended else Instant(0),
        history=(StateChange(new.created_at, begins, new.failure),),
    )


def _kind(plan: TaskPlan, iteration: int) -> TaskKind:
    """What KFP 3.0 calls the task."""
    if isinstance(plan.component, Importer):
        return TaskKind.IMPORTER
    if not isinstance(plan.component, Dag):
        return TaskKind.RUNTIME
    if iteration >= 0:
        return TaskKind.ITERATION
    if plan.condition is not None:
        return TaskKind.CONDITION_BRANCH
    if plan.name.startswith("condition-branches-"):
        return TaskKind.CONDITION
    if plan.name.startswith("exit-handler-"):
        return TaskKind.EXIT_HANDLER
    return TaskKind.DAG
