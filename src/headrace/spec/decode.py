"""JSON to frozen dataclasses by the rules of protobuf's JSON, strict: the one decoder of all the IR's messages.

A message is a frozen dataclass; its fields are the proto's names. Both key styles are read, and the snake_case ones are
renamed in place, so that the JSON that was decoded is canonical afterwards. An unknown field, a wrong type or a oneof
that is given twice is an InvalidSpec with the path of the value.
"""

import dataclasses
import difflib
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, NewType, TypeVar, cast, get_args, get_origin

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonValue

T = TypeVar("T")
Read = Callable[[Any], Any]

Seconds = NewType("Seconds", float)
"""A google.protobuf.Duration, written `"3.5s"`."""

_INT64 = 2**63
_LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class Value:
    """A google.protobuf.Value that is there, `null` included."""

    value: JsonValue


def one_of(group: str) -> Any:
    """A field of which at most one in `group` may be given; None while it is not."""
    return field(default=None, metadata={"one_of": group})


def decode(kind: type[T], value: JsonValue, where: str = "", prefix: str = "") -> T:
    """The message of type `kind` that `value` holds. `where` is its path, `prefix` begins the message of an error."""
    try:
        message: T = _reader(cast(Any, kind))(value)
    except _Problem as problem:
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in reversed(problem.path))
        raise InvalidSpec(f"{prefix}{problem.text}", where=f"{where}{path}".lstrip("."), hint=problem.hint) from None
    return message


class _Problem(Exception):
    """What is wrong, and the keys that lead to it, innermost first."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint
        self.path: list[str | int] = []


@cache
def _reader(kind: Any) -> Read:
    """What reads a value of an annotated type."""
    if kind in _SCALARS:
        return _SCALARS[kind]
    if dataclasses.is_dataclass(kind):
        return _message(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _enum(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return _reader(next(each for each in args if each is not types.NoneType))
    if origin is tuple:
        return _repeated(_reader(args[0]))
    if origin is Mapping:
        return _struct if args[1] == JsonValue else _map(_reader(args[1]))
    raise TypeError(f"no field of a message can have the type {kind}")


def _message(kind: Any) -> Read:
    fields = {_camel(each.name): each for each in dataclasses.fields(kind)}
    readers = {key: _reader(cast(Any, each.type)) for key, each in fields.items()}
    groups = {key: each.metadata.get("one_of") for key, each in fields.items()}
    snake = {each.name: key for key, each in fields.items() if each.name != key}

    def read(value: Any) -> Any:
        _expect(value, dict, "an object")
        for key in [key for key in value if key in snake]:
            if snake[key] in value:
                raise _Problem(f"the field {key} is given twice, in both styles")
            value[snake[key]] = value.pop(key)
        given: dict[str, Any] = {}
        taken: dict[str, str] = {}
        for key, each in value.items():
            if key not in fields:
                raise _unknown(key, fields)
            if each is None and fields[key].type != Value | None:
                continue
            if (group := groups[key]) and taken.setdefault(group, key) != key:
                raise _Problem(f"{taken[group]} and {key} are both given", "Give one of them")
            try:
                given[fields[key].name] = readers[key](each)
            except _Problem as problem:
                problem.path.append(key)
                raise
        return kind(**given)

    return read


def _unknown(key: str, fields: Mapping[str, Any]) -> _Problem:
    close = difflib.get_close_matches(key[:80], fields, n=1)
    known = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(sorted(fields))}"
    problem = _Problem(f'unknown field "{key[:80]}"', known)
    problem.path.append(key[:80])
    return problem


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _map(read: Read) -> Read:
    def read_map(value: Any) -> dict[str, Any]:
        _expect(value, dict, "an object")
        if value and (longest := max(value, key=len)) and len(longest) > _LONGEST_NAME:
            raise _Problem(f"the name {longest[:40]}... is longer than {_LONGEST_NAME} characters")
        for key in value:
            _sound(key, "a name")
        return {key: _at(key, read, each) for key, each in value.items()}

    return read_map


def _struct(value: Any) -> Any:
    """A google.protobuf.Struct, the same object: what is in it may be decoded, and renamed, later."""
    return _expect(value, dict, "an object")


def _repeated(read: Read) -> Read:
    def read_list(value: Any) -> tuple[Any, ...]:
        _expect(value, list, "a list")
        return tuple([_at(index, read, each) for index, each in enumerate(value)])

    return read_list


def _at(key: str | int, read: Read, value: Any) -> Any:
    try:
        return read(value)
    except _Problem as problem:
        problem.path.append(key)
        raise


def _enum(kind: type[StrEnum]) -> Read:
    """By name, or by number: members stand in the order of their numbers, 1 first; 0 is unset."""
    members: list[StrEnum] = list(kind)
    names = {member.value: member for member in members}

    def read(value: Any) -> StrEnum | None:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= len(members):
            return members[value - 1] if value else None
        if isinstance(value, str) and value in names:
            return names[value]
        if isinstance(value, str) and (value.endswith("_UNSPECIFIED") or value == "NONE"):
            return None
        raise _Problem(f"{_named(value)} is not one of {', '.join(members)}")

    return read


def _string(value: Any) -> str:
    return _sound(_expect(value, str, "a text"), "the text")


def _sound(text: str, what: str) -> str:
    """The text, if every database can keep it."""
    if "\0" in text:
        raise _Problem(f"{what} holds a NUL character", "Remove it")
    return text


def _bool(value: Any) -> bool:
    return bool(_expect(value, bool, "true or false"))


def _int(value: Any) -> int:
    number = _from_text(int, value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int) or not -_INT64 <= number < _INT64:
        raise _Problem(f"expected a whole number, found {_named(value)}")
    return number


def _float(value: Any) -> float:
    number = _from_text(float, value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _Problem(f"expected a number, found {_named(value)}")
    try:
        return float(number)
    except OverflowError:
        raise _Problem("the number is too large") from None


def _seconds(value: Any) -> float:
    text = str(_expect(value, str, "a duration"))
    if not text.endswith("s"):
        raise _Problem(f"expected a duration, found {_named(value)}", 'Write it as "90s"')
    return _float(text[:-1])


def _from_text(kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        return text


def _value(value: Any) -> Value:
    return Value(value)


def _as_it_is(value: Any) -> Any:
    return value


_SCALARS: dict[Any, Read] = {
    str: _string,
    bool: _bool,
    int: _int,
    float: _float,
    Seconds: _seconds,
    Value: _value,
    JsonValue: _as_it_is,
}


def _expect(value: Any, kind: type, called: str) -> Any:
    if not isinstance(value, kind):
        raise _Problem(f"expected {called}, found {_named(value)}")
    return value


def _named(value: Any) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "a list"
        case bool():
            return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
