"""Patterns of matches(): Python's re says the same of those that mean the same there, and none takes long."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.base.errors import InvalidInput
from headrace.spec.cel.pattern import matches

TEXTS = [
    "",
    "a",
    "b",
    "ab",
    "aab",
    "abc",
    "ABC",
    "a-b",
    "a]b",
    "a\nb",
    "x1_",
    "äöü",
    "  ",
    "3.14",
    "a" * 30,
    "aXbXc",
    "^$",
]
PATTERNS = [
    "", "a", "^a$", "a|b", "a|b|", "a*b", "a+b?c", "(ab)+", "(?:ab){2}", "a{2}", "a{2,}", "a{0,2}b", "a{,2}", "a{x}",
    "[abc]", "[^abc]", "[a-c-]", "[]a]", "[^]a]", r"[\]a]", r"[\d_]+", r"\d+\.\d+", r"\w+", r"\W", r"\s+", r"\S",
    r"\bb", r"\Bb", ".", "(?s).b", "(?i)abc", "(?m)^b$", "^b$", "(?i:A)b", "(a|b)*c", "((a*)*)*", "(a|ab)(c|bcd)?$",
    "a??b", "a.?b", r"\x61", r"\^\$", "[a-zA-Z0-9]{3,}", "ä", "(?P<name>a)b", "a(?i)B", "()", "(|a)b", "[.]", "[+*?]",
    "x*", r"\Aab", "[^\n]b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_as_python_finds_them(pattern: str) -> None:
    known = pattern.replace("a(?i)B", "a(?i:B)").replace("a{,2}", r"a\{,2\}")
    for text in TEXTS:
        expected = re.search(
            "(?a)" + known.replace("$", r"\Z") if "(?m)" not in known and "\\$" not in known else known, text
        )
        assert matches(text, pattern) is (expected is not None), (pattern, text)


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("é", r"\w", False),
        ("٣", r"\d", False),
        ("a1", "^[[:alpha:]][[:digit:]]$", True),
        ("a1", "[[:^alnum:]]", False),
        ("a", r"[^\D]", False),
        ("7", r"[^\D]", True),
        ("-", r"[\Wa]", True),
        ("b", r"[\Wa]", False),
        ("ä", "(?i)Ä", True),
        ("ß", "(?i)[a-z]", False),
        ("K", "(?i)[^k]", False),
        ("\U0001d11e", r"\x{1d11e}", True),
        ("a\n", "a$", False),
        ("a\n", r"a\z", False),
        ("aB", "(?i)ab(?-i)", True),
        ("ab\ncd", "(?ms)^a.*d$", True),
    ],
)
def test_as_re2_has_it(text: str, pattern: str, found: bool) -> None:
    assert matches(text, pattern) is found


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "a group is not closed"),
        (")", "no opening one"),
        ("[a", "ends too early"),
        ("[b-a]", "a range of characters is not possible"),
        (r"[a-\d]", "a range of characters is not possible"),
        ("*a", "nothing before * to repeat"),
        ("a**", "a repetition is repeated"),
        ("a{2,1}", "is not possible"),
        ("a{1001}", "is not possible"),
        ("a\\", "ends too early"),
        (r"\1", "the escape \\1 is not supported"),
        (r"\pL", "the escape \\p is not supported"),
        (r"\x{110000}", "no such character"),
        ("(?=a)", "this kind of group is not supported"),
        ("[[:nope:]]", "there is no class [:nope:]"),
        ("((a{100}){100}){100}", "repeats too much"),
        ("(" * 30 + ")" * 30, "nested deeper than 20"),
        ("a" * 2000, "longer than 1,000"),
    ],
)
def test_what_is_no_pattern(pattern: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        matches("text", pattern)
    assert problem in caught.value.message


def test_a_pattern_that_makes_others_slow() -> None:
    assert not matches("a" * 1000 + "b", "^(a+)+$")
    assert not matches("a" * 200, "(a|aa)*b" * 2)
    with pytest.raises(InvalidInput, match="too complex"):
        matches("a" * 100_000, "(a?){30}b")


@given(st.text("ab|*+?()[]^$.\\{}0123,-dwsxi:P<>\n", max_size=20), st.text("ab1\n", max_size=10))
def test_any_text_is_a_pattern_or_an_error(pattern: str, text: str) -> None:
    try:
        found = matches(text, pattern)
    except InvalidInput:
        return
    assert isinstance(found, bool)


@settings(max_examples=300)
@given(st.text("ab|*?()[]^$.-\\{}12,", max_size=10), st.text("ab-", max_size=8))
def test_as_python_finds_any_pattern(pattern: str, text: str) -> None:
    try:
        expected = re.search(pattern, text) is not None
        found = matches(text, pattern)
    except (re.error, FutureWarning, InvalidInput):
        return  # They need not agree on what is no pattern.
    assert found is expected
