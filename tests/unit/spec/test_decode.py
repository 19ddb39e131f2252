"""The decoder of messages: protobuf's JSON rules, and errors that say where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pytest

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonObject
from headrace.spec.decode import Seconds, Value, decode, one_of


class Color(StrEnum):
    RED = "RED"
    DEEP_BLUE = "DEEP_BLUE"


@dataclass(frozen=True, slots=True)
class Inner:
    first_name: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    maybe: Inner | None = None
    by_name: Mapping[str, Inner] = field(default_factory=dict)
    several: tuple[Inner, ...] = ()
    free: JsonObject = field(default_factory=dict)
    value: Value | None = None
    color: Color | None = None
    factor: float = 0.0
    wait: Seconds = Seconds(0)
    on: bool = False
    left: str | None = one_of("side")
    right: str | None = one_of("side")


def test_both_styles_of_keys_are_read_and_made_one() -> None:
    raw = {"by_name": {"some_key": {"first_name": "x"}}, "free": {"snake_case": 1}}
    assert decode(Outer, raw) == Outer(by_name={"some_key": Inner("x")}, free={"snake_case": 1})
    assert raw == {"byName": {"some_key": {"firstName": "x"}}, "free": {"snake_case": 1}}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({}, Outer()),
        ({"inner": None, "several": None, "on": None}, Outer()),
        ({"maybe": {}}, Outer(maybe=Inner())),
        ({"value": None}, Outer(value=Value(None))),
        ({"value": [1, {"a_b": None}]}, Outer(value=Value([1, {"a_b": None}]))),
        ({"inner": {"count": "12"}}, Outer(inner=Inner(count=12))),
        ({"color": "DEEP_BLUE"}, Outer(color=Color.DEEP_BLUE)),
        ({"color": 1}, Outer(color=Color.RED)),
        ({"color": 0}, Outer()),
        ({"color": "COLOR_UNSPECIFIED"}, Outer()),
        ({"factor": 2}, Outer(factor=2.0)),
        ({"factor": "0.5"}, Outer(factor=0.5)),
        ({"wait": "90s"}, Outer(wait=Seconds(90))),
        ({"wait": "0.25s"}, Outer(wait=Seconds(0.25))),
        ({"left": ""}, Outer(left="")),
        ({"left": "x", "right": None}, Outer(left="x")),
    ],
)
def test_values_are_read_as_protobuf_reads_them(raw: object, expected: Outer) -> None:
    assert decode(Outer, raw) == expected


@pytest.mark.parametrize(
    ("raw", "where", "problem"),
    [
        ([], "", "expected an object, found a list"),
        ({"iner": {}}, "iner", 'unknown field "iner". Did you mean inner?'),
        ({"byName": {"x": {"count": 1.5}}}, "byName.x.count", "expected a whole number, found 1.5"),
        ({"byName": {"x": {"count": True}}}, "byName.x.count", "expected a whole number, found true"),
        ({"byName": {"x": None}}, "byName.x", "expected an object, found null"),
        ({"byName": []}, "byName", "expected an object, found a list"),
        ({"several": [{}, {"firstName": 5}]}, "several[1].firstName", "expected a text, found 5"),
        ({"several": {}}, "several", "expected a list, found an object"),
        ({"free": "x"}, "free", "expected an object"),
        ({"inner": {"count": 2**63}}, "inner.count", "expected a whole number"),
        ({"inner": {"count": "ten"}}, "inner.count", "expected a whole number, found 'ten'"),
        ({"color": "GREEN"}, "color", "'GREEN' is not one of RED, DEEP_BLUE"),
        ({"color": 3}, "color", "not one of"),
        ({"color": True}, "color", "not one of"),
        ({"factor": "much"}, "factor", "expected a number"),
        ({"factor": 10**400}, "factor", "too large"),
        ({"wait": 5}, "wait", "expected a duration"),
        ({"wait": "5m"}, "wait", "expected a duration"),
        ({"wait": "s"}, "wait", "expected a number"),
        ({"on": "yes"}, "on", "expected true or false, found 'yes'"),
        ({"left": "a", "right": "b"}, "", "left and right are both given"),
        ({"inner": {"first_name": "a", "firstName": "b"}}, "inner", "given twice"),
        ({"byName": {"x": {"firstName": "a\0b"}}}, "byName.x.firstName", "the text holds a NUL character"),
        ({"byName": {"a\0b": {}}}, "byName", "a name holds a NUL character"),
        ({"byName": {"x" * 501: {}}}, "byName", "longer than 500"),
        ({"inner": {"y" * 1000: 1}}, f"inner.{'y' * 80}", "unknown field"),
    ],
)
def test_a_mistake_is_named_with_its_path(raw: object, where: str, problem: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        decode(Outer, raw)
    assert caught.value.where == where
    assert problem in str(caught.value)


def test_a_path_begins_where_the_caller_says() -> None:
    with pytest.raises(InvalidSpec) as caught:
        decode(Outer, {"on": 1}, "platforms.kubernetes", "invalid platform spec: ")
    assert caught.value.where == "platforms.kubernetes.on"
    assert caught.value.message.startswith("invalid platform spec: ")
