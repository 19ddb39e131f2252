"""A pattern as an automaton that follows all its possibilities at once: no text makes it slow.

`pattern` gives the parts; a part becomes instructions, and a search visits each at most once a character.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias, assert_never

from headrace.base.errors import InvalidInput

MAX_INSTRUCTIONS = 5000
MAX_VISITS = 500_000


class Edge(Enum):
    """A place between two characters."""

    START = auto()
    END = auto()
    LINE_START = auto()
    LINE_END = auto()
    WORD = auto()
    NO_WORD = auto()


@dataclass(frozen=True, slots=True)
class Characters:
    """One character: in one of `ranges`, each two characters, or outside one of `excluded`; the others if `negated`."""

    ranges: tuple[str, ...]
    negated: bool = False
    excluded: tuple[tuple[str, ...], ...] = ()
    any_case: bool = False

    def has(self, char: str) -> bool:
        """Whether it takes the character."""
        forms = {char, char.lower(), char.upper()} if self.any_case else {char}
        return any(self._holds(each) for each in forms if len(each) == 1) is not self.negated

    def _holds(self, char: str) -> bool:
        return _inside(char, self.ranges) or any(not _inside(char, each) for each in self.excluded)


def _inside(char: str, ranges: tuple[str, ...]) -> bool:
    return any(each[0] <= char <= each[1] for each in ranges)


@dataclass(frozen=True, slots=True)
class Edges:
    edge: Edge


@dataclass(frozen=True, slots=True)
class Row:
    """One part after the other."""

    parts: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Alternatives:
    parts: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Repeated:
    """At least `low` times, at most `high` times if that is given."""

    part: "Part"
    low: int
    high: int | None


Part: TypeAlias = Characters | Edges | Row | Alternatives | Repeated


@dataclass(frozen=True, slots=True)
class _Go:
    """Goes on at all of these, by their distance from here."""

    distances: tuple[int, ...]


_Instruction: TypeAlias = Characters | Edges | _Go


def search(part: Part, text: str) -> bool:
    """Whether the part is found anywhere in the text. Raises InvalidInput where it is too much work."""
    program: list[_Instruction] = []
    _emit(part, program)
    done = len(program)
    visits = 0
    current: set[int] = set()
    for at in range(len(text) + 1):
        reached = _closure(program, {0, *current}, text, at)
        if done in reached:
            return True
        visits += len(reached)
        if visits > MAX_VISITS:
            raise InvalidInput(f"matches() gives up on a text of {len(text):,} characters: the pattern is too complex")
        if at < len(text):
            current = {each + 1 for each in reached if _takes(program[each], text[at])}
    return False


def _takes(instruction: _Instruction, char: str) -> bool:
    return isinstance(instruction, Characters) and instruction.has(char)


def _closure(program: list[_Instruction], start: set[int], text: str, at: int) -> set[int]:
    """All instructions that can be reached from some without taking a character."""
    reached, pending = set(start), list(start)
    while pending:
        here = pending.pop()
        if here == len(program):
            continue
        match program[here]:
            case _Go(distances):
                further = {here + each for each in distances}
            case Edges(edge):
                further = {here + 1} if _is_at(edge, text, at) else set()
            case _:
                continue
        pending += further - reached
        reached |= further
    return reached


def _is_at(edge: Edge, text: str, at: int) -> bool:
    match edge:
        case Edge.START:
            return at == 0
        case Edge.END:
            return at == len(text)
        case Edge.LINE_START:
            return at == 0 or text[at - 1] == "\n"
        case Edge.LINE_END:
            return at == len(text) or text[at] == "\n"
    between = (at > 0 and _is_word(text[at - 1])) is not (at < len(text) and _is_word(text[at]))
    return between is (edge is Edge.WORD)


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _emit(part: Part, program: list[_Instruction]) -> None:
    if len(program) > MAX_INSTRUCTIONS:
        raise InvalidInput("a pattern repeats too much")
    match part:
        case Characters() | Edges():
            program.append(part)
        case Row(parts):
            for each in parts:
                _emit(each, program)
        case Alternatives(parts):
            _emit_alternatives(parts, program)
        case Repeated(inner, low, high):
            _emit_repeated(inner, low, high, program)
        case _:
            assert_never(part)


def _emit_alternatives(parts: tuple[Part, ...], program: list[_Instruction]) -> None:
    blocks = [_block(each) for each in parts]
    start = len(program)
    starts, position = [], start + 1
    for block in blocks:
        starts.append(position - start)
        position += len(block) + 1
    program.append(_Go(tuple(starts)))
    for block in blocks:
        program += block
        program.append(_Go((position - len(program),)))


def _emit_repeated(inner: Part, low: int, high: int | None, program: list[_Instruction]) -> None:
    block = _block(inner)
    if len(program) + len(block) * max(low, high or 1) > MAX_INSTRUCTIONS:
        raise InvalidInput("a pattern repeats too much")
    program += block * low
    if high is None:
        program.append(_Go((1, len(block) + 2)))
        program += block
        program.append(_Go((-len(block) - 1,)))
    else:
        for left in range(high - low, 0, -1):
            program.append(_Go((1, left * (len(block) + 1))))
            program += block


def _block(part: Part) -> list[_Instruction]:
    program: list[_Instruction] = []
    _emit(part, program)
    return program
