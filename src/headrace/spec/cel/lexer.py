"""An expression's text to tokens: names, numbers, texts and operators, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from headrace.base.errors import InvalidSpec
from headrace.spec.cel.values import Uint

OPERATORS = ("&&", "||", "==", "!=", "<=", ">=", *"<>!+-*/%?:.,()[]{}")
INT64 = 2**63

_TOKEN = re.compile(
    r"""
      (?P<space> (?: \s | //[^\n]* )+ )
    | (?P<text> (?P<prefix> [bBrR]{0,2} ) (?P<quote> \"\"\" | ''' | " | ' ) )
    | (?P<double> [0-9]* \. [0-9]+ (?: [eE] [+-]? [0-9]+ )? | [0-9]+ [eE] [+-]? [0-9]+ )
    | (?P<int> 0[xX][0-9a-fA-F]+ | [0-9]+ ) (?P<unsigned> [uU] )?
    | (?P<name> [_a-zA-Z] [_a-zA-Z0-9]* )
    | (?P<operator> && | \|\| | [=!<>]= | [<>!+\-*/%?:.,()\[\]{}] )
    """,
    re.VERBOSE,
)
_BODIES = {
    '"': (re.compile(r'((?:\\.|[^\\\r\n"])*)"'), re.compile(r'([^\r\n"]*)"')),
    "'": (re.compile(r"((?:\\.|[^\\\r\n'])*)'"), re.compile(r"([^\r\n']*)'")),
    '"""': (re.compile(r'((?:\\.|[^\\])*?)"""', re.DOTALL), re.compile(r'(.*?)"""', re.DOTALL)),
    "'''": (re.compile(r"((?:\\.|[^\\])*?)'''", re.DOTALL), re.compile(r"(.*?)'''", re.DOTALL)),
}
"""What follows an opening quote, where a backslash escapes and where the text is raw."""
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<o>[0-3][0-7]{2})|(?P<bad>.?))",
    re.DOTALL,
)
_PLAIN = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is name, value or end, or the operator itself. `value` is what a literal stands for."""

    kind: str
    text: str
    at: int
    value: str | int | float = ""


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, the last one the end. Raises InvalidSpec."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise wrong(f"{text[position]!r} means nothing here", text, position)
        start, position = position, found.end()
        match found.lastgroup:
            case "name":
                yield Token("name", found[0], start)
            case "operator":
                yield Token(found[0], found[0], start)
            case "text":
                value, position = _quoted(text, found)
                yield Token("value", text[start:position], start, value)
            case "double":
                yield Token("value", found[0], start, float(found[0]))
            case "int" | "unsigned":
                yield Token("value", found[0], start, _int(found, text))
    yield Token("end", "the end", len(text))


def wrong(problem: str, text: str, at: int, hint: str = "") -> InvalidSpec:
    """What is wrong with an expression, and where in it."""
    near = text[max(at - 20, 0) : at + 20]
    return InvalidSpec(f"{problem}, at column {at + 1} of the expression, near {near!r}", hint=hint)


def _int(found: re.Match[str], text: str) -> int:
    number = int(found["int"], 16 if found["int"][1:2] in ("x", "X") else 10) if len(found["int"]) < 40 else 2 * INT64
    if found["unsigned"]:
        number = Uint(number)
    if number > (2 * INT64 - 1 if found["unsigned"] else INT64):  # 2**63 itself is right after a minus.
        raise wrong(f"{found[0][:40]} does not fit 64 bits", text, found.start())
    return number


def _quoted(text: str, opening: re.Match[str]) -> tuple[str, int]:
    """The text behind an opening quote, and where the expression goes on."""
    prefix, quote = opening["prefix"].lower(), opening["quote"]
    if "b" in prefix:
        raise wrong("bytes are not supported", text, opening.start(), "Write it as a text")
    if prefix not in ("", "r"):
        raise wrong(f"{prefix!r} means nothing before a text", text, opening.start())
    body = _BODIES[quote][prefix == "r"].match(text, opening.end())
    if body is None:
        raise wrong(
            "a text is not closed", text, opening.start(), "Escape quotes in it with a backslash, new lines with \\n"
        )
    if prefix == "r":
        return body[1], body.end()
    return _ESCAPE.sub(lambda escape: _unescape(escape, text, opening.end()), body[1]), body.end()


def _unescape(escape: re.Match[str], text: str, offset: int) -> str:
    if escape["plain"]:
        return _PLAIN.get(escape["plain"], escape["plain"])
    code = escape["x"] or escape["u"] or escape["U"]
    number = int(code, 16) if code else int(escape["o"], 8) if escape["o"] else -1
    if not 0 <= number <= 0x10FFFF or 0xD800 <= number < 0xE000:
        raise wrong(
            f"{escape[0]} is no escape of CEL", text, offset + escape.start(), "Write a backslash as \\\\, or r'...'"
        )
    return chr(number)
