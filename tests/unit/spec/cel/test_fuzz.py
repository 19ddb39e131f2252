"""No text crashes the evaluator: it is an expression or InvalidSpec, and has a value or InvalidInput."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.spec.cel.run import run

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.spec.cel.functions import GLOBALS, METHODS
from headrace.spec.cel.lexer import OPERATORS
from headrace.spec.cel.parser import parse
from headrace.spec.condition import compile_condition

LITERALS = ["1", "-1", "2u", "0.5", "1e300", "'a'", "r'\\'", '"x"', "true", "null", "[1, 'a']", "{'k': 1}", "'[1]'"]
WORDS = [*OPERATORS, *GLOBALS, *METHODS, "has", "in", "inputs.parameter_values", "['x']", ".y", *LITERALS]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyk"), inner, max_size=2),
    max_leaves=5,
)
parameters = st.dictionaries(st.sampled_from(["x", "y"]), json_values)


def survives(text: str, values: dict[str, Any]) -> None:
    with suppress(InvalidSpec):
        condition = compile_condition(text, "here")
        with suppress(InvalidInput):
            verdict = condition.evaluate(values)
            assert isinstance(verdict.value, bool)
            assert verdict.explanation.startswith(text.strip()[:1000])


@given(st.text(max_size=30), parameters)
def test_any_text(text: str, values: dict[str, Any]) -> None:
    survives(text, values)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=12), st.sampled_from(["", " "]), parameters)
def test_any_tokens(words: list[str], between: str, values: dict[str, Any]) -> None:
    survives(between.join(words), values)


@given(st.sampled_from([*GLOBALS]), st.lists(json_values, min_size=1, max_size=2))
def test_any_argument_of_any_function(name: str, arguments: list[Any]) -> None:
    call = f"{name}({', '.join(f'a[{index}]' for index in range(GLOBALS[name].takes))})"
    with suppress(InvalidInput):
        run(call, a=arguments)


@given(st.text())
def test_a_text_in_quotes_is_itself(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    assert run(f"'{escaped}'") == text


@given(json_values)
def test_a_value_is_what_its_json_is(value: Any) -> None:
    if "NaN" in (text := json.dumps(value)) or "Infinity" in text:
        return
    assert run("parseJson(t) == x", t=text, x=value) is True


@pytest.mark.parametrize(
    "text",
    [
        "'" * 49_999,
        "'''" + "\\'" * 20_000,
        "1." * 20_000,
        "0x" + "f" * 40_000,
        "a." * 20_000,
        "(" * 49_000,
        "{'a':" * 10_000,
        "a[" * 20_000,
        "-" * 49_000 + "1",
        "true?" * 9_000,
        "/" * 49_000,
        "//\n" * 16_000,
        "has(" * 12_000,
        "\\" * 49_000,
        "'a'" + ".size()" * 7_000 + "(",
    ],
)
def test_large_texts(text: str) -> None:
    with pytest.raises(InvalidSpec):
        parse(text, ("a",))
