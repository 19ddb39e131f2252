"""Tasks as people name them, and what is at them or downstream of them."""

import pytest

from headrace.base.errors import InvalidInput, NotFound
from headrace.spec.plan import Plan
from headrace.spec.spots import find_spot, spot
from headrace.testing.plans import dag, group, leaf, loop, plan


@pytest.fixture
def whole() -> Plan:
    inner = dag(leaf("x"), leaf("train", after=["x"]), leaf("eval", after=["train"]))
    body = dag(leaf("first"), group("g", inner, after=["first"]), leaf("last", after=["g"]))
    return plan(
        dag(leaf("load"), loop("l", body, ["a", "b"], after=["load"]), leaf("eval", after=["l"]), leaf("beside"))
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("load", "root.load"),
        ("root.load", "root.load"),
        ("train", "root.l.*.g.train"),
        ("l", "root.l"),
        ("l.1", "root.l.1"),
        ("l.*", "root.l.*"),
        ("l.first", "root.l.*.first"),
        ("l.0.g.train", "root.l.0.g.train"),
        ("root.l.*.g", "root.l.*.g"),
        ("eval", "root.eval"),
    ],
)
def test_names_and_paths(whole: Plan, text: str, path: str) -> None:
    """A name of the outermost pipeline is a path, and goes before the same name further in."""
    assert find_spot(whole, text).path == path
    assert spot(whole, path) == find_spot(whole, text)


def test_a_name_that_several_tasks_have_and_one_that_none_has(whole: Plan) -> None:
    twice = plan(dag(group("a", dag(leaf("x"))), group("b", dag(leaf("x")))))
    with pytest.raises(InvalidInput, match="2 tasks have that name") as caught:
        find_spot(twice, "x")
    assert caught.value.hint == "Give a.x, b.x"
    for text in ("nobody", "load.x", "l.0.nobody", "root", "", "l.0.g.train.x", "l.1.2"):
        with pytest.raises(NotFound, match="no such task") as missing:
            find_spot(whole, text)
    assert missing.value.hint.startswith("It has: load, l, eval, beside, l.*.first, l.*.g, ")
    with pytest.raises(KeyError):
        spot(whole, "root.nobody")


def test_an_error_does_not_list_thousands() -> None:
    many = plan(dag(*(leaf(f"t{number}") for number in range(1000))))
    with pytest.raises(NotFound) as caught:
        find_spot(many, "nobody")
    assert caught.value.hint.endswith("t19, …")


@pytest.mark.parametrize(
    ("text", "covered", "spared"),
    [
        ("load", ["load", "l", "l.0.g.x", "eval"], ["beside"]),
        (
            "train",
            ["l.0.g.train", "l.1.g.train", "l.1.g.eval", "l.0.last", "eval"],
            ["load", "l", "l.0", "l.0.g", "l.0.first", "l.1.g.x", "beside"],
        ),
        ("l.1.g.train", ["l.1.g.train", "l.1.last", "eval"], ["l.0.g.train", "l.0.last", "l.1.first", "load"]),
        ("l.0", ["l.0", "l.0.first", "eval"], ["l.1", "l.1.first", "l"]),
        ("l", ["l", "l.0", "l.1.g.x", "eval"], ["load", "beside"]),
    ],
)
def test_what_is_at_it_or_downstream(whole: Plan, text: str, covered: list[str], spared: list[str]) -> None:
    found = find_spot(whole, text)
    assert {path: found.covers(f"root.{path}") for path in (*covered, *spared)} == {
        **dict.fromkeys(covered, True),
        **dict.fromkeys(spared, False),
    }
    assert not found.covers("root")
