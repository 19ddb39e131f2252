import uuid

from hypothesis import given
from hypothesis import strategies as st

from headrace.base import ids

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def test_fresh_ids_are_random_uuids() -> None:
    made = {ids.fresh() for _ in range(100)}
    assert len(made) == 100
    assert {uuid.UUID(each).version for each in made} == {4}


@given(names, st.lists(names | st.integers(0, 10_000), max_size=4))
def test_a_derived_id_is_a_uuid_of_version_8_and_always_the_same(parent: str, path: list[str | int]) -> None:
    one = ids.derived(parent, *path)
    parsed = uuid.UUID(one)
    assert str(parsed) == one
    assert (parsed.version, parsed.variant) == (8, uuid.RFC_4122)
    assert ids.derived(parent, *path) == one


@given(st.lists(st.lists(names, min_size=1, max_size=4).map(tuple), unique=True, min_size=2, max_size=6))
def test_different_names_give_different_ids(paths: list[tuple[str, ...]]) -> None:
    assert len({ids.derived(*path) for path in paths}) == len(paths)


def test_names_do_not_run_into_each_other() -> None:
    assert ids.derived("run", "task", "ab") != ids.derived("run", "taska", "b")
