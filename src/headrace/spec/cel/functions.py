"""What an expression can call: conversions, and questions about texts and sizes.

As in CEL; `string()` writes a number as KFP does wherever a parameter becomes a text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headrace.base.errors import InvalidInput
from headrace.spec.cel.lexer import INT64
from headrace.spec.cel.values import Uint, Value, is_number, parse_json
from headrace.spec.text import describe, to_text

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity)|(?i:nan)")
_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE", "t", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "f", "0"), False),
}


@dataclass(frozen=True, slots=True)
class Function:
    """`takes` counts the arguments, the one before the dot of a method among them."""

    takes: int
    call: Callable[..., Value]


def to_int(value: Value) -> Value:
    """A double is cut towards zero; a text is read as a decimal number.

    The double -2**63 is refused, as other CELs do: it may be a smaller number that was rounded.
    """
    number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else _truncated(value)
    least = -INT64 + 1 if isinstance(value, float) else -INT64
    if number is None or not least <= number < INT64:
        raise _cannot("int", value)
    return number


def to_uint(value: Value) -> Value:
    """As `to_int`, of what is not negative."""
    number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else _truncated(value)
    if number is None or not 0 <= number < 2 * INT64:
        raise _cannot("uint", value)
    return Uint(number)


def _truncated(value: Value) -> int | None:
    if isinstance(value, float):
        return int(value) if abs(value) <= 2.0 * INT64 else None  # NaN is not, either.
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def to_double(value: Value) -> Value:
    """A text is read as a decimal number."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    if isinstance(value, int | float) and is_number(value):
        return float(value)
    raise _cannot("double", value)


def to_string(value: Value) -> Value:
    """Texts, numbers and bools as text."""
    if isinstance(value, float):
        return to_text(value) if abs(value) < float("inf") else {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    if isinstance(value, str | int):
        return to_text(value)
    raise _cannot("string", value)


def to_bool(value: Value) -> Value:
    """A text such as `true` or `1` is read."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _BOOLS:
        return _BOOLS[value]
    raise _cannot("bool", value)


def _cannot(kind: str, value: Value) -> InvalidInput:
    return InvalidInput(f"{kind}() cannot convert {describe(value)}")


def size(value: Value) -> Value:
    """How many characters, items or entries there are."""
    if isinstance(value, str | Sequence | Mapping):
        return len(value)
    raise InvalidInput(f"size() takes a text, a list or a map, not {describe(value)}")


def _of_texts(name: str, call: Callable[[str, str], bool]) -> Function:
    def checked(text: Value, other: Value) -> Value:
        for each in (text, other):
            if not isinstance(each, str):
                raise InvalidInput(f"{name}() takes texts, not {describe(each)}")
        return call(str(text), str(other))

    return Function(2, checked)


METHODS = {
    "size": Function(1, size),
    "startsWith": _of_texts("startsWith", str.startswith),
    "endsWith": _of_texts("endsWith", str.endswith),
    "contains": _of_texts("contains", str.__contains__),
}
"""By name, what stands after a value and a dot."""

GLOBALS = {
    "int": Function(1, to_int),
    "uint": Function(1, to_uint),
    "double": Function(1, to_double),
    "string": Function(1, to_string),
    "bool": Function(1, to_bool),
    "size": METHODS["size"],
    "parseJson": Function(1, parse_json),
}
"""By name, what stands by itself."""
