"""`parameterExpressionSelector`: the part of CEL that the SDK emits.

That is `parseJson(string_value)["KEY"]`, with keys chained or calls nested.
`parse_selector` is used when a pipeline is compiled, `select` by the engine when a task's inputs are resolved.
"""

import json
import re

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.base.json import JsonValue
from headrace.spec.text import describe

_LONGEST = 2000
_INNERMOST = re.compile(r"parseJson\(\s*string_value\s*\)")
_KEY = re.compile(r"""\s*\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\d+))\s*\]""")
_ESCAPE = re.compile(r"\\(.)")


def parse_selector(text: str, where: str) -> tuple[str, ...]:
    """The keys that the expression walks, outermost value first. Raises InvalidSpec for any other expression."""
    rest, wrapped = text.strip()[:_LONGEST], 0
    while rest.startswith("parseJson(") and not _INNERMOST.match(rest):
        rest, wrapped = rest.removeprefix("parseJson(").lstrip(), wrapped + 1
    start = _INNERMOST.match(rest)
    position = start.end() if start else -1
    keys: list[str] = []
    while start and position < len(rest):
        if wrapped and rest[position] == ")":
            position, wrapped = position + 1, wrapped - 1
        elif key := _KEY.match(rest, position):
            keys.append(_unescape(key))
            position = key.end()
        else:
            break
    if position != len(rest) or wrapped or not keys or len(text) > _LONGEST:
        raise InvalidSpec(
            f"the expression {text[:80]!r} is not supported",
            where=where,
            hint='Only parseJson(string_value)["KEY"] is, with any number of keys',
        )
    return tuple(keys)


def select(value: JsonValue, keys: tuple[str, ...]) -> JsonValue:
    """What the keys lead to; JSON in a text is parsed on the way. A key is an index where it meets a list.

    Raises InvalidInput where there is no such key.
    """
    for key in keys:
        found = _parsed(value)
        if isinstance(found, dict) and key in found:
            value = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            value = found[int(key)]
        else:
            raise InvalidInput(f'there is no "{key}" in {describe(found)}')
    return value


def _parsed(value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        return value
    try:
        parsed: JsonValue = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{describe(value)} is not JSON: {error}") from None
    return parsed


def _unescape(key: re.Match[str]) -> str:
    quoted = key[1] if key[1] is not None else key[2]
    return key[3] if quoted is None else _ESCAPE.sub(r"\1", quoted)
