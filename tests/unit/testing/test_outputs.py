"""Made-up outputs fit those who take them."""

import random
from dataclasses import replace

import pytest

from headrace.base.clock import Instant
from headrace.base.json import JsonValue
from headrace.spec.condition import compile_condition
from headrace.spec.plan import (
    ArtifactSpec,
    Container,
    Dag,
    FromParent,
    FromTask,
    ParameterSpec,
    ParameterType,
    Plan,
    TaskPlan,
)
from headrace.testing.outputs import MadeUp
from headrace.testing.plans import dag, group, leaf, loop, output_of, plan
from headrace.testing.shapes import static_path


def giving(kind: ParameterType, literals: tuple[JsonValue, ...] = ()) -> TaskPlan:
    return leaf("a", outputs={"Output": ParameterSpec(kind, literals=literals)})


def seen(made: Plan) -> list[JsonValue]:
    """What `a` gives with many seeds."""
    component = made.root.tasks["a"].component
    assert isinstance(component, Container)
    outputs = (MadeUp(made, random.Random(seed)).outputs("root.a", component, "try", Instant(1)) for seed in range(200))
    return [each.parameters["Output"] for each in outputs]


def taking(kind: ParameterType, name: str = "b") -> TaskPlan:
    """A step that takes the item of its loop as a value of that type."""
    made = leaf(name, parameters={"v": FromParent("item")})
    component = made.component
    assert isinstance(component, Container)
    interface = replace(component.interface, input_parameters={"v": ParameterSpec(kind)})
    return replace(made, component=replace(component, interface=interface))


def test_the_constants_of_a_condition_come_up_on_both_sides() -> None:
    condition = compile_condition("int(inputs.parameter_values['x']) > 40", "test")
    taker = leaf("b", parameters={"x": output_of("a")}, condition=condition)
    found = seen(plan(dag(giving(ParameterType.NUMBER_INTEGER), taker)))
    assert {40, 41} <= set(found)
    assert all(isinstance(each, int) for each in found)


def test_a_condition_deep_inside_counts() -> None:
    condition = compile_condition("inputs.parameter_values['y'] == 'heads'", "test")
    inner = dag(leaf("c", parameters={"y": FromParent("x")}, condition=condition))
    outer = group("g", inner, parameters={"x": output_of("a")})
    assert "heads" in seen(plan(dag(giving(ParameterType.STRING), outer)))


def test_a_list_has_the_items_that_the_loop_takes() -> None:
    turns = loop("l", dag(taking(ParameterType.NUMBER_INTEGER)), output_of("a"))
    found = seen(plan(dag(giving(ParameterType.LIST), turns)))
    assert [] in found
    assert {type(item) for each in found if isinstance(each, list) for item in each} == {int}


def test_a_table_has_the_fields_that_are_taken() -> None:
    taker = leaf("b", parameters={"v": output_of("a")})
    taker = replace(taker, parameters={"v": replace(taker.parameters["v"], selector=("x", "y"))})
    found = seen(plan(dag(giving(ParameterType.STRUCT), taker)))
    assert found[0] == {"x": {"y": "root.a/Output/x/y"}}


def test_literals_are_kept_to() -> None:
    assert set(map(str, seen(plan(dag(giving(ParameterType.STRING, ("small", "large"))))))) == {"small", "large"}


@pytest.mark.parametrize("seed", range(20))
def test_artifacts_are_one_or_a_list(seed: int) -> None:
    made = plan(dag(leaf("a", made={"one": ArtifactSpec("system.Metrics"), "many": ArtifactSpec("T", is_list=True)})))
    component = made.root.tasks["a"].component
    assert isinstance(component, Container)
    artifacts = MadeUp(made, random.Random(seed)).outputs("root.a", component, "try", Instant(1)).artifacts
    (one,) = artifacts["one"]
    assert isinstance(one.metadata["score"], float)
    assert len({each.uri for each in artifacts["many"]}) == len(artifacts["many"]) <= 3


def test_the_path_without_the_numbers_of_iterations() -> None:
    inner: Dag = dag(loop("inner", dag(leaf("x")), ["a"]))
    made = plan(dag(loop("outer", inner, ["a"]), leaf("y", parameters={"v": FromTask("outer", "v")})))
    assert static_path(made, "root.outer.3.inner.12.x") == "root.outer.inner.x"
    assert static_path(made, "root.outer.3") == "root.outer"
    assert static_path(made, "root.y") == "root.y"
