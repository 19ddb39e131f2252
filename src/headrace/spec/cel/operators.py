"""What the operators of an expression do with values. Raises InvalidInput where CEL has no such operation.

Numbers of different kinds compare, but do not calculate: `1 < 1.5` is true, `1 + 1.5` an error.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from headrace.base.errors import InvalidInput
from headrace.spec.cel.lexer import INT64
from headrace.spec.cel.values import Uint, Value, contains, equal, is_number
from headrace.spec.text import describe

MAX_SIZE = 100_000
"""How long a text or a list that is put together may be."""

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def binary(symbol: str, left: Value, right: Value) -> Value:
    """`left symbol right`, of any operator but `&&` and `||`."""
    match symbol:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "in":
            return contains(right, left)
    if symbol in _ORDER:
        return _ordered(symbol, left, right)
    if isinstance(left, float) and isinstance(right, float) and symbol != "%":
        return _of_doubles(symbol, left, right)
    if isinstance(left, int) and isinstance(right, int) and is_number(left) and type(left) is type(right):
        return _of_ints(symbol, left, right)
    if symbol == "+":
        return _joined(left, right)
    raise _undefined(symbol, left, right)


def negative(value: Value) -> Value:
    """`-value`"""
    if isinstance(value, float):
        return -value
    if isinstance(value, int) and type(value) is int:
        return _in_range(-value, "-")
    raise InvalidInput(f"the operator - has no meaning for {describe(value)}")


def negated(value: Value) -> Value:
    """`!value`"""
    if isinstance(value, bool):
        return not value
    raise InvalidInput(f"the operator ! takes true or false, not {describe(value)}")


def _ordered(symbol: str, left: Value, right: Value) -> Value:
    alike = any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, bool))
    if alike or (is_number(left) and is_number(right)):
        return _ORDER[symbol](left, right)
    raise _undefined(symbol, left, right)


def _of_doubles(symbol: str, left: float, right: float) -> float:
    match symbol:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right:
        return left / right
    return math.nan if math.isnan(left) or not left else math.copysign(math.inf, left) * math.copysign(1, right)


def _of_ints(symbol: str, left: int, right: int) -> int:
    """In 64 bits, or an error. Division cuts towards zero, and a remainder has the sign of what was divided."""
    if symbol in "/%" and not right:
        raise InvalidInput(f"{left} {symbol} 0 is a division by zero")
    match symbol:
        case "+":
            number = left + right
        case "-":
            number = left - right
        case "*":
            number = left * right
        case "/":
            number = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        case _:
            number = abs(left) % abs(right) * (-1 if left < 0 else 1)
    if isinstance(left, Uint):
        number = Uint(number)
    return _in_range(number, symbol)


def _in_range(number: int, symbol: str) -> int:
    low, high = (0, 2 * INT64) if isinstance(number, Uint) else (-INT64, INT64)
    if not low <= number < high:
        raise InvalidInput(f"the result of {symbol} does not fit 64 bits")
    return number


def _joined(left: Value, right: Value) -> Value:
    joined: Value
    if isinstance(left, str) and isinstance(right, str):
        joined = left + right
    elif isinstance(left, Sequence) and isinstance(right, Sequence) and not isinstance(left, str):
        if isinstance(right, str):
            raise _undefined("+", left, right)
        joined = [*left, *right]
    else:
        raise _undefined("+", left, right)
    if len(joined) > MAX_SIZE:
        raise InvalidInput(f"a text or list that is put together is longer than {MAX_SIZE:,}")
    return joined


def _undefined(symbol: str, left: Value, right: Value) -> InvalidInput:
    return InvalidInput(
        f"the operator {symbol} has no meaning between {describe(left)} and {describe(right)}",
        hint="Convert one of them with int(), double() or string()",
    )
