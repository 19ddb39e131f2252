"""Where inputs and outputs are from: types and producers read off a plan."""

from dataclasses import replace

import pytest

from headrace.model.artifact import IOType, Origin
from headrace.spec import origins
from headrace.spec.plan import FinalStatus, FromParent, OutputSelector
from headrace.testing.plans import constant, dag, group, leaf, loop, output_of, plan


def build() -> origins.Plan:
    """A step, a loop over its output and one over constants, a group in each, and what takes from all of them."""
    deep = group("deep", dag(leaf("far", parameters={"p": FromParent("item")}), outputs={"Output": ("far", "Output")}))
    body = dag(
        leaf("near", parameters={"i": FromParent("item"), "x": FromParent("other")}, made=["m"]),
        leaf("next", parameters={"n": output_of("near")}, artifacts={"a": output_of("near", "m")}),
        deep,
        outputs={"Output": ("near", "Output")},
    )
    over = loop("over", body, output_of("first"))
    literal = loop("literal", dag(leaf("near", parameters={"i": FromParent("item")})), [1, 2])
    assert literal.loop is not None
    literal = replace(literal, loop=replace(literal.loop, items=(1, 2)))
    given = {
        "all": output_of("over"),
        "c": constant("x"),
        "p": FromParent("arg"),
        "s": FinalStatus("first"),
        "t": output_of("first"),
    }
    root = dag(leaf("first"), over, literal, leaf("last", parameters=given), outputs={"one": ("last", "Output")})
    either = (OutputSelector("first", "Output"), OutputSelector("last", "Output"))
    return plan(replace(root, output_parameters={**root.output_parameters, "any": either}))


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("root", "arg", Origin(IOType.RUNTIME_VALUE_INPUT)),
        ("root.last", "all", Origin(IOType.COLLECTED_INPUTS, "over")),
        ("root.last", "c", Origin(IOType.RUNTIME_VALUE_INPUT)),
        ("root.last", "p", Origin(IOType.COMPONENT_INPUT, "root")),
        ("root.last", "s", Origin(IOType.TASK_FINAL_STATUS_OUTPUT, "first")),
        ("root.last", "t", Origin(IOType.TASK_OUTPUT_INPUT, "first")),
        ("root.last", "unbound", Origin(IOType.COMPONENT_DEFAULT_INPUT)),
        ("root.over", "items", Origin(IOType.TASK_OUTPUT_INPUT, "first")),
        ("root.over.3", "item", Origin(IOType.ITERATOR_INPUT, "over", 3)),
        ("root.over.3.near", "i", Origin(IOType.ITERATOR_INPUT, "over", 3)),
        ("root.over.3.near", "x", Origin(IOType.COMPONENT_INPUT, "over", 3)),
        ("root.over.3.next", "n", Origin(IOType.TASK_OUTPUT_INPUT, "near", 3)),
        ("root.over.3.deep.far", "p", Origin(IOType.COMPONENT_INPUT, "deep")),
        ("root.literal.0.near", "i", Origin(IOType.ITERATOR_INPUT_RAW, "literal", 0)),
    ],
)
def test_inputs(path: str, name: str, expected: Origin) -> None:
    assert origins.inputs(build(), path).parameter(name) == expected


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("root", "one", Origin(IOType.OUTPUT, "last")),
        ("root", "any", Origin(IOType.ONE_OF_OUTPUT)),
        ("root.first", "Output", Origin(IOType.OUTPUT, "first")),
        ("root.over", "Output", Origin(IOType.ITERATOR_OUTPUT, "over")),
        ("root.over.1", "Output", Origin(IOType.OUTPUT, "near", 1)),
        ("root.over.1.near", "Output", Origin(IOType.OUTPUT, "near", 1)),
        ("root.over.1.deep", "Output", Origin(IOType.OUTPUT, "far")),
    ],
)
def test_outputs(path: str, name: str, expected: Origin) -> None:
    assert origins.outputs(build(), path).parameter(name) == expected


def test_artifacts_and_paths_that_are_none() -> None:
    assert origins.inputs(build(), "root.over.2.next").artifact("a") == Origin(IOType.TASK_OUTPUT_INPUT, "near", 2)
    for path in ("root.none", "root.first.inner"):
        with pytest.raises(KeyError):
            origins.inputs(build(), path)
