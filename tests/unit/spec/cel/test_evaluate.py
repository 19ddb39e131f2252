"""What expressions give."""

from typing import Any

import pytest
from tests.unit.spec.cel.run import run

from headrace.base.errors import InvalidInput
from headrace.spec.cel.values import Uint

WORLD: Any = {
    "n": 5,
    "half": 2.5,
    "text": "tails",
    "flag": True,
    "nothing": None,
    "items": [1, "two", [3]],
    "table": {"k": {"deep": [10, 20]}, "a b": 1, "null": None},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Literals.
        ("1", 1),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-9223372036854775808", -(2**63)),
        ("5u", Uint(5)),
        ("true", True),
        ("null", None),
        ("[1, 'a', [true],]", [1, "a", [True]]),
        ("{'a': 1, 'b': {'c': 2}}", {"a": 1, "b": {"c": 2}}),
        # Access.
        ("text", "tails"),
        ("table.k.deep[1]", 20.0),
        ("table['k']['deep'][0]", 10.0),
        ("items[1]", "two"),
        ("items[0.0]", 1.0),
        ("has(table.k)", True),
        ("has(table.nope)", False),
        ("has(table.k.nope)", False),
        ("{'a': [1, 2]}.a[1]", 2),
        # Operators and how strongly they bind.
        ("1 + 2 * 3 - 4", 3),
        ("(1 + 2) * 3", 9),
        ("-n", -5.0),
        ("--1", 1),
        ("!!flag", True),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("7.0 / 2.0", 3.5),
        ("1.0 / 0.0", float("inf")),
        ("-1.0 / 0.0", float("-inf")),
        ("'a' + \"b\"", "ab"),
        ("[1] + [2]", [1, 2]),
        ("2u * 3u", Uint(6)),
        ("1 < 2 == true", True),
        ("true || false && false", True),
        ("flag ? 'yes' : 'no'", "yes"),
        ("false ? 1 : true ? 2 : 3", 2),
        ("true ? 1 : 1 / 0", 1),
        # A number of a parameter is a double, and compares with every other kind of number.
        ("n == 5", True),
        ("n == 5u", True),
        ("n > 4", True),
        ("5 < half", False),
        ("int(n) / 2", 2),
        ("9007199254740993 == 9007199254740992.0", False),
        # Values of different types are not equal, which is no error.
        ("n == '5'", False),
        ("flag == 1", False),
        ("1 != true", True),
        ("nothing == null", True),
        ("nothing == 0", False),
        ("items == [1, 'two', [3]]", True),
        ("items == [1, 'two', [true]]", False),
        ("table.k == {'deep': [10, 20]}", True),
        ("'a' == ['a']", False),
        ("double('nan') == double('nan')", False),
        # Order.
        ("'a' < 'b'", True),
        ("false < true", True),
        ("'a' <= 'a' && 'b' >= 'a'", True),
        ("1 <= 1.0", True),
        # in
        ("1 in items", True),
        ("true in [1]", False),
        ("'k' in table", True),
        ("'z' in table", False),
        ("1 in table", False),
        ("'two' in items ? 1 : 2", 1),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = run(text, **WORLD)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("false && 1 / 0 == 0", False),
        ("1 / 0 == 0 && false", False),
        ("true || table.nope == 1", True),
        ("table.nope == 1 || true", True),
        ("n && false", False),
        ("'x' || true", True),
        ("1 / 0 == 0 && true && false", False),
    ],
)
def test_an_operand_that_decides_makes_up_for_an_error(text: str, value: bool) -> None:
    assert run(text, **WORLD) is value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1 / 0 == 0 && true", "1 / 0 is a division by zero"),
        ("5 % 0", "5 % 0 is a division by zero"),
        ("table.nope == 1 || false", 'no key the string "nope"; its keys are "k", "a b", "null"'),
        ("n && true", "the operator && takes true or false, not the number 5"),
        ("false || text", 'the operator || takes true or false, not the string "tails"'),
        ("n ? 1 : 2", "the operator ? takes true or false"),
        ("!n", "the operator ! takes true or false"),
        ("-text", "the operator - has no meaning for"),
        ("-5u", "the operator - has no meaning for"),
        ("n + 1", "the operator + has no meaning between the number 5 and the number 1"),
        ("n / 2", "the operator / has no meaning between"),
        ("half % half", "the operator % has no meaning between"),
        ("1 + 1u", "the operator + has no meaning between"),
        ("true + true", "the operator + has no meaning between"),
        ("'a' + 1", "the operator + has no meaning between"),
        ("[1] + 'a'", "the operator + has no meaning between"),
        ("'a' * 2", "the operator * has no meaning between"),
        ("text < 5", 'the operator < has no meaning between the string "tails" and the number 5'),
        ("true < 5", "the operator < has no meaning between the bool true"),
        ("nothing < 1", "the operator < has no meaning between null"),
        ("[1] < [2]", "the operator < has no meaning between the list"),
        ("9223372036854775807 + 1", "does not fit 64 bits"),
        ("-9223372036854775808 / -1", "does not fit 64 bits"),
        ("-(-9223372036854775808)", "does not fit 64 bits"),
        ("0u - 1u", "does not fit 64 bits"),
        ("items[3]", "a list of 3 has no item at the number 3"),
        ("items[-1]", "a list of 3 has no item"),
        ("items[0.5]", "a list of 3 has no item"),
        ("items['a']", "a list of 3 has no item"),
        ("items[true]", "a list of 3 has no item"),
        ("table[1]", "a map has no key the number 1"),
        ("text[0]", "has nothing in it"),
        ("n.a", "the number 5 has no fields, so no a"),
        ("items.a", "has no fields, so no a"),
        ("has(n.a)", "the number 5 has no fields"),
        ("1 in text", "the operator in looks into lists and maps"),
        ("{1: 2}", "the key of a map is a text"),
        ("{'a': 1, 'a': 2}", "stands twice"),
    ],
)
def test_what_has_no_value(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(text, **WORLD)
    assert problem in str(caught.value)


def test_what_is_put_together_has_a_limit() -> None:
    with pytest.raises(InvalidInput, match="longer than 100,000"):
        run("text + text", text="x" * 60_000)
    with pytest.raises(InvalidInput, match="longer than 100,000"):
        run("items + items", items=[0] * 60_000)


def test_values_that_no_struct_can_hold() -> None:
    nested: Any = 1
    for _ in range(200):
        nested = [nested]
    with pytest.raises(InvalidInput, match="nested deeper"):
        run("x == 1", x=nested)
    with pytest.raises(InvalidInput, match="too large for a double"):
        run("x == 1", x=10**400)
