"""JSON Schema of the messages in `wire`, by the rules of `proto_json`: takes their types, gives OpenAPI's components.

It is what the server writes, and what clients had better write. Reading is more lenient, as protobuf's JSON is: keys in
camelCase, null for what is absent, numbers for int64 and enums.
"""

import inspect
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import Raw, UnsetType

from headrace.api.proto_json import Int64, Message, ProtoEnum, Timestamp
from headrace.base.json import JsonObject, JsonValue

_SCALARS: Mapping[Any, JsonObject] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    int: {"type": "integer"},
    Int64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"},
    Timestamp: {"type": "string", "format": "date-time"},
    Raw: {"type": "object"},
}


class Schemas:
    """The schemas of all messages that were referred to, by name."""

    def __init__(self) -> None:
        self._made: dict[str, JsonObject] = {}

    def components(self) -> JsonObject:
        return dict(sorted(self._made.items()))

    def ref(self, kind: type[msgspec.Struct] | type[ProtoEnum]) -> JsonObject:
        """A reference to the schema of a message or an enum, which is made if it is not there."""
        name = schema_name(kind)
        if name not in self._made:
            self._made[name] = {}  # it may refer to itself
            self._made[name] = _enum(kind) if issubclass(kind, ProtoEnum) else self._struct(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _struct(self, kind: type[msgspec.Struct]) -> JsonObject:
        is_message = issubclass(kind, Message)
        properties: dict[str, JsonValue] = {}
        required: list[JsonValue] = []
        for name, held in _annotations(kind).items():
            properties[name] = self._value(held, null=not is_message)
            if not is_message and UnsetType not in get_args(held):
                required.append(name)
        needed: JsonObject = {"required": required} if required else {}
        return {
            "type": "object",
            **_described(kind),
            "properties": properties,
            **needed,
            "additionalProperties": False,
        }

    def _value(self, kind: Any, *, null: bool = False) -> JsonObject:
        """The schema of a field; `null` where null is a value, and not another word for absent."""
        if kind == JsonValue:
            return {}
        if kind == JsonObject:
            return {"type": "object"}
        if kind in _SCALARS:
            return _SCALARS[kind]
        if isinstance(kind, type) and issubclass(kind, ProtoEnum | msgspec.Struct):
            return self.ref(kind)
        origin, inside = get_origin(kind), get_args(kind)
        if origin in (Union, types.UnionType):
            return self._union(inside, null)
        if origin is list:
            return {"type": "array", "items": self._value(inside[0])}
        return {"type": "object", "additionalProperties": self._value(inside[1])}

    def _union(self, inside: tuple[Any, ...], null: bool) -> JsonObject:
        """Of the types that a field may have, the first says what it is; the others are other ways to hold it."""
        value = self._value(next(each for each in inside if each not in (type(None), UnsetType)))
        return {"anyOf": [value, {"type": "null"}]} if null and type(None) in inside else value


def _annotations(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    """The types of all fields, those of the messages that it extends first."""
    found: dict[str, Any] = {}
    for each in reversed(kind.__mro__):
        found |= inspect.get_annotations(each)
    return {name: found[name] for name in kind.__struct_fields__}


def schema_name(kind: type[msgspec.Struct] | type[ProtoEnum]) -> str:
    """The name of a message's schema: its own; those of v1beta1 say so, since v2beta1 has the same names."""
    return f"v1beta1.{kind.__name__}" if kind.__module__.endswith(".v1") else kind.__name__


def _enum(kind: type[ProtoEnum]) -> JsonObject:
    return {"type": "string", **_described(kind), "enum": [each.value for each in kind]}


def _described(kind: type) -> JsonObject:
    """What the type's own docstring says."""
    text = kind.__dict__.get("__doc__")
    return {"description": " ".join(text.split())} if text else {}
