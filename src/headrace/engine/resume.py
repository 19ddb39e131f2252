"""A step of a run that was resumed from another one: whether it takes what it gave there, and if not, why.

A step at a spot of the resume, or downstream of one, runs, whatever the cache has. Any other takes the outputs that the
step of the same path had in the earlier run, if it succeeded there on the same inputs; else it is as any step of a run.
"""

from headrace.base.clock import Instant
from headrace.base.json import JsonValue, canonical
from headrace.engine.attempts import next_attempt
from headrace.engine.decision import Decision, TaskMoved
from headrace.engine.equal import look_up
from headrace.engine.errand import set_about
from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.event import TaskEnded
from headrace.model.state import State
from headrace.model.task import Earlier, Task
from headrace.spec.fingerprint import identity
from headrace.spec.plan import Constant, Container, Dag, FinalStatus, ParameterType, TaskPlan


def on_earlier(state: RunState, task: Task, earlier: Earlier | None, at: Instant) -> Decision:
    """The step takes what it gave in the earlier run, or is as any step of a run, with the reason."""
    assert state.run.resume is not None  # Who else asks?
    run_id = state.run.resume.run_id
    why_not = _hindrance(state, task.path, earlier)
    if earlier is not None and not why_not:
        cached = TaskMoved(
            task.path,
            at,
            State.CACHED,
            outputs=earlier.outputs,
            cached_from=earlier.task_id,
            reason=f"taken from run {run_id}",
        )
        return Decision((cached,), then=(TaskEnded(task.path, at),))
    anew = TaskMoved(task.path, at, State.PENDING, reason=f"not taken from run {run_id}: {why_not}")
    if task.fingerprint:
        return Decision((anew,), (look_up(state, task),))
    component, before = state.plan_of(task.path).component, len(task.attempts)
    assert not isinstance(component, Dag)  # a group asks for nothing
    if isinstance(component, Container):
        tried = next_attempt(state, task.path, before, at)
    else:
        tried = set_about(state, task, component, before, at)
    return Decision((anew, *tried.changes), tried.commands)


def _hindrance(state: RunState, path: str, earlier: Earlier | None) -> str:
    """Why the earlier step cannot stand in for the one at `path`; "" where it can."""
    if earlier is None:
        return "it did not succeed there"
    if not earlier.is_intact:
        return "what it made there is gone, or was changed"
    task = state.tasks[path]
    changed = _changed(state.plan_of(path), earlier.inputs, task.inputs)
    return f"its input {changed} was not the same there" if changed else ""


def _changed(plan: TaskPlan, before: Bindings, now: Bindings) -> str:
    """The first input that differs, "" if none does. What the document itself says is the same in both runs.

    Its placeholders are not: the run's own name, id and times are new in every run, and no reason to run a step again.
    So it is with what a step is told of its configuration: what comes of parameters there is an input by itself.
    """
    types = plan.component.interface.input_parameters
    configs = {name for name, spec in types.items() if spec.type is ParameterType.TASK_CONFIG}
    for name in sorted({*before.parameters, *now.parameters}):
        binding = plan.parameters.get(name)
        source = binding.source if binding is not None else None
        if isinstance(source, Constant) or name in configs:
            continue
        old, new = before.parameters.get(name), now.parameters.get(name)
        if isinstance(source, FinalStatus):
            old, new = _without_run(old), _without_run(new)
        if (name in before.parameters) != (name in now.parameters) or canonical(old) != canonical(new):
            return name
    for name in sorted({*before.artifacts, *now.artifacts}):
        old_ones, new_ones = before.artifacts.get(name, ()), now.artifacts.get(name, ())
        if canonical([identity(each) for each in old_ones]) != canonical([identity(each) for each in new_ones]):
            return name
    return ""


def _without_run(status: JsonValue) -> JsonValue:
    """A final status without the name of the run that it is of."""
    if not isinstance(status, dict):
        return status
    return {key: value for key, value in status.items() if key != "pipelineJobResourceName"}
