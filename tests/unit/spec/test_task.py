"""Tasks of the plan that are conditional, looped or retried."""

from typing import Any

import pytest
from hypothesis import given as random
from hypothesis import strategies as st
from tests.unit.spec.build import Json, given, leaf, output_of, pipeline, planned, task

from headrace.base.errors import InvalidSpec
from headrace.spec.plan import FromInput, Loop, Retry, TaskPlan

DATA = {"artifactType": {"schemaTitle": "system.Dataset"}}


def one(**more: Any) -> TaskPlan:
    """The task `one`, whose component takes a list, an item and the like as artifacts."""
    component = leaf({"items": "LIST", "item": {"parameterType": "STRING", "isOptional": True}})
    component["inputDefinitions"]["artifacts"] = {
        "files": {**DATA, "isArtifactList": True, "isOptional": True},
        "file": {**DATA, "isOptional": True},
    }
    inputs = given(items={"runtimeValue": {"constant": [1]}})
    inputs["artifacts"] = {"files": {"componentInputArtifact": "files"}}
    root = {"inputDefinitions": {"artifacts": {"files": {**DATA, "isArtifactList": True, "isOptional": True}}}}
    return planned(pipeline({"one": task("comp", inputs=inputs, **more)}, {"comp": component}, **root)).root.tasks[
        "one"
    ]


def test_a_plain_task() -> None:
    plain = one(triggerPolicy={"condition": ""}, retryPolicy={"maxRetryCount": 0, "backoffDuration": "5s"})
    assert (plain.condition, plain.loop, plain.retry) == (None, None, None)


def test_a_condition() -> None:
    condition = one(triggerPolicy={"condition": " inputs.parameter_values['items'] == [1] "}).condition
    assert condition is not None
    assert condition.text == "inputs.parameter_values['items'] == [1]"
    assert condition.names == ("items",)
    assert condition.evaluate({"items": [1]}).value


def test_a_condition_that_is_wrong() -> None:
    with pytest.raises(InvalidSpec) as caught:
        one(triggerPolicy={"condition": "items == 1"})
    assert caught.value.where == "root.dag.tasks.one.triggerPolicy.condition"


@pytest.mark.parametrize(
    ("more", "loop"),
    [
        (
            {"parameterIterator": {"items": {"raw": '[1.0, {"a": 2}, null]'}, "itemInput": "item"}},
            Loop("item", (1, {"a": 2}, None)),
        ),
        ({"parameterIterator": {"items": {"raw": "[]"}, "itemInput": "item"}}, Loop("item", ())),
        (
            {
                "parameterIterator": {"items": {"inputParameter": "items"}, "itemInput": "item"},
                "iteratorPolicy": {"parallelismLimit": 2},
            },
            Loop("item", FromInput("items"), parallelism=2),
        ),
        (
            {"artifactIterator": {"items": {"inputArtifact": "files"}, "itemInput": "file"}},
            Loop("file", FromInput("files"), over_artifacts=True),
        ),
        ({"iteratorPolicy": {"parallelismLimit": 2}}, None),
    ],
)
def test_loops(more: Json, loop: Loop | None) -> None:
    assert one(**more).loop == loop


