"""Generated expressions give what another implementation of CEL gives: its Rust package, which only tests depend on.

Where the two differ and we mean it, the generators stay away. The oracle counts bytes in `size('ä')`, has no `bool()`,
no `parseJson()` and no `string()` of a bool, negates bools by `-`, and the least int to itself; it refuses to look for
a list among the keys of a map, takes other keys than texts in a map, and no double as an index; and `string()` writes
a large double here as KFP writes it.
"""

import math
from collections.abc import Callable
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.spec.cel.run import run

from headrace.base.errors import InvalidInput
from headrace.spec.condition import compile_condition

Texts = st.SearchStrategy[str]

PARAMETERS = st.fixed_dictionaries(
    {
        "n": st.integers(-3, 3).map(float) | st.floats(-5, 5),
        "m": st.integers(-3, 3).map(float),
        "t": st.sampled_from(["", "a", "ab", "1", "-2.5"]),
        "f": st.booleans(),
        "l": st.lists(st.integers(0, 2).map(float), max_size=3),
        "d": st.dictionaries(st.sampled_from(["a", "b"]), st.none() | st.integers(0, 2).map(float), max_size=2),
    }
)


def put(template: str, *parts: Texts) -> Texts:
    """The template with an expression of each strategy at `_`."""
    return st.tuples(*parts).map(lambda each: template.replace("_", "{}").format(*each))


def one_of(*plain: str) -> Texts:
    return st.sampled_from(plain)


compare = one_of("<", "<=", ">", ">=", "==", "!=")
calculate = one_of("+", "-", "*", "/")
ints = st.deferred(
    lambda: st.one_of(
        one_of("0", "1", "-1", "2", "7", "9223372036854775807", "0x1f", "int('-7')"),
        put("(_ _ _)", ints, calculate | one_of("%"), ints),
        put("(_ _ _ _ _)", ints, calculate, ints, calculate, ints),
        put("int(_)", doubles | ints | texts),
        put("size(_)", texts | lists),
        put("(_ ? _ : _)", bools, ints, ints),
        put("-(_)", ints),
    )
)
uints = st.deferred(
    lambda: st.one_of(
        one_of("0u", "1u", "7u", "18446744073709551615u", "uint(5)"),
        put("(_ _ _)", uints, calculate | one_of("%"), uints),
    )
)
doubles = st.deferred(
    lambda: st.one_of(
        one_of("p.n", "p['m']", "1.0", "0.5", "-2.5", "1e3", "0.0", "p.l[0]", "p.d.a", "p.d['b']"),
        put("(_ _ _)", doubles, calculate, doubles),
        put("double(_)", ints | texts),
        put("-(_)", doubles),
        put("p.l[_]", ints),
    )
)
texts = st.deferred(
    lambda: st.one_of(
        one_of("p.t", "p['t']", "''", "'a'", "'b'", '"1"', "r'\\d'", "'it\\'s'", "'\\n'", "'''ab'''"),
        put("(_ + _)", texts, texts),
        put("string(_)", ints | texts),
    )
)
lists = st.deferred(
    lambda: st.one_of(one_of("p.l", "[]"), put("[_, _]", ints | doubles, texts | bools), put("(_ + _)", lists, lists))
)
maps = st.deferred(lambda: one_of("p.d", "{}") | put("{{'a': _, 'c': _}}", doubles, anything))
bools = st.deferred(
    lambda: st.one_of(
        one_of("true", "false", "p.f", "p['f']", "has(p.d.a)", "has(p.x)", "p.x == 1"),
        put("(_ _ _)", ints | doubles | uints, compare, ints | doubles | uints),
        put("(_ _ _)", texts, compare, texts),
        put("(_ _ _)", bools, compare, bools),
        put("(_ _ _)", bools, one_of("&&", "||"), bools),
        put("(_ _ _ _ _)", bools, one_of("&&", "||"), bools, one_of("&&", "||"), bools),
        put("!_", bools),
        put("_ _ _", anything, one_of("==", "!="), anything),
        put("_._(_)", texts, one_of("startsWith", "endsWith", "contains"), texts),
        put("(_ in _)", anything, lists),
        put("(_ in _)", texts, maps),
        put("has(_.a)", maps),
    )
)
anything = st.deferred(lambda: st.one_of(ints, uints, doubles, texts, bools, lists, maps, st.just("null")))
broken = st.deferred(
    lambda: st.one_of(
        put("(_ _ _)", anything, calculate | compare | one_of("&&", "||", "%"), anything),
        put("(_ ? _ : _)", anything, anything, anything),
        put("!(_)", anything),
        put("_[_]", lists | maps | texts, ints | texts),
        put("(_ && _) || _", broken, bools, broken),
    )
)


