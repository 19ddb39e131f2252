"""Arguments of a command that are structures: `{"IfPresent": ...}` and `{"Concat": ...}`, JSON in one string.

Only the document's own text is taken apart here, before any placeholder is filled in, so values cannot add structure.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from headrace.base.errors import InvalidSpec
from headrace.base.json import compact
from headrace.spec.clean import clean

_STRUCTURE = re.compile(r'\s*\{\s*"(?:IfPresent|Concat)"\s*:')

Present = Callable[[str], bool]
"""Whether the input of that name was given."""


def expand_argument(argument: str, present: Present) -> list[str]:
    """The arguments that stand for this one: itself if it is no structure, none or several for an IfPresent.

    Raises InvalidSpec for a structure that makes no sense.
    """
    structure = _structure(argument)
    return [argument] if structure is None else _expand(structure, present)


def _structure(argument: str) -> Any:
    if not _STRUCTURE.match(argument):
        return None
    try:
        return clean(json.loads(argument))
    except RecursionError:
        raise InvalidSpec("the argument is nested too deep") from None
    except ValueError:
        return None  # A text that only begins like a structure.


def _expand(structure: Any, present: Present) -> list[str]:
    match structure:
        case str():
            return [structure]
        case list():
            return [each for item in structure for each in _expand(item, present)]
        case {"Concat": list() as items}:
            return ["".join(each for item in items for each in _expand(item, present))]
        case {"IfPresent": {"InputName": str() as name, "Then": then, **others}} if others.keys() <= {"Else"}:
            return _expand(then if present(name) else others.get("Else", []), present)
    raise _malformed(structure)


def check_argument(argument: str) -> None:
    """Raises InvalidSpec as `expand_argument` may, whichever inputs are present."""
    pending = [_structure(argument)]
    while pending:
        match pending.pop():
            case None | str():
                pass
            case list() as items:
                pending += items
            case {"Concat": list() as items}:
                pending += items
            case {"IfPresent": {"InputName": str(), "Then": then, **others}} if others.keys() <= {"Else"}:
                pending += [then, *others.values()]
            case unknown:
                raise _malformed(unknown)


def _malformed(structure: Any) -> InvalidSpec:
    return InvalidSpec(
        f"an argument is neither text, IfPresent nor Concat: {compact(structure)[:80]}",
        hint="Build it with dsl.IfPresentPlaceholder and dsl.ConcatPlaceholder",
    )
