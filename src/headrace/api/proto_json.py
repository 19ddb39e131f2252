"""Protobuf's JSON mapping, both ways, for the messages in `wire`; the one place that knows its rules.

Reading takes a body and gives a message. Keys come in snake_case or camelCase; null means absent; unknown keys are
refused by name; int64 comes as a number or a string, an enum by name or number. Inside `JsonObject`, `JsonValue` and
maps the keys are the user's and are left alone.
Writing leaves out what has its default, writes snake_case, int64 as strings, enums as names.
"""

import json
import math
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, NewType, Self, TypeVar, Union, cast, get_args, get_origin

import msgspec

from headrace.base import clock
from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject, JsonValue

Int64 = NewType("Int64", str)
"""An int64, int32's larger sibling, as JSON holds it: decimal digits in a string."""

Timestamp = NewType("Timestamp", str)
"""A google.protobuf.Timestamp as JSON holds it: RFC 3339, UTC, `Z`. "" is unset."""

MAX_DEPTH = 100
"""How deep a body may nest; protobuf's own parsers stop there too."""

M = TypeVar("M", bound="Message")
E = TypeVar("E", bound="ProtoEnum")


class Unlike(InvalidInput):
    """A value is not of its field's type. `wanted` says what is, without the value."""

    def __init__(self, wanted: str, shown: str, where: str) -> None:
        super().__init__(f"{wanted} is wanted, not {shown}", where=where)
        self.wanted = wanted


