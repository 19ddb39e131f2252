"""What a step is told of its own configuration: the value of its inputs of type TASK_CONFIG. Pure.

Takes a task whose other inputs are resolved. The value is an input like any other from then on: in the task's row, in
the cache key, in the executor input. Its keys are those that the SDK reads; what was not passed has none.
"""

from collections.abc import Mapping
from dataclasses import fields, replace

from headrace.base.json import JsonObject, JsonValue, compact
from headrace.engine.inputs import context
from headrace.engine.pod import resolved
from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.pod import WORKSPACE, Pod, WorkspaceVolume
from headrace.model.task import Task
from headrace.spec.manifest import env_of, resources_of, volumes_of
from headrace.spec.placeholders import fill_text
from headrace.spec.plan import Container, ParameterType, Resources
from headrace.spec.quantity import quantities

_IN_WORKSPACE = "_kfp_workspace"


def told(state: RunState, task: Task, component: Container) -> Task:
    """The task with the value in its inputs, if its component takes one. Raises InvalidInput where it can be none."""
    types = component.interface.input_parameters.items()
    names = [name for name, spec in types if spec.type is ParameterType.TASK_CONFIG]
    if not names:
        return task
    inputs = task.inputs
    value = _config(state, task, component)
    return replace(task, inputs=replace(inputs, parameters={**inputs.parameters, **dict.fromkeys(names, value)}))


def _config(state: RunState, task: Task, component: Container) -> JsonObject:
    passed, given = component.passed, task.inputs.parameters
    names = context(state, task.path, task.name)
    pod = resolved(state, task, passed.pod, Pod())
    texts = {each.name: fill_text(getattr(passed.resources, each.name), given, names) for each in fields(Resources)}
    resources = Resources(**texts)
    quantities(resources, f"{task.path}.resources")
    shared = state.plan.workspace and passed.workspace and _names_workspace(task.inputs)
    mounted = (*pod.volumes, WorkspaceVolume()) if shared else pod.volumes
    volumes, mounts = volumes_of(mounted, f"{state.run.resource_name}{WORKSPACE.replace('/', '-')}")
    affinity = pod.placement.node_affinity
    found: dict[str, JsonValue] = {
        "affinity": {"nodeAffinity": affinity} if affinity else {},
        "tolerations": list(pod.placement.tolerations),
        "nodeSelector": dict(pod.placement.node_selector),
        "env": env_of(((name, fill_text(text, given, names)) for name, text in passed.env), pod.variables),
        "volumes": volumes,
        "volumeMounts": mounts,
    }
    # KFP's driver writes null for what is empty, and of the resources an object: a component may ask them for a key.
    return {**{key: value for key, value in found.items() if value}, "resources": resources_of(resources)}


def _names_workspace(inputs: Bindings) -> bool:
    """Whether the step is given a path in the workspace, or an artifact that is there."""
    if any(WORKSPACE in compact(value) for value in inputs.parameters.values()):
        return True
    artifacts = (artifact for each in inputs.artifacts.values() for artifact in each)
    return any(_is_in_workspace(artifact.metadata) for artifact in artifacts)


def _is_in_workspace(metadata: Mapping[str, JsonValue]) -> bool:
    return metadata.get(_IN_WORKSPACE) is True