def outcome(call: Callable[[], Any]) -> Any:
    """What it gives, in a form that tells types and NaN apart, or that it fails."""
    try:
        return shape(call())
    except (InvalidInput, ValueError, TypeError, RuntimeError, ArithmeticError, LookupError):
        return "error"


def shape(value: Any) -> Any:
    if isinstance(value, list):
        return [shape(each) for each in value]
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, float):
        return "nan" if math.isnan(value) else ("double", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return ("int", int(value))
    return (type(value).__name__, value)


def assert_same(text: str, parameters: dict[str, Any]) -> None:
    ours = outcome(lambda: run(text, p=parameters))
    assert ours == outcome(lambda: cel.evaluate(text, {"p": parameters}))


@settings(max_examples=100)
@given(bools, PARAMETERS)
def test_conditions(text: str, parameters: dict[str, Any]) -> None:
    assert_same(text, parameters)


@settings(max_examples=50)
@given(anything, PARAMETERS)
def test_values_of_any_type(text: str, parameters: dict[str, Any]) -> None:
    assert_same(text, parameters)


@settings(max_examples=50)
@given(broken, PARAMETERS)
def test_types_that_do_not_fit(text: str, parameters: dict[str, Any]) -> None:
    assert_same(text, parameters)


@pytest.mark.parametrize("text", ["!!0 == 0", "!!!true", "!!!0", "--5 == 5", "---5", "--'x' == 'x'", "!!'x' == 'x'"])
def test_two_prefixes_of_a_kind_are_none(text: str) -> None:
    assert_same(text, {})


@pytest.mark.parametrize("text", ["!-(0)", "-!true", "!!-(0) == 0", "!-1 == true", "!!-1 == -1", "!(-(0) == 0)"])
def test_prefixes_of_two_kinds_are_no_expression_but_before_a_negative_number(text: str) -> None:
    assert_same(text, {})


CHANNEL = "inputs.parameter_values['pipelinechannel--x']"


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("negate", ["", "!"])
@pytest.mark.parametrize(
    ("left", "right", "values"),
    [
        (CHANNEL, "'heads'", ["heads", "tails", ""]),
        (CHANNEL, "'5'", ["5", "05"]),
        (f"int({CHANNEL})", "5", [4.0, 5.0, 6.0]),
        (f"int({CHANNEL})", "-5", [-4.0, -5.0, -6.0]),
        (f"double(int({CHANNEL}))", "2.5", [2.0, 3.0]),
        (CHANNEL, "double(3)", [2.5, 3.0, 3.5]),
        (CHANNEL, "1e-07", [0.0, 1e-7, 1.0]),
        (CHANNEL, "true", [True, False]),
        (CHANNEL, CHANNEL, ["a", 1.0, True]),
        (f"int({CHANNEL})", f"int({CHANNEL})", [1.0]),
    ],
)
def test_every_form_that_the_sdk_compiles(operator: str, negate: str, left: str, right: str, values: list[Any]) -> None:
    text = f"{left} {operator} {right}"
    text = f"!({text}) && {text} || {text}" if negate else text
    for value in values:
        inputs = {"parameter_values": {"pipelinechannel--x": value}}
        expected = cel.evaluate(text, {"inputs": inputs})
        assert compile_condition(text, "here").evaluate(inputs["parameter_values"]).value is expected
