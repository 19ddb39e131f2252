"""An expression's text to its syntax tree. Takes the names that it may use, raises InvalidSpec with the column.

Recursive descent, bounded: length and nesting are limited, and what is written in a row is no nest.
"""

import difflib
from collections.abc import Collection
from itertools import groupby

from headrace.base.errors import InvalidSpec
from headrace.spec.cel.cursor import Cursor
from headrace.spec.cel.functions import GLOBALS, METHODS, Function
from headrace.spec.cel.lexer import INT64, Token
from headrace.spec.cel.syntax import (
    Call,
    Chain,
    Choice,
    Field,
    Has,
    Index,
    ListOf,
    Literal,
    Logic,
    MapOf,
    Method,
    Node,
    Path,
    Prefix,
    Step,
    Variable,
)
from headrace.spec.cel.values import Uint

MAX_LENGTH = 50_000
MAX_NESTING = 30

_CHAINS = (("<", "<=", ">", ">=", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
"""Operators that go from the left, weakest first."""
_CONSTANTS = {"true": True, "false": False, "null": None}
_LEFT_OUT = frozenset({"all", "exists", "exists_one", "map", "filter", "matches"})


def parse(text: str, variables: Collection[str]) -> Node:
    """The tree of an expression over some variables, whose names may hold dots."""
    if len(text) > MAX_LENGTH:
        raise InvalidSpec(f"the expression is longer than {MAX_LENGTH:,} characters")
    if not text.strip():
        raise InvalidSpec("the expression is empty")
    return _Parser(text, variables).parse()


class _Parser(Cursor):
    """One method for each level of the grammar."""

    def __init__(self, text: str, variables: Collection[str]) -> None:
        super().__init__(text)
        self._variables = variables
        self._nesting = 0

    def parse(self) -> Node:
        node = self._expression()
        if self.next.kind != "end":
            raise self.unexpected("an operator or the end")
        return node

    def _expression(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self.wrong(f"brackets are nested deeper than {MAX_NESTING} levels", self.next)
        node = self._logic("||", decisive=True)
        if self.skip("?"):
            yes = self._logic("||", decisive=True)
            self.expect(":")
            node = Choice(node, yes, self._expression())
        self._nesting -= 1
        return node

    def _logic(self, operator: str, *, decisive: bool) -> Node:
        operands = [self._conjunction() if decisive else self._chain(0)]
        while self.skip(operator):
            operands.append(self._conjunction() if decisive else self._chain(0))
        return Logic(decisive, tuple(operands)) if len(operands) > 1 else operands[0]

    def _conjunction(self) -> Node:
        return self._logic("&&", decisive=False)

    def _chain(self, level: int) -> Node:
        if level == len(_CHAINS):
            return self._prefixed()
        first, rest = self._chain(level + 1), []
        while (operator := self.next.text) in _CHAINS[level]:
            self.take()
            rest.append((operator, self._chain(level + 1)))
        return Chain(first, tuple(rest)) if rest else first

    def _prefixed(self) -> Node:
        operators = []
        while self.next.kind in ("!", "-"):
            operators.append(self.take().kind)
        if len(operators) > MAX_NESTING:
            raise self.wrong(f"more than {MAX_NESTING} operators stand before a value", self.next)
        negative = bool(operators) and operators[-1] == "-" and self.next.kind == "value"
        first = self.next
        node = self._number(operators) if negative else self._path()
        if len(set(operators)) > 1:
            raise self.wrong("! and - cannot both stand before a value: put one of them in parentheses", first)
        for operator, same in reversed([(each, len(list(run))) for each, run in groupby(operators)]):
            if same % 2:  # as other CELs: two of a kind are none, whatever the type of what follows
                node = Prefix(operator, node)
        return node

    def _number(self, operators: list[str]) -> Node:
        """A literal after a minus, which is a part of it: the least int has no positive counterpart."""
        token = self.next
        if isinstance(token.value, Uint | str):
            return self._path()
        operators.pop()
        self.take()
        return self._steps(Literal(-token.value))

    def _path(self) -> Node:
        token = self.take()
        match token.kind:
            case "value":
                if token.value == INT64 and type(token.value) is int:
                    raise self.wrong("the number does not fit 64 bits", token)
                return self._steps(Literal(token.value))
            case "name":
                return self._steps(self._named(token))
            case "(":
                node = self._expression()
                self.expect(")")
                return self._steps(node)
            case "[":
                return self._steps(ListOf(self._items("]")))
            case "{":
                return self._steps(MapOf(self._entries()))
        raise self.wrong(f"a value is missing before {token.text}", token)

    def _steps(self, base: Node) -> Node:
        steps: list[Step] = []
        while self.next.kind in (".", "["):
            if self.take().kind == "[":
                steps.append(Index(self._expression()))
                self.expect("]")
                continue
            name = self.expect("name")
            if self.skip("("):
                steps.append(Method(name.text, self._arguments(name, METHODS, "method")))
            else:
                steps.append(Field(name.text))
        return Path(base, tuple(steps)) if steps else base

    def _named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if token.text == "has" and self.next.kind == "(":
            return self._has(token)
        if self.skip("("):
            return Call(token.text, self._arguments(token, GLOBALS, "function"))
        name = token.text
        while name not in self._variables:
            if self.next.kind != "." or not any(each.startswith(f"{name}.") for each in self._variables):
                known = " and ".join(self._variables)
                raise self.wrong(f"there is no variable {name}", token, f"It can use {known}; texts need quotes")
            self.take()
            name = f"{name}.{self.expect('name').text}"
        return Variable(name)

    def _has(self, token: Token) -> Node:
        self.expect("(")
        node = self._expression()
        self.expect(")")
        if isinstance(node, Path) and isinstance(field := node.steps[-1], Field):
            inner = node.steps[:-1]
            return Has(Path(node.base, inner) if inner else node.base, field.name)
        raise self.wrong("has() takes a field", token, "Write has(x.name), or 'name' in x")

    def _arguments(self, name: Token, known: dict[str, Function], what: str) -> tuple[Node, ...]:
        if name.text in _LEFT_OUT:
            raise self.wrong(f"{name.text}() is not supported", name)
        if name.text not in known:
            close = difflib.get_close_matches(name.text[:80], known, n=1)
            hint = f"Did you mean {close[0]}()?" if close else f"Known are {', '.join(known)}"
            raise self.wrong(f"there is no {what} {name.text}()", name, hint)
        found = self._items(")")
        takes = known[name.text].takes - (1 if what == "method" else 0)
        if len(found) != takes:
            raise self.wrong(f"the {what} {name.text}() takes {takes} arguments, not {len(found)}", name)
        return found

    def _items(self, closing: str) -> tuple[Node, ...]:
        items = []
        while not self.skip(closing):
            items.append(self._expression())
            if not self.skip(","):
                self.expect(closing)
                break
        return tuple(items)

    def _entries(self) -> tuple[tuple[Node, Node], ...]:
        entries = []
        while not self.skip("}"):
            key = self._expression()
            self.expect(":")
            entries.append((key, self._expression()))
            if not self.skip(","):
                self.expect("}")
                break
        return tuple(entries)
