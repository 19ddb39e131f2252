"""What the outputs of a pipeline's steps have to look like so that its tasks take them.

A compiled pipeline says that an output is a LIST, not of what. Those who take it do: a loop's body declares its item, a
selector names a field, a condition compares with a constant. Takes a plan, gives a `Shape` for each output of a step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headrace.base.json import JsonValue
from headrace.model.task import ROOT, child
from headrace.spec.cel.syntax import Index, Literal, Path, walk
from headrace.spec.plan import Dag, FromInput, FromParent, FromTask, OutputSelector, ParameterSource, Plan, TaskPlan
from headrace.spec.plan import ParameterType as Type


@dataclass(slots=True)
class Shape:
    """What takers say of a value: which types they declare, what they compare it with, its fields, its items' shape."""

    types: set[Type] = field(default_factory=set)
    constants: list[JsonValue] = field(default_factory=list)
    fields: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None

    def add(self, other: "Shape") -> None:
        """Somebody else takes it too."""
        self.types |= other.types
        self.constants += [each for each in other.constants if each not in self.constants]
        for name, inner in other.fields.items():
            self.fields.setdefault(name, Shape()).add(inner)
        if other.items is not None:
            self.items = self.items or Shape()
            self.items.add(other.items)

    def at(self, keys: tuple[str, ...]) -> "Shape":
        """The shape of a value that has this one under `keys`."""
        shape = self
        for key in reversed(keys):
            shape = Shape(fields={key: shape})
        return shape


Shapes = Mapping[tuple[str, str], Shape]
"""By the path of a step without the numbers of iterations, and the name of its output."""


def shapes_of(plan: Plan) -> Shapes:
    """The shape of each output parameter of each step."""
    found: dict[tuple[str, str], Shape] = {}
    _visit(plan.root, ROOT, {}, found)
    return found


def static_path(plan: Plan, path: str) -> str:
    """The path of a task of a run, without the numbers of iterations."""
    parts, static = path.split("."), ROOT
    component: object = plan.root
    names = iter(parts[1:])
    for name in names:
        assert isinstance(component, Dag)
        task = component.tasks[name]
        static, component = child(static, name), task.component
        if task.loop is not None:
            next(names, None)
    return static


def _visit(dag: Dag, path: str, outward: Mapping[str, Shape], found: dict[tuple[str, str], Shape]) -> None:
    """The outputs of the steps in a DAG; `outward` is what those who take the DAG's own outputs say."""
    for task in dag.tasks.values():
        keys = task.component.interface.output_parameters
        taken = {key: _taken(dag, task.name, key, outward) for key in keys}
        if task.loop is not None:  # what is taken is the list of what the iterations gave
            taken = {key: shape.items or Shape() for key, shape in taken.items()}
        if isinstance(task.component, Dag):
            _visit(task.component, child(path, task.name), taken, found)
        else:
            found.update({(child(path, task.name), key): shape for key, shape in taken.items()})


def _taken(dag: Dag, task: str, key: str, outward: Mapping[str, Shape]) -> Shape:
    """What those who take the output `key` of a task of the DAG say of it."""
    shape = _wanted(dag, FromTask(task, key))
    for name, selectors in dag.output_parameters.items():
        if OutputSelector(task, key) in selectors and name in outward:
            shape.add(outward[name])
    return shape


def _wanted(dag: Dag, source: ParameterSource) -> Shape:
    shape = Shape()
    for task in dag.tasks.values():
        for name, binding in task.parameters.items():
            if binding.source == source:
                shape.add(_input(task, name).at(binding.selector))
    return shape


def _input(task: TaskPlan, name: str) -> Shape:
    """What a task says of its input `name`."""
    shape = Shape(constants=list(_compared(task, name)))
    component, loop = task.component, task.loop
    spec = component.interface.input_parameters.get(name)
    if loop is not None and loop.items == FromInput(name) and not loop.over_artifacts:
        item = component.interface.input_parameters.get(loop.item)
        inner = _wanted(component, FromParent(loop.item)) if isinstance(component, Dag) else Shape()
        if item is not None and not inner.types:
            inner.types.add(item.type)
        shape.types.add(Type.LIST)
        shape.items = inner
        return shape
    if isinstance(component, Dag):
        shape.add(_wanted(component, FromParent(name)))
    if spec is not None:
        shape.constants += spec.literals
        if not isinstance(component, Dag) or not shape.types:  # what a group declares is often STRING for a number
            shape.types.add(spec.type)
    return shape


def _compared(task: TaskPlan, name: str) -> Iterator[JsonValue]:
    """The constants in the task's condition, if that reads the input."""
    condition = task.condition
    if condition is None or (condition.names is not None and name not in condition.names):
        return
    keys = {
        id(step.key)
        for node in walk(condition.root)
        if isinstance(node, Path)
        for step in node.steps
        if isinstance(step, Index)
    }
    for node in walk(condition.root):
        if isinstance(node, Literal) and id(node) not in keys:
            yield node.value
