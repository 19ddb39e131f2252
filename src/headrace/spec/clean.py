"""JSON values as the rest of Headrace expects them, from any decoder: bounded in depth, whole floats as ints.

Protobuf prints a whole number without a fraction and Python components rely on that, so `1.0` is 1 from here on.
"""

import math

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonValue

MAX_DEPTH = 100

_EXACT = 2**53
"""Up to here every whole number has a float of its own."""


def clean(value: object, depth: int = 0) -> JsonValue:
    """A copy of a decoded JSON value. Raises InvalidSpec for what JSON in UTF-8 cannot hold, and beyond `MAX_DEPTH`."""
    if depth > MAX_DEPTH:
        raise too_deep()
    match value:
        case str():
            return _text(value)
        case None | bool() | int():
            return value
        case float():
            return clean_number(value)
        case list() | tuple():
            return [clean(item, depth + 1) for item in value]
        case dict():
            return {_text(key): clean(item, depth + 1) for key, item in value.items()}
    raise InvalidSpec(f"a {type(value).__name__} is not JSON")


def place(value: object) -> str:
    """Where in a decoded JSON value `clean` finds what it refuses, such as `.rows[2].x`; empty for the value itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        try:
            clean(item)
        except InvalidSpec:
            step = f"[{key}]" if isinstance(value, list) else f".{key}"
            return step.encode(errors="backslashreplace").decode() + place(item)
    return ""


def clean_number(value: float) -> int | float:
    """The number as an int if it is whole. Raises InvalidSpec for NaN and the infinities."""
    if not math.isfinite(value):
        raise InvalidSpec(f"{value} is not a JSON number")
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


def too_deep() -> InvalidSpec:
    return InvalidSpec(f"nested deeper than {MAX_DEPTH} levels")


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidSpec("a text holds half of a surrogate pair") from None
    return value