@pytest.mark.parametrize(
    ("iterator", "where", "problem"),
    [
        ({"items": {"raw": "{}"}, "itemInput": "item"}, ".items.raw", "the struct {} is no list"),
        ({"items": {"raw": '"text"'}, "itemInput": "item"}, ".items.raw", "is no list"),
        ({"items": {"raw": "[1"}, "itemInput": "item"}, ".items.raw", "the items are not JSON"),
        ({"items": {"raw": "[NaN]"}, "itemInput": "item"}, ".items.raw", "nan is not a JSON number"),
        ({"items": {"raw": "[" * 100_000}, "itemInput": "item"}, ".items.raw", "the items are not JSON"),
        ({"items": {"raw": f"[{'[' * 150}{']' * 150}]"}, "itemInput": "item"}, ".items.raw", "nested deeper"),
        ({"items": {"raw": f"[{'1,' * 1_000_000}1]"}, "itemInput": "item"}, ".items.raw", "more than 1,000,000"),
        ({"items": {}, "itemInput": "item"}, ".items", "the loop has no items"),
        ({"items": {"inputParameter": "item"}, "itemInput": "item"}, ".items.inputParameter", 'no input parameter'),
        ({"items": {"raw": "[]"}, "itemInput": "itm"}, ".itemInput", 'to take the item "itm"'),
        ({"items": {"raw": "[]"}}, ".itemInput", 'to take the item ""'),
    ],
)  # fmt: skip
def test_loops_over_parameters_that_are_wrong(iterator: Json, where: str, problem: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        one(parameterIterator=iterator)
    assert problem in caught.value.message
    assert caught.value.where == f"root.dag.tasks.one.parameterIterator{where}"


@pytest.mark.parametrize(
    ("iterator", "where", "problem"),
    [
        ({"items": {"inputArtifact": "file"}, "itemInput": "file"}, ".items.inputArtifact", 'the task "file"'),
        ({"items": {"inputArtifact": "files"}, "itemInput": "x"}, ".itemInput", 'to take the item "x"'),
        ({"items": {"inputArtifact": "files"}, "itemInput": "item"}, ".itemInput", 'to take the item "item"'),
    ],
)  # fmt: skip
def test_loops_over_artifacts_that_are_wrong(iterator: Json, where: str, problem: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        one(artifactIterator=iterator)
    assert problem in caught.value.message
    assert caught.value.where == f"root.dag.tasks.one.artifactIterator{where}"


def test_a_negative_limit() -> None:
    with pytest.raises(InvalidSpec, match="a limit of -1 makes no sense"):
        one(iteratorPolicy={"parallelismLimit": -1})


def test_tasks_of_loops_count() -> None:
    loop = {"parameterIterator": {"items": {"raw": f"[{','.join('1' * 2000)}]"}, "itemInput": "i"}}
    inner = {
        "dag": {"tasks": {"leaf": task("comp", **loop)}},
        "inputDefinitions": {"parameters": {"i": {"parameterType": "LIST"}}},
    }
    tasks = {"outer": task("inner", **loop)}
    with pytest.raises(InvalidSpec, match="more than 1,000,000 tasks"):
        planned(pipeline(tasks, {"comp": leaf({"i": "STRING"}), "inner": inner}))


@pytest.mark.parametrize(
    ("policy", "retry"),
    [
        (
            {"maxRetryCount": 3, "backoffDuration": "10s", "backoffFactor": 1.5, "backoffMaxDuration": "60s"},
            Retry(3, 10.0, 1.5, 60.0),
        ),
        ({"maxRetryCount": 1}, Retry(1, 0.0, 2.0, 3600.0)),
        ({"maxRetryCount": "2", "backoffDuration": "0.5s"}, Retry(2, 0.5, 2.0, 3600.0)),
    ],
)
def test_retries(policy: Json, retry: Retry) -> None:
    assert one(retryPolicy=policy).retry == retry


@pytest.mark.parametrize(
    "policy",
    [
        {"maxRetryCount": -1},
        {"maxRetryCount": 1, "backoffDuration": "-1s"},
        {"maxRetryCount": 1, "backoffFactor": "NaN"},
        {"maxRetryCount": 1, "backoffMaxDuration": "infs"},
    ],
)
def test_retries_that_are_wrong(policy: Json) -> None:
    with pytest.raises(InvalidSpec) as caught:
        one(retryPolicy=policy)
    assert caught.value.where == "root.dag.tasks.one.retryPolicy"


@pytest.mark.parametrize(
    ("retry", "pauses"),
    [
        (Retry(9), [0, 0, 0]),
        (Retry(9, 10.0), [10, 20, 40]),
        (Retry(9, 10.0, 1.0), [10, 10, 10]),
        (Retry(9, 10.0, 3.0, 60.0), [10, 30, 60]),
        (Retry(9, 100.0, 2.0, 60.0), [60, 60, 60]),
    ],
)
def test_pauses_before_retries(retry: Retry, pauses: list[float]) -> None:
    assert [retry.pause(number) for number in (1, 2, 3)] == pauses


def test_the_pause_before_a_late_retry_is_the_longest() -> None:
    assert Retry(9, 1.0).pause(100_000) == 3600
    assert Retry(9).pause(100_000) == 0


amounts = st.floats(0, 1e300)


@random(amounts, amounts, amounts, st.integers(1, 10_000))
def test_no_pause_is_longer_than_the_longest(backoff: float, factor: float, longest: float, number: int) -> None:
    retry = Retry(9, backoff, factor, longest)
    assert 0 <= retry.pause(number) <= longest
    if factor >= 1:
        assert retry.pause(number) <= retry.pause(number + 1)


def test_what_comes_out_of_a_loop_is_not_checked_against_one_item() -> None:
    loop = {"parameterIterator": {"items": {"raw": "[1]"}, "itemInput": "i"}}
    tasks = {"many": task("give", **loop), "all": task("take", inputs=given(x=output_of("many")))}
    components = {"give": leaf({"i": "STRING"}, {"Output": "STRING"}), "take": leaf({"x": "LIST"})}
    assert planned(pipeline(tasks, components)).root.tasks["all"].depends_on == ("many",)
