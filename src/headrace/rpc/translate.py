"""A gRPC message as an HTTP request, and the HTTP answer as a message again.

Takes the bytes of a request and the rule of its method; gives what `inside` asks. JSON is protobuf's own on both
sides, so what a handler sees is what it would see over HTTP. What cannot be said is refused, not dropped: a field with
a number that the .proto files do not have is InvalidInput, an answer that protobuf cannot hold is Unimplemented.
"""

import json
import re
from collections.abc import Iterator
from functools import reduce
from typing import Any
from urllib.parse import urlencode

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from headrace.base.errors import InvalidInput, Unimplemented
from headrace.rpc.inside import Request
from headrace.rpc.methods import Rule

_PREFIX = "/apis/v2beta1"
_OWN = "kubeflow.pipelines."


def request(method: MethodDescriptor, rule: Rule, data: bytes) -> Request:
    """The request that the message in `data` stands for. Raises InvalidInput."""
    message = message_factory.GetMessageClass(method.input_type)()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise InvalidInput(
            f"the request is no {method.input_type.name}, or nested too deeply: {error}",
            where=method.name,
            hint="Is the client made from the .proto files of this version of the API?",
        ) from error
    _check_known(message, method.input_type.name)
    try:
        fields: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    except (json_format.Error, ValueError) as error:
        raise InvalidInput(f"a value cannot be said in JSON: {error}", where=method.name) from error
    path = re.sub(r"\{([a-z_.]+)(:path)?\}", lambda match: _taken(fields, match[1], bool(match[2])), rule.path)
    body = fields if rule.body == "*" else fields.pop(rule.body, {}) if rule.body else None
    query = "" if rule.body == "*" else urlencode(_texts(fields), doseq=True)
    return Request(rule.verb, _PREFIX + path, query.encode(), b"" if body is None else json.dumps(body).encode())


def reply(method: MethodDescriptor, body: bytes) -> bytes:
    """The bytes of the message that the JSON of an answer holds, without what its fields have no numbers for.

    Raises Unimplemented where it holds what protobuf cannot say.
    """
    kind = message_factory.GetMessageClass(method.output_type)
    try:
        data = json_format.Parse(body, kind(), ignore_unknown_fields=True).SerializeToString()
        kind.FromString(data)  # As a client will: what is nested too deeply can be written, but not read.
        return data
    except (json_format.ParseError, DecodeError, ValueError) as error:
        raise Unimplemented(
            "the answer cannot be said in protobuf, which for one takes no deep nesting",
            where=method.name,
            hint="Ask for it over HTTP",
        ) from error


def _taken(fields: dict[str, Any], name: str, slashes: bool) -> str:
    """The value of a field that stands in the path; it is removed from the fields, and so is not said twice."""
    *parents, last = name.split(".")
    holder = reduce(lambda inside, parent: inside.get(parent, {}), parents, fields)
    value = str(holder.pop(last, ""))
    if not value:
        raise InvalidInput("it is empty", where=name, hint="Say which one is meant")
    if "/" in value and not slashes:
        raise InvalidInput(f"{value[:80]!r} is no id or name: it holds a slash", where=name)
    return value


def _texts(fields: dict[str, Any]) -> dict[str, object]:
    """The fields as a query spells them."""
    return {name: json.dumps(value) if isinstance(value, bool) else value for name, value in fields.items()}


def _check_known(message: Message, where: str) -> None:
    """Raises InvalidInput for a field that is not ours: silently doing something else than what was asked is worse."""
    for unknown in UnknownFieldSet(message):
        raise InvalidInput(
            f"field {unknown.field_number} of {message.DESCRIPTOR.name} is not known here",
            where=where,
            hint="What gRPC cannot take yet, HTTP can",
        )
    for name, inner in _inner(message):
        _check_known(inner, f"{where}.{name}")


def _inner(message: Message) -> Iterator[tuple[str, Message]]:
    """The messages of KFP's own in the fields of a message; those of protobuf hold users' values, or only scalars."""
    for field, value in message.ListFields():
        kind = field.message_type
        if kind is None or not kind.full_name.startswith(_OWN) or kind.GetOptions().map_entry:
            continue
        yield from ((field.name, each) for each in ([value] if isinstance(value, Message) else value))
