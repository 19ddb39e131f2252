"""`-p name=value` by the declared type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue, compact
from headrace.cli.parameters import read_parameters
from headrace.spec.plan import ParameterSpec, ParameterType

TYPES = {
    "text": ParameterType.STRING,
    "count": ParameterType.NUMBER_INTEGER,
    "rate": ParameterType.NUMBER_DOUBLE,
    "flag": ParameterType.BOOLEAN,
    "items": ParameterType.LIST,
    "table": ParameterType.STRUCT,
}
DECLARED = {name: ParameterSpec(kind, optional=True) for name, kind in TYPES.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("text=3", "3"),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ('text={"a": 1}', '{"a": 1}'),
        ("count=3", 3),
        ("count=3.0", 3),
        ("count=None", None),
        ("rate=3", 3),
        ("rate=1e-3", 0.001),
        ("flag=true", True),
        ("flag=False", False),
        ('items=[1, "x", null]', [1, "x", None]),
        ('table={"a": {"b": 1}}', {"a": {"b": 1}}),
    ],
)
def test_a_value_is_read_by_its_type(text: str, value: JsonValue) -> None:
    read = read_parameters([text], DECLARED)
    assert read == {text.partition("=")[0]: value}
    assert type(next(iter(read.values()))) is type(value)


@pytest.mark.parametrize(
    "text",
    ["count=ten", "count=3.5", "count=true", "rate=NaN", "flag=1", "flag=yes", "items=a,b", "table=[1]", "count="],
)
def test_a_value_of_another_type_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_parameters([text], DECLARED)
    name = text.partition("=")[0]
    assert f"-p {name}" in str(error.value)
    assert TYPES[name].value in str(error.value)


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"-p other: .* no such parameter.*count \(NUMBER_INTEGER\)"):
        read_parameters(["other=1"], DECLARED)
    with pytest.raises(InvalidInput, match="It takes none"):
        read_parameters(["other=1"], {})


def test_a_word_without_a_value_and_a_name_given_twice_are_refused() -> None:
    with pytest.raises(InvalidInput, match="-p NAME=VALUE"):
        read_parameters(["count"], DECLARED)
    with pytest.raises(InvalidInput, match="twice"):
        read_parameters(["count=1", "count=2"], DECLARED)


def test_what_the_pipeline_needs_is_asked_for_in_the_words_of_the_command_line() -> None:
    declared = {
        **DECLARED,
        "epochs": ParameterSpec(ParameterType.NUMBER_INTEGER),
        "default": ParameterSpec(ParameterType.STRING, has_default=True, default="x"),
    }
    with pytest.raises(InvalidInput, match=r"needs epochs.*-p epochs=1"):
        read_parameters([], declared)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_json_of_a_list_or_struct_comes_through_as_it_is(value: JsonValue) -> None:
    spec = ParameterSpec(ParameterType.LIST if isinstance(value, list) else ParameterType.STRUCT)
    if isinstance(value, list | dict):
        assert read_parameters([f"x={compact(value)}"], {"x": spec}) == {"x": value}


def test_bytes_that_python_took_for_another_encoding_are_read_as_utf_8() -> None:
    as_ascii = "text=" + "café".encode().decode("ascii", "surrogateescape")
    assert read_parameters([as_ascii], DECLARED) == {"text": "café"}
    with pytest.raises(InvalidInput, match="-p text: it is not UTF-8"):
        read_parameters(["text=" + b"caf\xe9".decode("ascii", "surrogateescape")], DECLARED)
