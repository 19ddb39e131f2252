"""The items of a loop when it begins. How loops are compiled is in test_task and test_sdk_flow."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.base.errors import InvalidInput
from headrace.spec.loop import parameter_items
from headrace.spec.plan import FromInput, Loop

OVER_INPUT = Loop("item", FromInput("items"))


def test_items_that_are_written_down() -> None:
    assert list(parameter_items(Loop("item", (1, "a")), {})) == [1, "a"]


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ([1, {"a": 2}], [1, {"a": 2}]),
        ([], []),
        ('[1.0, "a"]', [1, "a"]),
        ("[]", []),
    ],
)
def test_items_that_are_an_input(value: Any, items: list[Any]) -> None:
    found = list(parameter_items(OVER_INPUT, {"items": value, "other": 1}))
    assert found == items
    assert list(map(type, found)) == list(map(type, items))


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, "null is no list"),
        ({"items": 5}, "the number 5 is no list"),
        ({"items": {"a": 1}}, 'the struct {"a":1} is no list'),
        ({"items": "abc"}, 'the string "abc" is not JSON'),
        ({"items": '{"a": 1}'}, 'the struct {"a":1} is no list'),
        ({"items": "[" * 100_000}, "is not JSON"),
        ({"items": "[" * 150 + "]" * 150}, "nested deeper than 100 levels"),
    ],
)
def test_what_is_no_list(parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parameter_items(OVER_INPUT, parameters)
    assert problem in caught.value.message
    assert caught.value.where == "input parameter items"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(st.lists(json_values, max_size=5))
def test_a_list_and_its_text_have_the_same_items(items: list[Any]) -> None:
    assert list(parameter_items(OVER_INPUT, {"items": items})) == items
    assert list(parameter_items(OVER_INPUT, {"items": json.dumps(items)})) == items
