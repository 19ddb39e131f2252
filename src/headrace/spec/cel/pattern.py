"""The patterns of `matches()`: RE2's syntax without back-references and Unicode classes, as CEL has them.

Found in time that grows with the text, whatever the pattern: a pattern is run as an automaton, never by trying again.
"""

import re

from headrace.base.errors import InvalidInput
from headrace.spec.cel.automaton import Alternatives, Characters, Edge, Edges, Part, Repeated, Row, search
from headrace.spec.cel.classes import LETTERS, NAMED

MAX_LENGTH = 1000
MAX_NESTING = 20
MAX_COUNT = 1000

_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_EDGES = {"b": Edge.WORD, "B": Edge.NO_WORD, "A": Edge.START, "z": Edge.END}
_CODE = re.compile(r"x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})")
_GROUP = re.compile(r"\?(?:P?<[A-Za-z_]\w*>|([ims]*)(?:-([ims]+))?(:|\)))", re.ASCII)
_COUNT = re.compile(r"\{([0-9]{1,4})(,)?([0-9]{1,4})?\}")
_COUNTS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere in the text. Raises InvalidInput for a pattern that is none."""
    if len(pattern) > MAX_LENGTH:
        raise InvalidInput(f"a pattern is longer than {MAX_LENGTH:,} characters")
    return search(_Pattern(pattern).read(), text)


class _Pattern:
    """Reads a pattern. `_flags` are those that hold where it reads: of i, m and s."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nesting = 0
        self._flags: frozenset[str] = frozenset()

    def read(self) -> Part:
        part = self._alternatives()
        if self._at < len(self._text):
            raise self._wrong("a closing bracket has no opening one")
        return part

    def _alternatives(self) -> Part:
        flags = self._flags
        found = [self._row()]
        while self._skip("|"):
            found.append(self._row())
        self._flags = flags
        return Alternatives(tuple(found)) if len(found) > 1 else found[0]

    def _row(self) -> Part:
        parts: list[Part] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._one()))
        return Row(tuple(parts))

    def _repeated(self, part: Part) -> Part:
        counts = self._counts()
        if counts is None:
            return part
        self._skip("?")  # Which of several matches is taken does not matter here.
        if self._counts() is not None:
            raise self._wrong("a repetition is repeated")
        return Repeated(part, *counts)

    def _counts(self) -> tuple[int, int | None] | None:
        for symbol, counts in _COUNTS.items():
            if self._skip(symbol):
                return counts
        found = _COUNT.match(self._text, self._at)
        if found is None or (found[3] and not found[2]):
            return None
        self._at = found.end()
        low = int(found[1])
        high = int(found[3]) if found[3] else None if found[2] else low
        if max(low, high or 0) > MAX_COUNT or (high is not None and high < low):
            raise self._wrong(f"the repetition {found[0]} is not possible")
        return low, high

    def _one(self) -> Part:
        char = self._take()
        match char:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case ".":
                return self._characters((), negated=True) if "s" in self._flags else self._characters(("\n\n",), True)
            case "^":
                return Edges(Edge.LINE_START if "m" in self._flags else Edge.START)
            case "$":
                return Edges(Edge.LINE_END if "m" in self._flags else Edge.END)
            case "*" | "+" | "?":
                raise self._wrong(f"there is nothing before {char} to repeat")
            case "\\":
                if (edge := _EDGES.get(self._text[self._at : self._at + 1])) is not None:
                    self._at += 1
                    return Edges(edge)
                ranges, negated = self._escape()
                return self._characters(ranges, negated)
        return self._characters((char + char,))

    def _group(self) -> Part:
        flags = self._flags
        if self._text.startswith("?", self._at):
            found = _GROUP.match(self._text, self._at)
            if found is None:
                raise self._wrong("this kind of group is not supported")
            self._at = found.end()
            self._flags = self._flags.union(found[1] or "").difference(found[2] or "")
            if found[3] == ")":
                return Row(())  # The flags hold until the group around ends.
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self._wrong(f"groups are nested deeper than {MAX_NESTING} levels")
        part = self._alternatives()
        if not self._skip(")"):
            raise self._wrong("a group is not closed")
        self._nesting -= 1
        self._flags = flags
        return part

    def _set(self) -> Part:
        negated = self._skip("^")
        ranges: list[str] = []
        excluded: list[tuple[str, ...]] = []
        while not self._skip("]") or not (ranges or excluded):
            low, no_range = self._member(first=not (ranges or excluded))
            if no_range:
                excluded.append(low)
            elif len(low) == 1 and low[0][0] == low[0][1] and self._is_range():
                self._at += 1
                high, _ = self._member(first=False)
                if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
                    raise self._wrong("a range of characters is not possible")
                ranges.append(low[0][0] + high[0][0])
            else:
                ranges += low
        return self._characters(tuple(ranges), negated, tuple(excluded))

    def _is_range(self) -> bool:
        return self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at)

    def _member(self, *, first: bool) -> tuple[tuple[str, ...], bool]:
        """One character or class of a set, and whether it stands for all that is not in it."""
        if first and self._text.startswith("]", self._at - 1):
            return ("]]",), False
        char = self._take()
        if char == "[" and self._skip(":"):
            end = self._text.find(":]", self._at)
            name = self._text[self._at : max(end, self._at)]
            if name.removeprefix("^") not in NAMED:
                raise self._wrong(f"there is no class [:{name[:20]}:]")
            self._at = end + 2
            return NAMED[name.removeprefix("^")], name.startswith("^")
        return self._escape() if char == "\\" else ((char + char,), False)

    def _escape(self) -> tuple[tuple[str, ...], bool]:
        """What stands behind a backslash: ranges, and whether it stands for all that is not in them."""
        if found := _CODE.match(self._text, self._at):
            self._at = found.end()
            code = int(found[1] or found[2], 16)
            if code > 0x10FFFF:
                raise self._wrong("there is no such character")
            return (chr(code) * 2,), False
        char = self._take()
        if char.lower() in LETTERS:
            return LETTERS[char.lower()], char.isupper()
        if char in _CONTROLS:
            return (_CONTROLS[char] * 2,), False
        if char.isascii() and (char.isalnum() or char == "_"):
            raise self._wrong(f"the escape \\{char} is not supported")
        return (char + char,), False

    def _characters(
        self, ranges: tuple[str, ...], negated: bool = False, excluded: tuple[tuple[str, ...], ...] = ()
    ) -> Characters:
        return Characters(ranges, negated, excluded, "i" in self._flags)

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise self._wrong("it ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _skip(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _wrong(self, problem: str) -> InvalidInput:
        return InvalidInput(f"the pattern {self._text[:80]!r} is wrong at column {self._at}: {problem}")