class Message(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A protobuf message. A field's default is what protobuf leaves out."""


class ProtoEnum(StrEnum):
    """An enum whose values are its names. Its numbers count from 0 unless `numbers` says otherwise."""

    @classmethod
    def numbers(cls) -> Mapping[int, Self]:
        return dict(enumerate(cls))


def encode(value: object) -> bytes:
    """A message, or a value of Headrace's own routes, as JSON. Half a surrogate pair, which steps may put into their
    outputs and which is no UTF-8, is escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, default=_plain, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    """What `json` takes, for what only `msgspec` does."""
    if isinstance(value, msgspec.Raw):
        return json.loads(bytes(value))
    if isinstance(value, Message):
        defaults = _fields(type(value)).defaults
        return {name: inner for name in defaults if (inner := getattr(value, name)) != defaults[name]}
    if isinstance(value, msgspec.Struct):
        return {name: inner for name, inner in msgspec.structs.asdict(value).items() if inner is not msgspec.UNSET}
    raise TypeError(f"{type(value).__name__} is no JSON")


@lru_cache(8192)  # an answer tells most instants several times, and a run that is watched is told again and again
def timestamp(instant: Instant) -> Timestamp:
    """The instant as JSON holds it; 0 is 1970, not unset."""
    return Timestamp(clock.to_rfc3339(instant))


def decode(body: bytes, what: str = "the body") -> JsonValue:
    """The JSON value of `what`. Raises InvalidInput for what is not UTF-8, not JSON or nested too deeply."""
    try:
        value: JsonValue = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = "Send a JSON document in UTF-8; NaN and Infinity are no JSON"
        raise InvalidInput(f"{what} is not JSON: {_why_not(body, error)}", hint=hint) from error
    except RecursionError as error:
        raise _too_deep(what) from error
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, _CONTAINERS)]
        if not level:
            return value
    raise _too_deep(what)


def read(kind: type[M], body: bytes) -> M:
    """The message that the body holds; an empty body is an empty message. Raises InvalidInput that names the field."""
    return from_json(kind, decode(body) if body.strip() else {})


def read_unseen(kind: type[M], body: bytes) -> M:
    """As `read`, of a body that holds what no answer and no log may repeat: errors name the field, and no value."""
    try:
        return read(kind, body)
    except Unlike as error:
        raise InvalidInput(f"{error.wanted} is wanted", where=error.where) from None


def from_json(kind: type[M], value: JsonValue, where: str = "") -> M:
    """The message that a JSON value holds. `where` is the path of the value in the body."""
    if not isinstance(value, Mapping):
        raise _wrong(where or kind.__name__, "an object", value)
    fields = _fields(kind)
    given: dict[str, object] = {}
    for key, inner in value.items():
        name = fields.names.get(key)
        if name is None:
            raise InvalidInput(f'unknown field "{_shown(key)}" in {kind.__name__}', where=where, hint=fields.hint)
        path = f"{where}.{name}" if where else name
        if name in given:
            raise InvalidInput("the field is given twice", where=path, hint="Use one of its two spellings")
        given[name] = fields.defaults[name] if inner is None else _value(fields.types[name], inner, path)
    return kind(**{name: value for name, value in given.items() if value != fields.defaults[name]})


def text(value: str, where: str, what: str = "the text") -> str:
    """The text, which every database keeps. Raises InvalidInput for one with a NUL character."""
    if "\0" in value:
        raise InvalidInput(f"{what} holds a NUL character", where=where, hint="Remove it")
    return value


def given(kind: type[Message], value: JsonValue) -> frozenset[str]:
    """The names of the message's fields that a JSON value gives, whatever it gives for them."""
    names = _fields(kind).names
    return frozenset(names[key] for key in value if key in names) if isinstance(value, Mapping) else frozenset()


class _Fields(msgspec.Struct, frozen=True):
    """The fields of a message: their types and defaults, and the spellings of their names."""

    types: dict[str, Any]
    defaults: dict[str, object]
    names: dict[str, str]
    hint: str


@cache
def _fields(kind: type[Message]) -> _Fields:
    hints, empty = dict(kind.__annotations__), kind()
    names = {name: name for name in hints} | {_camel(name): name for name in hints}
    defaults = {name: getattr(empty, name) for name in hints}
    return _Fields(hints, defaults, names, f"Its fields are: {', '.join(hints)}" if hints else "It has no fields")


def _camel(name: str) -> str:
    return re.sub("_([a-z0-9])", lambda match: match.group(1).upper(), name)


def _value(kind: Any, value: JsonValue, where: str) -> object:
    """One value as its field holds it, or InvalidInput."""
    if kind in _SCALARS:
        return _SCALARS[kind](value, where)
    if kind == JsonValue:
        return value
    if isinstance(kind, type) and issubclass(kind, ProtoEnum):
        return enum(kind, value, where)
    if isinstance(kind, type) and issubclass(kind, Message):
        return from_json(kind, value, where)
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _value(next(each for each in inside if each is not type(None)), value, where)
    if origin is list:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise _wrong(where, "an array", value)
        return [_value(inside[0], item, f"{where}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, Mapping):
        raise _wrong(where, "an object", value)
    for key in value:
        text(key, where, "one of its keys")
    if kind == JsonObject or inside[1] == JsonValue:
        return value
    return {key: _value(inside[1], item, f"{where}.{_shown(key)}") for key, item in value.items()}


def _string(value: JsonValue, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "a string", value)
    return text(value, where)


def _bool(value: JsonValue, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", value)
    return value


def _float(value: JsonValue, where: str) -> float:
    """A double that every database can keep: protobuf's NaN and Infinity are refused."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", value) is None:
        raise _wrong(where, "a finite number", value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(where, "a number", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _wrong(where, "a finite number", value)
    return number


def _int32(value: JsonValue, where: str) -> int:
    return _integer(value, where, 32)


def _int64(value: JsonValue, where: str) -> Int64:
    return Int64(str(_integer(value, where, 64)))


def _integer(value: JsonValue, where: str, bits: int) -> int:
    number: object = value
    if isinstance(value, str):
        number = int(value) if re.fullmatch(r"-?[0-9]{1,20}", value) else None
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise _wrong(where, "an integer", value)
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise InvalidInput(f"{number} does not fit {bits} bits", where=where)
    return number


def _timestamp(value: JsonValue, where: str) -> Timestamp:
    written = _string(value, where)
    try:
        return timestamp(read_time(written))
    except ValueError as error:
        raise InvalidInput(
            f'"{_shown(written)}" is not a time', where=where, hint="Write it as 2026-01-31T08:00:00Z"
        ) from error


def read_time(text: str) -> Instant:
    """The instant of an RFC 3339 text with an offset, as protobuf wants it. Raises ValueError."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", text, re.ASCII)
    if match is None:
        raise ValueError(text)
    seconds, fraction, offset = match.groups()
    return clock.from_rfc3339(f"{seconds}{(fraction or '')[:7]}{offset}".upper())


def enum(kind: type[E], value: JsonValue, where: str) -> E:
    """The member of that name or number. Raises InvalidInput."""
    if isinstance(value, str) and value in kind.__members__:
        return kind[value]
    if isinstance(value, int) and not isinstance(value, bool) and value in kind.numbers():
        return kind.numbers()[value]
    hint = f"It is one of: {', '.join(kind)}"
    raise InvalidInput(f"{_shown(value)} is not a {kind.__name__}", where=where, hint=hint)


_SCALARS: dict[Any, Any] = {
    str: _string,
    bool: _bool,
    float: _float,
    int: _int32,
    Int64: _int64,
    Timestamp: _timestamp,
}


_CONTAINERS = (dict, list)

_HALF_PAIR = re.compile(
    rb"(?<!\\)(?:\\\\)*\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f])", re.IGNORECASE
)
"""The escape of a surrogate that has no other half before or behind it."""


def _why_not(body: bytes, error: Exception) -> object:
    """What keeps the body from being JSON. Of half a surrogate pair the decoder tells only what it ran into."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if half := _HALF_PAIR.search(body):
        return f"a text holds half of a surrogate pair (byte {half.start()})"
    return error


def _inside(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return cast(Iterable[JsonValue], value.values())
    return value if isinstance(value, list) else ()


def _too_deep(what: str) -> InvalidInput:
    return InvalidInput(f"{what} is nested more than {MAX_DEPTH} levels deep", hint="Flatten it")


def _wrong(where: str, wanted: str, value: JsonValue) -> Unlike:
    return Unlike(wanted, _shown(value), where)


def _shown(value: object) -> str:
    """A value in a message: short, whatever was sent."""
    written = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return written if len(written) <= 80 else f"{written[:77]}..."
