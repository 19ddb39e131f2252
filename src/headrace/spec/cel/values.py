"""The values of an expression: how parameters become them, and how they are compared.

A number of JSON is a double, as it is in a google.protobuf.Struct; an int is what the expression itself made one.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.spec.text import describe

MAX_DEPTH = 100

Value: TypeAlias = JsonValue
"""JSON's values, with ints and doubles apart; so the keys of maps are texts only."""


class Uint(int):
    """An unsigned integer: `5u`."""

    __slots__ = ()


def from_json(value: JsonValue, depth: int = 0) -> Value:
    """A parameter as a value. Raises InvalidInput for what no Struct can hold."""
    if depth > MAX_DEPTH:
        raise InvalidInput(f"a value is nested deeper than {MAX_DEPTH} levels")
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return _double(value)
        case Mapping():
            return {key: from_json(item, depth + 1) for key, item in value.items()}
    return [from_json(item, depth + 1) for item in value]


def _double(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise InvalidInput("a number is too large for a double") from None


def parse_json(value: Value) -> Value:
    """What a text that is JSON holds."""
    if not isinstance(value, str):
        raise InvalidInput(f"parseJson() takes a text, not {describe(value)}")
    try:
        return from_json(json.loads(value, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{describe(value)} is not JSON: {error}") from None


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no number of JSON")


def is_number(value: Value) -> bool:
    """Whether it is an int, a uint or a double."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are the same. Numbers of all kinds are one type here; other types are never equal."""
    match left, right:
        case (bool(), bool()) | (str(), str()) | (None, None):
            return left == right
        case (bool(), _) | (_, bool()) | (str(), _) | (_, str()):
            return False
        case (int() | float(), int() | float()):
            return left == right
        case Mapping(), Mapping():
            return left.keys() == right.keys() and all(equal(item, right[key]) for key, item in left.items())
        case Sequence(), Sequence():
            return len(left) == len(right) and all(map(equal, left, right))
    return False


def contains(container: Value, item: Value) -> bool:
    """`item in container`, of a list's items or a map's keys. Raises InvalidInput for another container."""
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    if isinstance(container, str) or not isinstance(container, Sequence):
        raise InvalidInput(f"the operator in looks into lists and maps, not into {describe(container)}")
    return any(equal(item, each) for each in container)


def look_up(container: Value, key: Value) -> Value:
    """`container[key]`. Raises InvalidInput where there is nothing."""
    if isinstance(container, Mapping):
        if not isinstance(key, str) or key not in container:
            some = ", ".join(f'"{each}"' for each in list(container)[:10]) or "none"
            raise InvalidInput(f"a map has no key {describe(key)}; its keys are {some}")
        return container[key]
    if isinstance(container, str) or not isinstance(container, Sequence):
        raise InvalidInput(f"{describe(container)} has nothing in it to take {describe(key)} from")
    position = _position(key)
    if position is None or not 0 <= position < len(container):
        raise InvalidInput(f"a list of {len(container)} has no item at {describe(key)}")
    return container[position]


def _position(key: Value) -> int | None:
    if isinstance(key, float):
        return int(key) if key.is_integer() else None
    return key if isinstance(key, int) and not isinstance(key, bool) else None
