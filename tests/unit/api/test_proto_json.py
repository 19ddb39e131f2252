"""Our protobuf JSON against protobuf's own, over a message that has every kind of field."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, struct_pb2, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st

from headrace.api import proto_json
from headrace.api.proto_json import Int64, Message, ProtoEnum, Timestamp
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject, JsonValue


class Colour(ProtoEnum):
    COLOUR_UNSPECIFIED = "COLOUR_UNSPECIFIED"
    RED = "RED"
    GREEN = "GREEN"


class Inner(Message):
    some_text: str = ""


class Sample(Message):
    some_text: str = ""
    big_number: Int64 = Int64("0")
    small_number: int = 0
    ratio: float = 0.0
    is_on: bool = False
    colour: Colour = Colour.COLOUR_UNSPECIFIED
    moment_at: Timestamp = Timestamp("")
    free_form: JsonObject | None = None
    inner_one: Inner | None = None
    many_inner: list[Inner] = []
    big_list: list[Int64] = []
    tag_map: dict[str, str] = {}
    value_map: dict[str, JsonValue] = {}


_F = descriptor_pb2.FieldDescriptorProto


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The same message, made by protobuf from a descriptor."""
    file = descriptor_pb2.FileDescriptorProto(name="sample.proto", package="sample", syntax="proto3")
    file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/struct.proto"])
    colour = file.enum_type.add(name="Colour")
    for number, name in enumerate(Colour):
        colour.value.add(name=name, number=number)
    inner = file.message_type.add(name="Inner")
    inner.field.add(name="some_text", number=1, type=_F.TYPE_STRING, label=_F.LABEL_OPTIONAL)
    sample = file.message_type.add(name="Sample")
    one, many = _F.LABEL_OPTIONAL, _F.LABEL_REPEATED
    plain: list[tuple[str, Any, Any, str]] = [
        ("some_text", _F.TYPE_STRING, one, ""),
        ("big_number", _F.TYPE_INT64, one, ""),
        ("small_number", _F.TYPE_INT32, one, ""),
        ("ratio", _F.TYPE_DOUBLE, one, ""),
        ("is_on", _F.TYPE_BOOL, one, ""),
        ("colour", _F.TYPE_ENUM, one, ".sample.Colour"),
        ("moment_at", _F.TYPE_MESSAGE, one, ".google.protobuf.Timestamp"),
        ("free_form", _F.TYPE_MESSAGE, one, ".google.protobuf.Struct"),
        ("inner_one", _F.TYPE_MESSAGE, one, ".sample.Inner"),
        ("many_inner", _F.TYPE_MESSAGE, many, ".sample.Inner"),
        ("big_list", _F.TYPE_INT64, many, ""),
        ("tag_map", _F.TYPE_MESSAGE, many, ".sample.Sample.TagMapEntry"),
        ("value_map", _F.TYPE_MESSAGE, many, ".sample.Sample.ValueMapEntry"),
    ]
    for number, (name, kind, label, type_name) in enumerate(plain, 1):
        sample.field.add(name=name, number=number, type=kind, label=label, type_name=type_name or None)
    for name, kind, type_name in [
        ("TagMapEntry", _F.TYPE_STRING, ""),
        ("ValueMapEntry", _F.TYPE_MESSAGE, ".google.protobuf.Value"),
    ]:
        entry = sample.nested_type.add(name=name)
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=_F.TYPE_STRING, label=one)
        entry.field.add(name="value", number=2, type=kind, label=one, type_name=type_name or None)
    pool = descriptor_pool.DescriptorPool()
    for needed in (timestamp_pb2, struct_pb2):
        pool.AddSerializedFile(needed.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("sample.Sample"))


