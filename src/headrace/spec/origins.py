"""Where a task's inputs and outputs are from, as KFP 3.0 tells it: read off the plan, by the task's path alone.

What the plan cannot say is left to whoever knows the values: a binding whose source gave nothing ends in the default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from headrace.model.artifact import IOType, Origin
from headrace.spec.plan import (
    ArtifactSource,
    Constant,
    Dag,
    FinalStatus,
    FromParent,
    FromTask,
    Loop,
    OutputSelector,
    ParameterSource,
    ParameterType,
    Plan,
    TaskPlan,
)

_DEFAULT = Origin(IOType.COMPONENT_DEFAULT_INPUT)
_GIVEN = Origin(IOType.RUNTIME_VALUE_INPUT)

Lookup: TypeAlias = Callable[[str], Origin]
"""The origin of the parameter, or of the artifact, of that name."""


@dataclass(frozen=True, slots=True)
class Side:
    """The inputs of a task, or its outputs."""

    parameter: Lookup
    artifact: Lookup


@dataclass(frozen=True, slots=True)
class _Around:
    """The group that a task is in. Where that is one iteration of a loop: the loop, and which."""

    name: str
    dag: Dag
    loop: Loop | None = None
    iteration: int = -1


@dataclass(frozen=True, slots=True)
class _Place:
    task: TaskPlan
    iteration: int
    around: _Around


def inputs(plan: Plan, path: str) -> Side:
    """Of the inputs of the task at `path`. Raises KeyError where the plan has none."""
    if "." not in path:
        return Side(lambda _: _GIVEN, lambda _: _GIVEN)
    place = _find(plan, path)
    task, around = place.task, place.around
    sources = {name: binding.source for name, binding in task.parameters.items()}
    item = task.loop.item if task.loop is not None and place.iteration >= 0 else None

    def origin(found: Mapping[str, ParameterSource] | Mapping[str, ArtifactSource], name: str) -> Origin:
        if name == item:
            return _item(task.loop, task.name, place.iteration)
        source = found.get(name)
        return _DEFAULT if source is None else _source(source, around)

    def parameter(name: str) -> Origin:
        return _GIVEN if _is_config(task, name) else origin(sources, name)

    return Side(parameter, lambda name: origin(task.artifacts, name))


def _is_config(task: TaskPlan, name: str) -> bool:
    """The engine makes the step's own configuration its value, whatever it is bound to."""
    spec = task.component.interface.input_parameters.get(name)
    return spec is not None and spec.type is ParameterType.TASK_CONFIG and not isinstance(task.component, Dag)


def outputs(plan: Plan, path: str) -> Side:
    """Of the outputs of the task at `path`. Raises KeyError where the plan has none."""
    if "." not in path:
        return _of_dag(plan.root, -1)
    place = _find(plan, path)
    component = place.task.component
    if place.task.loop is not None and place.iteration < 0:
        collected = Origin(IOType.ITERATOR_OUTPUT, place.task.name)
        return Side(lambda _: collected, lambda _: collected)
    if isinstance(component, Dag):
        return _of_dag(component, place.iteration)
    iteration = place.iteration if place.iteration >= 0 else place.around.iteration
    made = Origin(IOType.OUTPUT, place.task.name, iteration)
    return Side(lambda _: made, lambda _: made)


def candidates(plan: Plan, path: str) -> Mapping[str, tuple[str, ...]]:
    """By output parameter of the group at `path`, the tasks in it that it may come from, the first that succeeds.

    Of a loop that is nothing. Raises KeyError.
    """
    place = _find(plan, path) if "." in path else None
    if place is not None and place.task.loop is not None and place.iteration < 0:
        return {}
    component = plan.root if place is None else place.task.component
    if not isinstance(component, Dag):
        return {}
    return {name: tuple(each.task for each in chosen) for name, chosen in component.output_parameters.items()}


def is_iteration(plan: Plan, path: str) -> bool:
    """The path is that of one iteration of a loop over a graph, which KFP has no task for. Raises KeyError."""
    if "." not in path:
        return False
    place = _find(plan, path)
    return place.iteration >= 0 and isinstance(place.task.component, Dag)


def source_of(plan: Plan, path: str, parameter: str) -> ParameterSource | None:
    """What the input parameter of the task at `path` is bound to. Raises KeyError where the plan has no such task."""
    binding = _find(plan, path).task.parameters.get(parameter)
    return None if binding is None else binding.source


def _of_dag(dag: Dag, iteration: int) -> Side:
    def origin(selectors: Mapping[str, tuple[OutputSelector, ...]], name: str) -> Origin:
        chosen = selectors.get(name, ())
        if len(chosen) == 1:
            return Origin(IOType.OUTPUT, chosen[0].task, iteration)
        return Origin(IOType.ONE_OF_OUTPUT if chosen else IOType.OUTPUT, iteration=iteration)

    return Side(lambda name: origin(dag.output_parameters, name), lambda name: origin(dag.output_artifacts, name))


def _source(source: ParameterSource | ArtifactSource, around: _Around) -> Origin:
    match source:
        case Constant():
            return _GIVEN
        case FromParent(name):
            if around.loop is not None and name == around.loop.item:
                return _item(around.loop, around.name, around.iteration)
            return Origin(IOType.COMPONENT_INPUT, around.name, around.iteration)
        case FromTask(task):
            sibling = around.dag.tasks[task]
            kind = IOType.COLLECTED_INPUTS if sibling.loop is not None else IOType.TASK_OUTPUT_INPUT
            return Origin(kind, task, around.iteration)
        case FinalStatus(task):
            return Origin(IOType.TASK_FINAL_STATUS_OUTPUT, task, around.iteration)
        case _:
            assert_never(source)


def _item(loop: Loop | None, name: str, iteration: int) -> Origin:
    """One item of the loop `name`: RAW where the items stand in the document."""
    raw = loop is not None and isinstance(loop.items, tuple)
    return Origin(IOType.ITERATOR_INPUT_RAW if raw else IOType.ITERATOR_INPUT, name, iteration)


def _find(plan: Plan, path: str) -> _Place:
    """The task at the path and what is around it; of an iteration (`root.loop.3`) its loop's."""
    root, *names = path.split(".")
    around, place = _Around(root, plan.root), None
    while names:
        task = around.dag.tasks[names.pop(0)]
        index = int(names.pop(0)) if task.loop is not None and names else -1
        place = _Place(task, index, around)
        if not names:
            break
        if not isinstance(task.component, Dag):
            raise KeyError(path)
        around = _Around(task.name, task.component, task.loop, index)
    if place is None:
        raise KeyError(path)
    return place
