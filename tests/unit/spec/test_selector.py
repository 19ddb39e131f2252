"""Expressions that select a key of a JSON value."""

from typing import Any

import pytest

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.spec.selector import parse_selector, select


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('parseJson(string_value)["a"]', ("a",)),
        ("parseJson(string_value)['a']", ("a",)),
        ('parseJson(string_value)["a"]["b c"]', ("a", "b c")),
        ('parseJson(string_value)["a"][0]', ("a", "0")),
        ('parseJson(parseJson(string_value)["a"])["b"]', ("a", "b")),
        ('parseJson(parseJson(parseJson(string_value)["a"])["b"]["c"])["d"]', ("a", "b", "c", "d")),
        (' parseJson( string_value ) [ "a" ] ', ("a",)),
        (r'parseJson(string_value)["say \"hi\" \\"]', ('say "hi" \\',)),
        ('parseJson(string_value)[""]', ("",)),
        ("parseJson(string_value).a['b'].c", ("a", "b", "c")),
    ],
)
def test_what_the_sdk_writes_is_understood(text: str, keys: tuple[str, ...]) -> None:
    assert parse_selector(text, "here") == keys


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("string_value", "not supported"),
        ("string_value.a", "not supported"),
        ("parseJson(string_value)", "not supported"),
        ("parseJson(parseJson(string_value))['a']", "not supported"),
        ('parseJson(string_value)["a"', "expected ]"),
        ('parseJson(string_value)["a"])', "expected an operator or the end"),
        ('parseJson(parseJson(string_value)["a"]', "expected )"),
        ('parseJson(string_value)["a"] + 1', "not supported"),
        ("parseJson(string_value)[1.5]", "not supported"),
        ("parseJson(string_value)[true]", "not supported"),
        ("parseJson(string_value)[-1]", "not supported"),
        ("parseJson(string_value)['a'].size()", "not supported"),
        ("parseJson('{}')['a']", "not supported"),
        ('parseJson(other)["a"]', "there is no variable other"),
        ('parseJson(string_value)["it\'s "odd""]', "expected ]"),
        ('parseJson(string_value)["a"]' + '["b"]' * 1000, "not supported"),
        ("parseJson(" * 1_000_000, "not supported"),
        ("parseJson(" * 100, "nested deeper"),
    ],
)
def test_another_expression_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse_selector(text, "here")
    assert problem in caught.value.message
    assert caught.value.where == "here"


@pytest.mark.parametrize(
    ("value", "keys", "found"),
    [
        ({"a": 1}, ("a",), 1),
        ('{"a": {"b": [1, {"c": "x"}]}}', ("a", "b", "1", "c"), "x"),
        ({"a": '{"b": 2}'}, ("a", "b"), 2),
        ({"a": None}, ("a",), None),
        ([5, 6], ("1",), 6),
        ({"a": 1}, (), {"a": 1}),
    ],
)
def test_keys_lead_into_values(value: Any, keys: tuple[str, ...], found: object) -> None:
    assert select(value, keys) == found


@pytest.mark.parametrize(
    ("value", "keys", "problem"),
    [
        ({"a": 1}, ("b",), 'there is no "b" in the struct {"a":1}'),
        ({"a": 1}, ("a", "b"), 'there is no "b" in the number 1'),
        ("not json", ("a",), 'the string "not json" is not JSON'),
        ([1], ("1",), 'there is no "1"'),
        ([1], ("a",), 'there is no "a"'),
        (None, ("a",), 'there is no "a" in null'),
        ("[" * 100_000, ("a",), "is not JSON"),
    ],
)
def test_keys_that_lead_nowhere(value: Any, keys: tuple[str, ...], problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        select(value, keys)
    assert problem in str(caught.value)
