"""What goes into a task: its bindings resolved against its parent and its siblings. Pure; the rules are KFP's.

Takes the state and a task's plan, gives `Bindings`, or raises InvalidInput that names the input and what is wrong.
"""

from collections.abc import Mapping

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.pod import WORKSPACE
from headrace.model.state import State
from headrace.model.task import child, task_id
from headrace.spec.placeholders import RunContext, resolve_inputs
from headrace.spec.plan import (
    ArtifactSource,
    ArtifactSpec,
    Constant,
    FinalStatus,
    FromParent,
    FromTask,
    Interface,
    ParameterBinding,
    ParameterSpec,
    ParameterType,
    TaskPlan,
)
from headrace.spec.selector import select
from headrace.spec.values import coerce


def resolve(state: RunState, parent: str, plan: TaskPlan) -> Bindings:
    """The inputs of the task `plan` in the DAG at `parent`, all of whose dependencies have ended.

    A loop's are what its bindings give, with no more said of them: `declared` is for each of its iterations.
    """
    path = child(parent, plan.name)
    given = {
        name: value
        for name, binding in plan.parameters.items()
        if (value := value_of(state, parent, binding, f"input parameter {name}")) is not None
    }
    resolved = resolve_inputs(given, context(state, path, plan.name))
    found = {name: _artifact(state, parent, source) for name, source in plan.artifacts.items()}
    return Bindings(resolved, found)


def declared(inputs: Bindings, interface: Interface, *, texts: bool = True) -> Bindings:
    """The inputs as the component wants them: defaults filled in, types, literals and presence enforced.

    Without `texts`, values of inputs that are declared STRING stay what they are: among a group's inputs the SDK calls
    many STRING that are numbers, and what takes them in the group knows better.
    """
    return Bindings(
        _declared_parameters(inputs.parameters, interface.input_parameters, texts=texts),
        _declared_artifacts(inputs.artifacts, interface.input_artifacts),
    )


def context(state: RunState, path: str, name: str) -> RunContext:
    """What the system placeholders stand for in the task at `path`."""
    run = state.run
    return RunContext(
        run_name=run.name,
        resource_name=run.resource_name,
        run_id=run.run_id,
        task_name=name,
        task_id=task_id(run.run_id, path),
        pipeline_root=run.pipeline_root,
        created_at=run.created_at,
        scheduled_at=run.scheduled_at,
        workspace_path=WORKSPACE,
    )


def value_of(state: RunState, parent: str, binding: ParameterBinding, where: str) -> JsonValue:
    """The value as its source has it in the DAG at `parent`; None where it has none. `where` is for an error."""
    match binding.source:
        case Constant(value):
            found = value
        case FromParent(key):
            found = state.tasks[parent].inputs.parameters.get(key)
        case FromTask(task, key):
            found = _outputs(state, parent, task).parameters.get(key)
        case FinalStatus(task):
            found = _final_status(state, child(parent, task), task)
    if found is None or not binding.selector:
        return found
    try:
        return select(found, binding.selector)
    except InvalidInput as error:
        raise InvalidInput(error.message, where=where, hint=error.hint) from error


def _outputs(state: RunState, parent: str, name: str) -> Bindings:
    """What a sibling gave: nothing, unless it succeeded."""
    task = state.tasks.get(child(parent, name))
    return task.outputs if task is not None and task.state.good else Bindings()


def _final_status(state: RunState, path: str, name: str) -> JsonValue:
    task = state.tasks[path]
    failure = task.failure
    word = state.options.success_status if task.state.good else _FINAL.get(task.state, "FAILED")
    return {
        "state": word,
        "pipelineTaskName": name,
        "pipelineJobResourceName": state.run.resource_name,
        "error": {"code": failure.code, "message": failure.message} if failure else {"code": 0, "message": ""},
    }


_FINAL = {State.CANCELED: "CANCELED", State.SKIPPED: "SKIPPED"}


def _declared_parameters(
    values: Mapping[str, JsonValue], specs: Mapping[str, ParameterSpec], *, texts: bool
) -> dict[str, JsonValue]:
    """Defaults filled in, types and literals enforced; values that only feed placeholders are kept as they are."""
    declared = dict(values)
    for name, spec in specs.items():
        value = values.get(name)
        if value is None and spec.has_default:
            value = spec.default
        if value is not None and not texts and spec.type is ParameterType.STRING and not spec.literals:
            declared[name] = value
        elif value is not None:
            declared[name] = coerce(value, spec, f"input parameter {name}")
        elif spec.optional:
            declared.pop(name, None)
        else:
            raise InvalidInput(
                "has no value: its source gave none and it has no default",
                where=f"input parameter {name}",
                hint="Give it a default, or make sure that the task it comes from writes it",
            )
    return declared


def _declared_artifacts(
    found: Mapping[str, tuple[Artifact, ...]], specs: Mapping[str, ArtifactSpec]
) -> dict[str, tuple[Artifact, ...]]:
    for name, spec in specs.items():
        if not found.get(name) and not spec.optional and not (spec.is_list and name in found):
            raise InvalidInput(
                "no artifact was given: the task it comes from did not make one",
                where=f"input artifact {name}",
                hint="Declare it Optional, or make sure that it is made",
            )
    return {name: artifacts for name, artifacts in found.items() if artifacts}


def _artifact(state: RunState, parent: str, source: ArtifactSource) -> tuple[Artifact, ...]:
    match source:
        case FromParent(key):
            return state.tasks[parent].inputs.artifacts.get(key, ())
        case FromTask(task, key):
            return _outputs(state, parent, task).artifacts.get(key, ())
