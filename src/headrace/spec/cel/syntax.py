"""The syntax tree of an expression, as `parser` makes it and `evaluate` walks it. Immutable.

Operators of one level and accesses are sequences, not nests, so a tree is no deeper than its brackets are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from headrace.spec.cel.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Variable:
    """One of the names that the expression may use; it may hold dots."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """`.name`"""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[key]`"""

    key: "Node"


@dataclass(frozen=True, slots=True)
class Method:
    """`.name(args)`"""

    name: str
    args: "tuple[Node, ...]"


Step: TypeAlias = Field | Index | Method


@dataclass(frozen=True, slots=True)
class Path:
    """`base`, and what is taken out of it one after the other."""

    base: "Node"
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """`has(base.name)`"""

    base: "Node"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`name(args)`"""

    name: str
    args: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Prefix:
    """`!operand` or `-operand`."""

    operator: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Logic:
    """Two or more operands joined by `||`, where true is `decisive`, or by `&&`, where false is."""

    decisive: bool
    operands: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Chain:
    """`first op operand op operand ...`, from the left."""

    first: "Node"
    rest: "tuple[tuple[str, Node], ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """`test ? yes : no`"""

    test: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True, slots=True)
class ListOf:
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class MapOf:
    entries: "tuple[tuple[Node, Node], ...]"


Node: TypeAlias = Literal | Variable | Path | Has | Call | Prefix | Logic | Chain | Choice | ListOf | MapOf


def walk(root: Node) -> Iterator[Node]:
    """All nodes of a tree, from left to right, each before those in it."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(list(_inside(node))))


def _inside(node: Node) -> Iterator[Node]:
    match node:
        case Literal() | Variable():
            return
        case Path(base, steps):
            yield base
            for step in steps:
                yield from _in_step(step)
        case Has(base=inner) | Prefix(operand=inner):
            yield inner
        case Call(args=several) | Logic(operands=several) | ListOf(several):
            yield from several
        case Chain(first, rest):
            yield first
            yield from (operand for _, operand in rest)
        case Choice(test, yes, no):
            yield from (test, yes, no)
        case MapOf(entries):
            yield from (part for entry in entries for part in entry)


def _in_step(step: Step) -> tuple[Node, ...]:
    match step:
        case Field():
            return ()
        case Index(key):
            return (key,)
        case Method(args=args):
            return args
