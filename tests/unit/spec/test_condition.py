"""Conditions of tasks: what they decide, and how they say why."""

from typing import Any

import pytest

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.spec.condition import compile_condition

WHERE = "root.dag.tasks.x.triggerPolicy.condition"


def channel(name: str) -> str:
    return f"inputs.parameter_values['pipelinechannel--{name}']"


@pytest.mark.parametrize(
    ("text", "parameters", "value", "explanation"),
    [
        (f"{channel('flip')} == 'heads'", {"flip": "tails"}, False, '  (flip = "tails")'),
        (f"!({channel('flip')} == 'heads')", {"flip": "tails"}, True, '  (flip = "tails")'),
        (f"int({channel('n')}) > 5", {"n": 7}, True, "  (n = 7)"),
        (f"{channel('x')} >= double(5)", {"x": 5}, True, "  (x = 5)"),
        (f"double(int({channel('n')})) < 2.5", {"n": 2}, True, "  (n = 2)"),
        (f"{channel('flag')} == true", {"flag": True}, True, "  (flag = true)"),
        (f"{channel('flag')} == false", {"flag": True}, False, "  (flag = true)"),
        (
            f"!({channel('a')} == 'x') && {channel('b')} != {channel('a')}",
            {"a": "y", "b": "y"},
            False,
            '  (a = "y", b = "y")',
        ),
        # As the SDK mixes types: a number as a text, or a bool for 1.
        (f"{channel('text')} == '5'", {"text": "5"}, True, '  (text = "5")'),
        (f"{channel('flag')} == false", {"flag": False}, True, "  (flag = false)"),
        ("true", {}, True, ""),
    ],
)
def test_what_the_sdk_compiles(text: str, parameters: dict[str, Any], value: bool, explanation: str) -> None:
    given = {f"pipelinechannel--{name}": each for name, each in parameters.items()}
    verdict = compile_condition(text, WHERE).evaluate(given)
    assert verdict.value is value
    assert verdict.explanation == text + explanation


def test_names_that_it_reads() -> None:
    text = "has(inputs.parameter_values.a) && inputs.parameter_values['b'] == inputs.parameter_values.c.d && 1 < 2"
    assert compile_condition(text, WHERE).names == ("a", "b", "c")
    assert compile_condition("true", WHERE).names == ()
    assert compile_condition("'a' in inputs.parameter_values", WHERE).names is None
    assert compile_condition("inputs.parameter_values[inputs.parameter_values['a']]", WHERE).names is None


def test_an_explanation_shows_all_values_where_any_may_be_read() -> None:
    verdict = compile_condition("'b' in inputs.parameter_values", WHERE).evaluate({"a": 1, "pipelinechannel--b": None})
    assert not verdict.value
    assert verdict.explanation == "'b' in inputs.parameter_values  (a = 1, b = null)"


def test_an_explanation_is_bounded() -> None:
    condition = compile_condition(" || ".join(f"inputs.parameter_values.p{n} == 'x'" for n in range(1000)), WHERE)
    verdict = condition.evaluate({f"p{n}": "y" * 1000 for n in range(1000)})
    assert not verdict.value
    assert len(verdict.explanation) < 4000
    assert 'p19 = "yyy' in verdict.explanation
    assert "p20 = " not in verdict.explanation


def test_a_parameter_that_is_not_given() -> None:
    condition = compile_condition("inputs.parameter_values['a'] == 'x'", WHERE)
    with pytest.raises(InvalidInput) as caught:
        condition.evaluate({"b": 1})
    assert 'a map has no key the string "a"' in caught.value.message
    assert "inputs.parameter_values['a'] == 'x'  (a is not given)" in caught.value.message
    assert caught.value.where == "condition"
    optional = compile_condition("has(inputs.parameter_values.a) && inputs.parameter_values.a == 'x'", WHERE)
    assert optional.evaluate({}).explanation.endswith("(a is not given)")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("int(inputs.parameter_values['a']) > 5", 'int() cannot convert the string "x"'),
        ("inputs.parameter_values['a'] > 5", 'the operator > has no meaning between the string "x" and the number 5'),
        ("inputs.parameter_values['a']", 'it gives the string "x", neither true nor false'),
        ("1 + 2", "it gives the number 3, neither true nor false"),
        ("inputs.parameter_values", "it gives the struct"),
        ("[inputs.parameter_values] < 1", "the operator < has no meaning between the list"),
    ],
)
def test_what_cannot_be_evaluated(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        compile_condition(text, WHERE).evaluate({"a": "x"})
    assert problem in caught.value.message
    assert f"in {text}" in caught.value.message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("heads == 'heads'", "there is no variable heads"),
        ("inputs.artifacts['a'].artifacts[0].uri == ''", "there is no variable inputs.artifacts"),
        ("inputs.parameter_values['it's'] == 1", "expected ], found s"),
        ("inputs.parameter_values['a'] == 1 and true", "expected an operator or the end, found and"),
    ],
)
def test_what_is_no_condition(text: str, problem: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        compile_condition(text, WHERE)
    assert problem in caught.value.message
    assert caught.value.where == WHERE


@pytest.mark.parametrize("other", [channel("flag"), f"int({channel('n')})"])
def test_what_the_sdk_compiles_to_nonsense_says_what_to_do(other: str) -> None:
    with pytest.raises(InvalidSpec, match="compare values of the same type"):
        compile_condition(f"{channel('text')} == '{other}'", WHERE)
