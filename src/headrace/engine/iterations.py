"""Loops: what they iterate over, what goes into an iteration, and how what comes out is collected.

Collected parameters are a list with one entry an iteration, so nested loops give nested lists; collected artifacts are
one flat list. An iteration that did not make an output (it was skipped) is left out.
"""

from collections.abc import Sequence
from dataclasses import replace

from headrace.engine.state import RunState
from headrace.model.artifact import Bindings
from headrace.model.task import Task, child
from headrace.spec.loop import parameter_items
from headrace.spec.plan import Dag, FromInput, FromParent, Interface, Loop, TaskPlan


def bind_items(inputs: Bindings, loop: Loop) -> tuple[Bindings, int]:
    """The inputs of the loop with its items as a list, and how many there are. Raises InvalidInput for no list."""
    if loop.over_artifacts and isinstance(loop.items, FromInput):
        return inputs, len(inputs.artifacts.get(loop.items.name, ()))
    items = parameter_items(loop, inputs.parameters)
    if isinstance(loop.items, FromInput):
        inputs = replace(inputs, parameters={**inputs.parameters, loop.items.name: items})
    return inputs, len(items)


def inputs_of(task: Task, plan: TaskPlan, index: int) -> Bindings:
    """The inputs of iteration `index`: the loop's own and its item. The list goes along only if the body reads it."""
    loop = plan.loop
    assert loop is not None
    parameters, artifacts = dict(task.inputs.parameters), dict(task.inputs.artifacts)
    if not isinstance(loop.items, FromInput):
        parameters[loop.item] = loop.items[index]
        return Bindings(parameters, artifacts)
    name = loop.items.name
    if loop.over_artifacts:
        artifacts[loop.item] = (artifacts[name][index],)
    else:
        listed = parameters[name]
        assert isinstance(listed, Sequence)
        parameters[loop.item] = listed[index]
    if not _reads(plan, name):
        parameters.pop(name, None)
        artifacts.pop(name, None)
    return Bindings(parameters, artifacts)


def interface_of(plan: TaskPlan) -> Interface:
    """What an iteration must be given: what the component declares, less a list that it does not read."""
    interface = plan.component.interface
    if plan.loop is None or not isinstance(plan.loop.items, FromInput) or _reads(plan, plan.loop.items.name):
        return interface
    name = plan.loop.items.name
    return replace(
        interface,
        input_parameters={key: spec for key, spec in interface.input_parameters.items() if key != name},
        input_artifacts={key: spec for key, spec in interface.input_artifacts.items() if key != name},
    )


def _reads(plan: TaskPlan, name: str) -> bool:
    """Whether the loop's body uses the list that it iterates over, and not only its items."""
    component = plan.component
    if not isinstance(component, Dag):
        return True
    sources = [binding.source for task in component.tasks.values() for binding in task.parameters.values()]
    taken = [source for task in component.tasks.values() for source in task.artifacts.values()]
    return FromParent(name) in sources or FromParent(name) in taken


def collect(state: RunState, path: str) -> Bindings:
    """What the iterations of the drained loop at `path` gave, by output, in their order."""
    loop, component = state.tasks[path], state.plan_of(path).component
    ended = [state.tasks[child(path, str(index))] for index in range(loop.iterations)]
    good = [each.outputs for each in ended if each.state.good]
    if isinstance(component, Dag):
        parameters, artifacts = component.output_parameters.keys(), component.output_artifacts.keys()
    else:
        interface = component.interface
        parameters, artifacts = interface.output_parameters.keys(), interface.output_artifacts.keys()
    return Bindings(
        {key: [each.parameters[key] for each in good if key in each.parameters] for key in parameters},
        {key: tuple(made for each in good for made in each.artifacts.get(key, ())) for key in artifacts},
    )
