"""Bytes to JSON values: what YAML and JSON mean, and that nothing a file holds costs more than the limits."""

import json
import tracemalloc

import pytest
import yaml

from headrace.base.errors import InvalidSpec
from headrace.spec.clean import clean
from headrace.spec.parse import parse_documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1.0", {"a": 1}),
        ("a: 1.5", {"a": 1.5}),
        ("a: 1.0e+3", {"a": 1000}),
        ("a: -0.0", {"a": 0}),
        ("a: 0x1F", {"a": 31}),
        ("a: [yes, Off, true, 'yes']", {"a": [True, False, True, "yes"]}),
        ("a: ~\nb:\nc: null", {"a": None, "b": None, "c": None}),
        ("a: 2.1.0", {"a": "2.1.0"}),
        ("a: 2020-01-01", {"a": "2020-01-01"}),
        ("a: !!str 5", {"a": "5"}),
        ("1: a\nyes: b\n2020-01-01: c", {"1": "a", "yes": "b", "2020-01-01": "c"}),
        ("a: &x {k: [1]}\nb: *x\nc: [*x]", {"a": {"k": [1]}, "b": {"k": [1]}, "c": [{"k": [1]}]}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("{a: 1, b: [x]}", {"a": 1, "b": ["x"]}),
        ('{"a": 1.0, "b": 12345678901234567890}', {"a": 1, "b": 12345678901234567890}),
        ("just words", "just words"),
    ],
)
def test_a_document_means_what_yaml_1_1_says(text: str, value: object) -> None:
    (found,) = parse_documents(text.encode())
    assert found == value
    assert json.dumps(found) == json.dumps(value)  # 1 and 1.0, 1 and True are equal but not the same


def test_a_stream_may_hold_several_documents() -> None:
    assert parse_documents(b"a: 1\n---\n---\nb: 2\n") == [{"a": 1}, None, {"b": 2}]
    assert parse_documents(b"# nothing\n") == []


def test_an_alias_is_a_copy() -> None:
    (found,) = parse_documents(b"a: &x {k: 1}\nb: *x\n")
    assert isinstance(found, dict)
    assert found["a"] is not found["b"]


def test_what_the_sdk_dumps_is_read_as_it_was() -> None:
    value = {"on": "no", "text": "a: b\n\n  c", "n": None, "t": True, "time": "2020-01-01", "deep": [{"x": [[]]}, {}]}
    assert parse_documents(yaml.dump(value).encode()) == [value]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a: 1\na: 2", 'line 2, column 1: the key "a" stands twice'),
        (b'{"a": 1, "a": 2}', 'the key "a" stands twice'),
        (b"a: *x", "alias"),
        (b"a: &x [*x]", "alias"),
        (b"<<: {a: 1}", "merge keys"),
        (b"? [a]\n: 1", "a key must be a text"),
        (b"a: .nan", "not a JSON number"),
        (b'{"a": NaN}', "not a JSON number"),
        (b'{"a": 1e999}', "not a JSON number"),
        (b"a: " + b"9" * 5000, "is no number"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b"a: !!binary aGk=", "tag"),
        (b"a: !!python/object/apply:os.system [ls]", "tag"),
        (b"a: !!set {b}", "tag"),
        (b"a: [1, 2", "line 2, column 1"),
        (b"a: b: c", "line 1"),
        (b"a: \xe9", "UTF-8"),
        (b"\x00\x01\x02", "control characters"),
        (b"[" * 200_000, "deep"),
        (b'{"a":' * 200_000, "deep"),
        (b"a: " + b"[" * 101 + b"]" * 101, "deep"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(data: bytes, problem: str) -> None:
    with pytest.raises(InvalidSpec, match="unable to decode yaml document") as caught:
        parse_documents(data)
    assert problem in str(caught.value)


def test_aliases_cannot_multiply() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    tracemalloc.start()
    try:
        with pytest.raises(InvalidSpec, match="more than 50,000 values"):
            parse_documents("\n".join(lines).encode(), max_values=50_000)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_aliases_cannot_nest_without_bound() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [[*a{n - 1}]]" for n in range(1, 200))]
    with pytest.raises(InvalidSpec, match="deep"):
        parse_documents("\n".join(lines).encode())


@pytest.mark.parametrize("data", [b"--- x\n" * 1000, b"[" + b"1," * 1000 + b"]", b'{"a":[' + b"1," * 1000 + b"1]}"])
def test_values_are_counted_over_the_whole_stream(data: bytes) -> None:
    with pytest.raises(InvalidSpec, match="more than 999 values"):
        parse_documents(data, max_values=999)


def test_clean_copies_and_refuses_what_is_not_json() -> None:
    value = {"a": [1.0, 2.5, {"b": True}], "c": None}
    found = clean(value)
    assert found == value
    assert json.dumps(found) == '{"a": [1, 2.5, {"b": true}], "c": null}'
    with pytest.raises(InvalidSpec, match="bytes"):
        clean({"a": b"x"})
    assert clean(1e300) == 1e300
