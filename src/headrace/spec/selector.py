"""`parameterExpressionSelector`: the part of CEL that the SDK emits.

That is `parseJson(string_value)["KEY"]`, with keys chained or calls nested. It is not evaluated but becomes the keys
that it walks, so that a structure need not become a text to be parsed again.
`parse_selector` is used when a pipeline is compiled, `select` by the engine when a task's inputs are resolved.
"""

import json

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.base.json import JsonValue
from headrace.spec.cel.parser import parse
from headrace.spec.cel.syntax import Call, Field, Index, Literal, Node, Path, Step, Variable
from headrace.spec.text import describe

_LONGEST = 2000
_VALUE = "string_value"
_HINT = 'Only parseJson(string_value)["KEY"] is, with any number of keys'


def parse_selector(text: str, where: str) -> tuple[str, ...]:
    """The keys that the expression walks, outermost value first. Raises InvalidSpec for any other expression."""
    try:
        keys = _keys(parse(text, (_VALUE,))) if len(text) <= _LONGEST else None
    except InvalidSpec as error:
        raise InvalidSpec(error.message, where=where, hint=error.hint) from error
    if keys is None:
        raise InvalidSpec(f"the expression {text[:80]!r} is not supported", where=where, hint=_HINT)
    return keys


def _keys(node: Node) -> tuple[str, ...] | None:
    match node:
        case Path(Call("parseJson", (inner,)), steps):
            outer = () if isinstance(inner, Variable) else _keys(inner)
            keys = [key for step in steps if (key := _key(step)) is not None]
            return (*outer, *keys) if outer is not None and len(keys) == len(steps) else None
    return None


def _key(step: Step) -> str | None:
    match step:
        case Field(name) | Index(Literal(str(name))):
            return name
        case Index(Literal(int(index))) if not isinstance(index, bool) and index >= 0:
            return str(index)
    return None


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