def their_answer(theirs: Any, body: bytes) -> object:
    """What protobuf reads and writes again, or None where it refuses."""
    try:
        message = json_format.Parse(body, theirs(), max_recursion_depth=100)
    except (json_format.ParseError, UnicodeDecodeError, ValueError):
        return None
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def our_answer(body: bytes) -> object:
    try:
        return proto_json.decode(proto_json.encode(proto_json.read(Sample, body)))
    except InvalidInput:
        return None


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"some_text": ""}',
        '{"someText": "ü"}',
        '{"big_number": 9007199254740993}',
        '{"bigNumber": "-9223372036854775808"}',
        '{"big_number": 9223372036854775808}',
        '{"big_number": 1.5}',
        '{"big_number": 2.0}',
        '{"big_number": "x"}',
        '{"big_number": true}',
        '{"big_number": 0}',
        '{"small_number": 2147483648}',
        '{"small_number": "7"}',
        '{"ratio": 0.0}',
        '{"ratio": 1.5}',
        '{"ratio": "2.5"}',
        '{"ratio": "x"}',
        '{"is_on": true}',
        '{"is_on": "true"}',
        '{"is_on": 1}',
        '{"colour": "RED"}',
        '{"colour": 2}',
        '{"colour": 0}',
        '{"colour": "BLUE"}',
        '{"colour": null}',
        '{"moment_at": "2026-01-31T08:00:00Z"}',
        '{"moment_at": "2026-01-31T08:00:00.120Z"}',
        '{"moment_at": "2026-01-31T08:00:00.000001Z"}',
        '{"moment_at": "2026-01-31T08:00:00+02:00"}',
        '{"moment_at": "1970-01-01T00:00:00Z"}',
        '{"moment_at": "2026-01-31"}',
        '{"moment_at": "2026-13-31T08:00:00Z"}',
        '{"moment_at": 5}',
        '{"free_form": {"some_key": 1, "someKey": [null, {"a": "b"}]}}',
        '{"free_form": {}}',
        '{"free_form": 1}',
        '{"free_form": []}',
        '{"inner_one": {}}',
        '{"inner_one": {"someText": "y"}}',
        '{"inner_one": {"other": "y"}}',
        '{"inner_one": "y"}',
        '{"many_inner": [{}, {"some_text": "z"}]}',
        '{"many_inner": {}}',
        '{"many_inner": []}',
        '{"big_list": [1, "2"]}',
        '{"tag_map": {"some_key": "v", "someKey": "w"}}',
        '{"tag_map": {"a": 1}}',
        '{"tag_map": []}',
        '{"value_map": {"a_b": 1, "c": {"d_e": [true]}, "n": null}}',
        '{"value_map": 3}',
        '{"unknown": 1}',
        '{"some_text": 5}',
        "3",
        "null",
        '"x"',
        "{",
        '{"a" 1}',
        "NaN",
    ],
)
def test_reads_and_writes_as_protobuf_does(theirs: Any, body: str) -> None:
    assert our_answer(body.encode()) == their_answer(theirs, body.encode())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "some_text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.integers(),
            "bigNumber": st.integers(-(2**70), 2**70) | st.integers(-(2**70), 2**70).map(str),
            "is_on": st.booleans() | st.none() | st.just("false"),
            "colour": st.sampled_from([*Colour, "MAUVE"]) | st.integers(0, 2),
            "tagMap": st.dictionaries(st.text("ab_"), st.text("xy")),
            "value_map": st.dictionaries(st.text("ab_"), st.recursive(st.text("x") | st.booleans(), st.lists)),
            "nonsense": st.none(),
        },
    )
)
def test_any_mixture_reads_as_protobuf_does(theirs: Any, body: Mapping[str, JsonValue]) -> None:
    text = json_format.json.dumps(body).encode()
    assert our_answer(text) == their_answer(theirs, text)


def test_an_unknown_field_is_named_with_its_place_and_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r'inner_one: unknown field "colur" in Inner\. Its fields are: some_text'):
        proto_json.read(Sample, b'{"innerOne": {"colur": 1}}')


def test_an_empty_body_is_an_empty_message() -> None:
    assert proto_json.read(Sample, b" ") == Sample()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200 + b"]" * 200,
        b'{"free_form":' * 101 + b"1" + b"}" * 101,
        b"[" * 1_000_000,
        b'{"some_text": "\xff"}',
        b'{"some_text": "\\ud800"}',
        b'{"some_text": "a\\u0000b"}',
        b'{"tag_map": {"a\\u0000b": "c"}}',
        b'{"value_map": {"a\\u0000b": 1}}',
        b'{"free_form": {"a\\u0000b": 1}}',
        b'{"ratio": 1e999}',
        b"[]",
        b'{"someText": "a", "some_text": "b"}',
        b'{"someText": null, "some_text": "b"}',
        b"\x00\x01\x02",
    ],
)
def test_what_is_damaged_or_too_deep_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        proto_json.read(Sample, body)


@pytest.mark.parametrize(
    ("text", "byte"), [(rb"a\ud800bc", 14), (rb"\uD83Dx", 13), (rb"\udc00", 13), (rb"\ud83d\ude00\ude00", 25)]
)
def test_half_of_a_surrogate_pair_is_called_that(text: bytes, byte: int) -> None:
    with pytest.raises(InvalidInput, match=rf"holds half of a surrogate pair \(byte {byte}\)"):
        proto_json.read(Sample, b'{"someText":"%s"}' % text)


@pytest.mark.parametrize("body", [rb'{"someText": "\ud83d\ude00", }', rb'{"someText": "\\ud800", }'])
def test_what_is_no_half_of_a_pair_is_not_called_that(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="malformed"):
        proto_json.read(Sample, body)


def test_a_number_with_a_hole_before_it_can_be_given() -> None:
    from headrace.api.wire.filter import FilterOperation, FilterPredicate

    read = proto_json.from_json(FilterPredicate, {"operation": 9})
    assert read.operation is FilterOperation.IS_SUBSTRING
    with pytest.raises(InvalidInput, match="4 is not a FilterOperation"):
        proto_json.from_json(FilterPredicate, {"operation": 4})
