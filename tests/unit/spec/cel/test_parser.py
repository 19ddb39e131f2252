"""Which texts are expressions, and what is wrong with the others."""

import pytest
from tests.unit.spec.cel.run import run

from headrace.base.errors import InvalidSpec
from headrace.spec.cel.parser import MAX_LENGTH, parse
from headrace.spec.cel.syntax import Chain, Literal, Logic, Path, Variable, walk


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"'a\n\t\\\'\"\x41\u00e4\U0001D11E\101'", "a\n\t\\'\"Aä𝄞A"),
        ('"it\'s"', "it's"),
        ("'''two\nlines, it's'''", "two\nlines, it's"),
        ('"""a "quoted" word"""', 'a "quoted" word'),
        (r"r'\n\d'", r"\n\d"),
        (r'R"a\"', "a\\"),
        ("r'''a\\\n'b'''", "a\\\n'b"),
        ("''", ""),
        ("'ä//b' // and a comment", "ä//b"),
    ],
)
def test_texts(text: str, value: str) -> None:
    assert run(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the expression is empty"),
        ("  ", "the expression is empty"),
        ("1 +", "a value is missing before the end, at column 4"),
        ("+ 1", "a value is missing before +, at column 1"),
        ("1 2", "expected an operator or the end, found 2, at column 3"),
        ("(1", "expected ), found the end"),
        ("[1, 2", "expected ], found the end"),
        ("[,]", "a value is missing before ,"),
        ("{'a' 1}", "expected :, found 1"),
        ("a ? 1", "expected :, found the end"),
        ("a.1", "expected an operator or the end, found .1"),
        ("a.'b'", "expected a name, found 'b'"),
        ("a = 1", "'=' means nothing here, at column 3"),
        ("a & b", "'&' means nothing here"),
        ("'it's'", "expected an operator or the end, found s"),
        ("'open", "a text is not closed, at column 1"),
        ("'two\nlines'", "a text is not closed"),
        (r"'\d'", "\\d is no escape of CEL, at column 2"),
        (r"'\ud800'", "is no escape of CEL"),
        ("b'bytes'", "bytes are not supported"),
        ("rr'x'", "means nothing before a text"),
        ("heads == a", "there is no variable heads, at column 1"),
        ("inf > a", "there is no variable inf"),
        ("nope(1)", "there is no function nope()"),
        ("startswith('a')", "there is no function startswith()"),
        ("a.startswith('a')", "there is no method startswith()"),
        ("a.int()", "there is no method int()"),
        ("int()", "the function int() takes 1 arguments, not 0"),
        ("a.size(1)", "the method size() takes 0 arguments, not 1"),
        ("a.all(x, x > 1)", "all() is not supported"),
        ("has(a)", "has() takes a field"),
        ("has(a['b'])", "has() takes a field"),
        ("9223372036854775808", "does not fit 64 bits"),
        ("-9223372036854775809", "does not fit 64 bits"),
        ("18446744073709551616u", "does not fit 64 bits"),
        ("9" * 10_000, "does not fit 64 bits"),
    ],
)
def test_texts_that_are_no_expression(text: str, problem: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse(text, ("a",))
    assert problem in caught.value.message


def test_hints() -> None:
    with pytest.raises(InvalidSpec, match=r"Did you mean startsWith\(\)\?"):
        parse("a.startswith('a')", ("a",))
    with pytest.raises(InvalidSpec, match=r"It can use inputs\.values; texts need quotes"):
        parse("inputs.nope", ("inputs.values",))


def test_variables_may_hold_dots() -> None:
    assert parse("inputs.values.x", ("inputs.values",)) == Path(Variable("inputs.values"), parse_steps(".x"))


def parse_steps(text: str) -> tuple[object, ...]:
    path = parse(f"a{text}", ("a",))
    assert isinstance(path, Path)
    return path.steps


def test_a_tree_is_walked_from_left_to_right() -> None:
    tree = parse("!(1 < 2) && [3, {'4': 5}][6].contains(7) || int(8) > -x ? has(x.y) : 10", ("x",))
    found = [node.value for node in walk(tree) if isinstance(node, Literal)]
    assert found == [1, 2, 3, "4", 5, 6, 7, 8, 10]
    assert len([node for node in walk(tree) if isinstance(node, Variable)]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "[" * 10_000,
        "-" * 10_000 + "1",
        "!" * 10_000 + "true",
        "int(" * 10_000,
        "true ? 1 : " * 4000 + "1",
    ],
)
def test_nesting_is_bounded(text: str) -> None:
    with pytest.raises(InvalidSpec, match="30"):
        parse(text, ())


def test_length_is_bounded() -> None:
    with pytest.raises(InvalidSpec, match="longer than 50,000 characters"):
        parse(" " * (MAX_LENGTH + 1), ())


def test_what_stands_in_a_row_is_no_nest() -> None:
    row = parse(" && ".join(["true"] * 5000), ())
    assert isinstance(row, Logic)
    assert run(" && ".join(["true"] * 5000)) is True
    assert isinstance(parse("+".join("1" * 20_000), ()), Chain)
    assert run("+".join("1" * 20_000)) == 20_000
    assert run("'a' == 'a'" + " == true" * 3000) is True
    nested: dict[str, object] = {"a": 1}
    for _ in range(90):
        nested = {"a": nested}
    assert run("x" + ".a" * 91, x=nested) == 1  # type: ignore[arg-type]


def test_deepest_nesting_is_evaluated() -> None:
    assert run("(" * 29 + "1" + ")" * 29) == 1
    assert run("[" * 29 + "1" + "]" * 29 + "[0]" * 29) == 1
