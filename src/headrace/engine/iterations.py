"""Loops: what they iterate over, what goes into an iteration, and how what comes out is collected.

Collected parameters are a list with one entry an iteration, so nested loops give nested lists; collected artifacts are
one flat list. An iteration that did not make an output (it was skipped) is left out.
"""

import json
from collections.abc import Sequence

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.task import Task, child
from headrace.spec.plan import Dag, FromInput, Loop, TaskPlan


def items_of(inputs: Bindings, loop: Loop) -> Sequence[JsonValue] | tuple[Artifact, ...]:
    """What the loop iterates over: a list, or a JSON text of one, or artifacts. Raises InvalidInput."""
    if not isinstance(loop.items, FromInput):
        return loop.items
    if loop.over_artifacts:
        return inputs.artifacts.get(loop.items.name, ())
    items = inputs.parameters.get(loop.items.name)
    if isinstance(items, str):
        try:
            items = json.loads(items)
        except ValueError:
            items = None
    if not isinstance(items, list | tuple):
        raise InvalidInput(
            f"a loop needs a list, and got {str(items)[:100]!r}",
            where=f"input parameter {loop.items.name}",
            hint="Make the upstream task return a list",
        )
    return items


def inputs_of(task: Task, plan: TaskPlan, index: int) -> Bindings:
    """The inputs of iteration `index` of the loop: the loop's own and its item."""
    assert plan.loop is not None
    item = items_of(task.inputs, plan.loop)[index]
    if isinstance(item, Artifact):
        return Bindings(task.inputs.parameters, {**task.inputs.artifacts, plan.loop.item: (item,)})
    return Bindings({**task.inputs.parameters, plan.loop.item: item}, task.inputs.artifacts)


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
