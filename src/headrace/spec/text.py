"""Parameter values as text: as KFP hands them to a step, and as a message shows them."""

from collections.abc import Mapping
from decimal import Decimal

from headrace.base.json import JsonValue, compact


def to_text(value: JsonValue) -> str:
    """A value as text: strings as they are, numbers in their shortest form without exponent, the rest as JSON.

    None is the empty text.
    """
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return format(Decimal(repr(value)).normalize(), "f")
    return compact(value)


def describe(value: JsonValue) -> str:
    """A value for a message: its text with its type, cut short."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the bool {to_text(value)}"
        case int() | float():
            return f"the number {_short(to_text(value))}"
        case str():
            return f"the string {_short(compact(value))}"
        case Mapping():
            return f"the struct {_short(compact(value))}"
    return f"the list {_short(compact(value))}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
