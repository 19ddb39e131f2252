"""Values: the text form, coercion to a declared type, and what a run request may give."""

from typing import Any

import pytest
from hypothesis import given as random
from hypothesis import settings
from hypothesis import strategies as st
from tests.unit.spec.build import Json, compiled, parameters, pipeline

from headrace.base.errors import InvalidInput
from headrace.spec.plan import ParameterSpec, ParameterType, Plan
from headrace.spec.text import to_text
from headrace.spec.values import coerce, runtime_parameters

NUMBERS = (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (5.0, "5"),
        (-0.5, "-0.5"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (1e23, "100000000000000000000000"),
        (0.1 + 0.2, "0.30000000000000004"),
        ([1, "a", None], '[1,"a",null]'),
        ({"k": [True], "ü": {}}, '{"k":[true],"ü":{}}'),
    ],
)
def test_the_text_form(value: Any, text: str) -> None:
    assert to_text(value) == text


@settings(deadline=None)
@random(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_its_text_form(number: float) -> None:
    text = to_text(number)
    assert float(text) == number
    assert "e" not in text


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("STRING", "x", "x"),
        ("STRING", 0.5, "0.5"),
        ("STRING", None, ""),
        ("STRING", {"a": 1}, '{"a":1}'),
        ("NUMBER_INTEGER", 5, 5),
        ("NUMBER_INTEGER", 5.0, 5),
        ("NUMBER_INTEGER", 2**70, 2**70),
        ("NUMBER_DOUBLE", 5, 5),
        ("NUMBER_DOUBLE", 0.5, 0.5),
        ("BOOLEAN", True, True),
        ("LIST", [], []),
        ("STRUCT", {"a": None}, {"a": None}),
        ("TASK_FINAL_STATUS", {"state": "FAILED"}, {"state": "FAILED"}),
    ],
)
def test_values_of_the_declared_type(kind: str, value: Any, expected: Any) -> None:
    found = coerce(value, ParameterSpec(ParameterType(kind)), "here")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("NUMBER_INTEGER", "5", 'the string "5" is not of type NUMBER_INTEGER'),
        ("NUMBER_INTEGER", True, "the bool true is not of type NUMBER_INTEGER"),
        ("NUMBER_DOUBLE", False, "the bool false is not"),
        ("NUMBER_DOUBLE", None, "null is not of type"),
        ("BOOLEAN", 1, "the number 1 is not"),
        ("BOOLEAN", "true", 'the string "true" is not'),
        ("LIST", "[1]", "the string"),
        ("LIST", {}, "the struct {} is not"),
        ("STRUCT", [1] * 100, "the list [1,1"),
    ],
)
def test_values_of_another_type(kind: str, value: Any, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        coerce(value, ParameterSpec(ParameterType(kind)), "input parameter x")
    assert caught.value.where == "input parameter x"
    assert problem in caught.value.message
    assert len(caught.value.message) < 120


def test_literals_are_enforced() -> None:
    spec = ParameterSpec(ParameterType.NUMBER_INTEGER, literals=(1, 2))
    assert coerce(2.0, spec, "x") == 2
    with pytest.raises(InvalidInput, match="the number 3 is not one of its literals: 1, 2"):
        coerce(3, spec, "x")
    flags = ParameterSpec(ParameterType.BOOLEAN, literals=(True,))
    with pytest.raises(InvalidInput, match="literals"):
        coerce(False, flags, "x")


def test_an_optional_value_may_be_null() -> None:
    assert coerce(None, ParameterSpec(ParameterType.LIST, optional=True), "x") is None


def plan(types: Json) -> Plan:
    return compiled(pipeline({}, {}, inputDefinitions={"parameters": parameters(types)}))


def test_a_run_gets_what_was_given_and_defaults_for_the_rest() -> None:
    takes = plan(
        {
            "must": "STRING",
            "some": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3.0, "isOptional": True},
            "none": {"parameterType": "STRUCT", "isOptional": True},
        }
    )
    assert runtime_parameters(takes, {"must": "x"}) == {"must": "x", "some": 3, "none": None}
    found = runtime_parameters(takes, {"must": "", "some": 4.0, "none": {"a": 1.5}})
    assert found == {"must": "", "some": 4, "none": {"a": 1.5}}
    assert runtime_parameters(takes, {"must": "x", "some": None, "none": None})["some"] == 3
    assert runtime_parameters(takes, {"must": "x", "some": 1.5})["some"] == 1.5


def test_a_pipeline_without_inputs_needs_no_config() -> None:
    assert runtime_parameters(plan({}), None) == {}
    assert runtime_parameters(plan({}), {}) == {}


@pytest.mark.parametrize(
    ("types", "given", "message"),
    [
        ({"a": "STRING"}, None, "pipeline requiring input has no parameter(s) provided"),
        ({"a": "STRING"}, {"a": "x", "b": 1, "c": 2}, "parameter(s) provided are not required by pipeline: b, c"),
        ({"a": "STRING"}, {}, "parameter a is not optional, yet has neither default value nor user provided value"),
        ({"a": "STRING"}, {"a": 5}, "input parameter a requires type string, but the value is the number 5"),
        ({"a": "STRING"}, {"a": None}, "input parameter a requires type string, but the value is null"),
        ({"a": "NUMBER_INTEGER"}, {"a": "5"}, "input parameter a requires type double or integer, but"),
        ({"a": "NUMBER_DOUBLE"}, {"a": True}, "input parameter a requires type double or integer, but"),
        ({"a": "BOOLEAN"}, {"a": "yes"}, "input parameter a requires type bool, but"),
        ({"a": "LIST"}, {"a": {}}, "input parameter a requires type list, but"),
        ({"a": "STRUCT"}, {"a": []}, "input parameter a requires type struct, but"),
        ({"a": {"parameterType": "STRING", "literals": ["x"]}}, {"a": "y"}, "not one of its literals: x"),
        ({"a": "TASK_FINAL_STATUS"}, {"a": {}}, "requires type TASK_FINAL_STATUS, which is invalid for root component"),
        ({"a": "TASK_FINAL_STATUS"}, {}, "requires type TASK_FINAL_STATUS, which is invalid for root component"),
    ],
)
def test_a_wrong_request_is_refused_in_kfps_words(types: Json, given: Json | None, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        runtime_parameters(plan(types), given)
    assert message in str(caught.value)
    assert caught.value.where.startswith("runtime_config")
