"""The type of a user's JSON value, and the one compact text form of it."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "None | bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue]"
JsonObject: TypeAlias = Mapping[str, JsonValue]


def canonical(value: object) -> str:
    """Compact ASCII JSON with sorted keys: equal values give equal texts, so it can be hashed. 1 and 1.0 differ.

    Half a surrogate pair, which a step's JSON may hold and which UTF-8 has no bytes for, is escaped like the rest.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def compact(value: object) -> str:
    """Compact JSON in the value's own order."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
