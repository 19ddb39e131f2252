"""Conversions, and questions about texts and sizes."""

from typing import Any

import pytest
from tests.unit.spec.cel.run import run

from headrace.base.errors import InvalidInput
from headrace.spec.cel.values import Uint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("int(5.9)", 5),
        ("int(-5.9)", -5),
        ("int('-12')", -12),
        ("int(7u)", 7),
        ("int(x)", 3),
        ("uint(5)", Uint(5)),
        ("uint('5')", Uint(5)),
        ("uint(18446744073709549568.0)", Uint(2**64 - 2048)),
        ("double(5)", 5.0),
        ("double('1e3')", 1000.0),
        ("double('-.5')", -0.5),
        ("double('Infinity')", float("inf")),
        ("string(1234567.0)", "1234567"),
        ("string(0.1)", "0.1"),
        ("string(5)", "5"),
        ("string(true)", "true"),
        ("string('a')", "a"),
        ("string(1.0 / 0.0)", "+Inf"),
        ("string(double('nan'))", "NaN"),
        ("bool('true')", True),
        ("bool('0')", False),
        ("bool(false)", False),
        ("size('äö𝄞')", 3),
        ("size([1, 2])", 2),
        ("size({'a': 1})", 1),
        ("'abc'.size()", 3),
        ("'abc'.startsWith('ab')", True),
        ("'abc'.endsWith('bc')", True),
        ("'abc'.contains('x')", False),
        ("parseJson('{\"a\": [1, true, null]}').a[0]", 1.0),
        ("parseJson('\"text\"')", "text"),
        ("parseJson('{\"a\": 5}')['a'] == 5", True),
        ("string(size('ab')) + '!'", "2!"),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = run(text, x=3)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("int('5.0')", 'int() cannot convert the string "5.0"'),
        ("int(' 5')", "int() cannot convert"),
        ("int('1_000')", "int() cannot convert"),
        ("int(true)", "int() cannot convert the bool true"),
        ("int(null)", "int() cannot convert null"),
        ("int([1])", "int() cannot convert the list [1]"),
        ("int(1e19)", "int() cannot convert"),
        ("int(1e300)", "int() cannot convert"),
        ("int(double('nan'))", "int() cannot convert"),
        ("int('99999999999999999999')", "int() cannot convert"),
        ("int('" + "9" * 10_000 + "')", "int() cannot convert"),
        ("uint(-1)", "uint() cannot convert"),
        ("double('x')", "double() cannot convert"),
        ("double('1_0')", "double() cannot convert"),
        ("double(true)", "double() cannot convert"),
        ("string([1])", "string() cannot convert"),
        ("string(null)", "string() cannot convert"),
        ("bool('yes')", "bool() cannot convert"),
        ("bool(1)", "bool() cannot convert"),
        ("size(1)", "size() takes a text, a list or a map"),
        ("size(null)", "size() takes"),
        ("'a'.startsWith(1)", "startsWith() takes texts, not the number 1"),
        ("x.contains('a')", "contains() takes texts, not the number 3"),
        ("parseJson(1)", "parseJson() takes a text, not the number 1"),
        ("parseJson('{')", "is not JSON"),
        ("parseJson('NaN')", "NaN is no number of JSON"),
        ("parseJson('" + "[" * 20_000 + "')", "is not JSON"),
    ],
)
def test_what_has_no_value(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(text, x=3)
    assert problem in str(caught.value)
