"""Types and producers of what goes into tasks and comes out of them, as KFP 3.0 has them: read off the run's plan."""

from dataclasses import replace

from headrace.api.convert.family import Family
from headrace.api.proto_json import Int64
from headrace.api.wire import task as wire
from headrace.model.artifact import IOType, Origin
from headrace.model.task import ROOT, Task, child
from headrace.spec import origins
from headrace.spec.origins import Side
from headrace.spec.plan import FromParent, FromTask, Importer, Plan

_UNKNOWN_INPUT = Origin(IOType.COMPONENT_INPUT)
_UNKNOWN_OUTPUT = Origin(IOType.OUTPUT)
_DEFAULT = Origin(IOType.COMPONENT_DEFAULT_INPUT)


class Origins:
    """Of one run. `plan` is None where its document cannot be compiled: then everything is of the commonest type.

    `given` are the parameters that the user gave the run: the root's others are defaults.
    """

    def __init__(self, plan: Plan | None, family: Family, given: "frozenset[str]") -> None:
        self._plan = plan
        self._family = family
        self._given = given

    def inputs(self, task: Task) -> Side:
        """Of the task's inputs."""
        plan = self._plan
        if plan is None or (task.path != ROOT and not _is_in(plan, task.path)):
            return Side(lambda _: _UNKNOWN_INPUT, lambda _: _UNKNOWN_INPUT)
        planned = origins.inputs(plan, task.path)
        return Side(
            lambda name: _DEFAULT if self._is_default(plan, task, name) else planned.parameter(name), planned.artifact
        )

    def outputs(self, task: Task) -> Side:
        """Of the task's outputs."""
        plan = self._plan
        if plan is None or (task.path != ROOT and not _is_in(plan, task.path)):
            return Side(lambda _: _UNKNOWN_OUTPUT, lambda _: _UNKNOWN_OUTPUT)
        planned, chosen = origins.outputs(plan, task.path), origins.candidates(plan, task.path)

        def origin(name: str) -> Origin:
            found = planned.parameter(name)
            if found.type is not IOType.ONE_OF_OUTPUT:
                return found
            return replace(found, producer=self._first_good(task, chosen[name]))

        return Side(origin, planned.artifact)

    def _first_good(self, group: Task, names: tuple[str, ...]) -> str:
        """The first of these tasks of the group that succeeded, "" for none."""
        for name in names:
            task = self._family.by_path.get(child(group.path, name))
            if task is not None and task.state.good:
                return name
        return ""

    def goes_to_workspace(self, task: Task) -> bool:
        """The task imports an artifact into the run's workspace."""
        if self._plan is None or task.path == ROOT or not _is_in(self._plan, task.path):
            return False
        component = self._plan.find(task.path).component
        return isinstance(component, Importer) and component.download_to_workspace

    def _is_default(self, plan: Plan, task: Task, name: str) -> bool:
        """The parameter is bound to what gave nothing, so its component's default is what went in."""
        if task.path == ROOT:
            return name not in self._given
        source = origins.source_of(plan, task.path, name)
        match source:
            case FromParent(key):
                parent = self._family.by_path.get(task.parent)
                return parent is not None and parent.inputs.parameters.get(key) is None
            case FromTask(sibling, key):
                around = task.parent if task.iteration < 0 else task.parent.rpartition(".")[0]
                maker = self._family.by_path.get(child(around, sibling))
                return maker is not None and maker.outputs.parameters.get(key) is None
            case _:
                return False


def producer(origin: Origin) -> wire.Producer | None:
    """As a message; None where nothing made it."""
    if not origin.producer:
        return None
    return wire.Producer(
        task_name=origin.producer, iteration=Int64(str(origin.iteration)) if origin.iteration >= 0 else None
    )


def _is_in(plan: Plan, path: str) -> bool:
    try:
        plan.find(path)
    except KeyError:
        return False
    return True
