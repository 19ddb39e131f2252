import json

from hypothesis import given
from hypothesis import strategies as st

from headrace.base.json import JsonValue, canonical, compact

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_both_forms_keep_the_value(value: JsonValue) -> None:
    assert json.loads(canonical(value)) == value
    assert json.loads(compact(value)) == value


@given(st.dictionaries(st.text(), values, max_size=6))
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(value: dict[str, JsonValue]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_numbers_of_different_types_differ() -> None:
    assert canonical(1) != canonical(1.0)
    assert canonical(True) != canonical(1)


def test_the_compact_form_keeps_the_order() -> None:
    assert compact({"b": 1, "a": ["é", None]}) == '{"b":1,"a":["é",null]}'


def test_half_a_character_has_a_canonical_form_of_its_own() -> None:
    assert canonical("\ud800").encode() == b'"\\ud800"'
    assert canonical("\ud800") != canonical("\\ud800")
    assert canonical({"ü": "\ud800x"}) == canonical({"ü": "\ud800x"})
