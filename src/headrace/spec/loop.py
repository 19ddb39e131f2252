"""`parameterIterator` and `artifactIterator`: a task of the IR to a `Loop`, and the items of a loop when it begins.

What the SDK writes for `dsl.ParallelFor`, all of it as a component `comp-for-loop-N` that is a DAG:

- over a list in the pipeline's code: `items.raw`, JSON in a text, item `pipelinechannel--loop-item-param-N`;
- over a parameter or an output: `items.inputParameter` names the task's input `pipelinechannel--X`, the item is
  `pipelinechannel--X-loop-item`. Both are inputs of the component;
- over a field of another loop's item: the input `pipelinechannel--X-loop-item-subvar-FIELD` has a selector;
- over artifacts: `items.inputArtifact`, with the same names.

The declared type of an item is what the SDK could tell, often STRING where a number comes: items are bound as they
are. A task after the loop that takes what is collected refers to an output of the loop task itself; the component
declares it as LIST, also in the conditions inside, though each iteration gives one value of it.
"""

import json
from collections.abc import Mapping, Sequence

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.base.json import JsonValue
from headrace.spec.clean import clean
from headrace.spec.ir import PipelineTask
from headrace.spec.plan import FromInput, Loop
from headrace.spec.text import describe

MAX_ITEMS = 1_000_000


def compile_loop(task: PipelineTask, where: str) -> Loop | None:
    """The loop that a checked task is, if it is one; `where` is the task's path. Raises InvalidSpec."""
    limit = task.iterator_policy.parallelism_limit
    if limit < 0:
        raise InvalidSpec(
            f"a limit of {limit} makes no sense",
            where=f"{where}.iteratorPolicy.parallelismLimit",
            hint="Give 0 for no limit",
        )
    if task.artifact_iterator is not None:
        artifacts = FromInput(task.artifact_iterator.items.input_artifact)
        return Loop(task.artifact_iterator.item_input, artifacts, over_artifacts=True, parallelism=limit)
    if task.parameter_iterator is None:
        return None
    items = task.parameter_iterator.items
    if items.raw is None:
        return Loop(task.parameter_iterator.item_input, FromInput(items.input_parameter or ""), parallelism=limit)
    found = _written(items.raw, f"{where}.parameterIterator.items.raw")
    return Loop(task.parameter_iterator.item_input, tuple(found), parallelism=limit)


def _written(raw: str, where: str) -> Sequence[JsonValue]:
    if raw.count(",") >= MAX_ITEMS:
        raise InvalidSpec(f"the list holds more than {MAX_ITEMS:,} values", where=where)
    try:
        return _list(clean(json.loads(raw)))
    except (ValueError, RecursionError) as error:
        raise InvalidSpec(f"the items are not JSON: {error}", where=where) from None
    except InvalidInput as error:
        raise InvalidSpec(error.message, where=where) from error


def parameter_items(loop: Loop, parameters: Mapping[str, JsonValue]) -> Sequence[JsonValue]:
    """The items of a loop over parameters, given the resolved inputs of its task. Raises InvalidInput."""
    if not isinstance(loop.items, FromInput):
        return loop.items
    name = loop.items.name
    try:
        return _list(_parsed(parameters.get(name)))
    except InvalidInput as error:
        raise InvalidInput(
            error.message, where=f"input parameter {name}", hint="Loop over a list, or the JSON text of one"
        ) from error


def _parsed(value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        return value
    try:
        return clean(json.loads(value))
    except (ValueError, RecursionError):
        raise InvalidInput(f"{describe(value)} is not JSON, so there is nothing to loop over") from None


def _list(value: JsonValue) -> Sequence[JsonValue]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidInput(f"{describe(value)} is no list, so there is nothing to loop over")
    return value
