"""An expression's text to its syntax tree. Takes the names that it may use, raises InvalidSpec with the column.

Recursive descent, bounded: length and nesting are limited, and what is written in a row is no nest.
"""

import difflib
from collections.abc import Collection

from headrace.base.errors import InvalidSpec
from headrace.spec.cel.functions import GLOBALS, METHODS, Function
from headrace.spec.cel.lexer import INT64, Token, tokens, wrong
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
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})


def parse(text: str, variables: Collection[str]) -> Node:
    """The tree of an expression over some variables, whose names may hold dots."""
    if len(text) > MAX_LENGTH:
        raise InvalidSpec(f"the expression is longer than {MAX_LENGTH:,} characters")
    if not text.strip():
        raise InvalidSpec("the expression is empty")
    return _Parser(text, variables).parse()


class _Parser:
    """Reads one token ahead."""

    def __init__(self, text: str, variables: Collection[str]) -> None:
        self._text = text
        self._variables = variables
        self._tokens = tokens(text)
        self._next = next(self._tokens)
        self._nesting = 0

    def parse(self) -> Node:
        node = self._expression()
        if self._next.kind != "end":
            raise self._unexpected("an operator or the end")
        return node

    def _expression(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self._wrong(f"brackets are nested deeper than {MAX_NESTING} levels", self._next)
        node = self._logic("||", decisive=True)
        if self._skip("?"):
            yes = self._logic("||", decisive=True)
            self._expect(":")
            node = Choice(node, yes, self._expression())
        self._nesting -= 1
        return node

    def _logic(self, operator: str, *, decisive: bool) -> Node:
        operands = [self._conjunction() if decisive else self._chain(0)]
        while self._skip(operator):
            operands.append(self._conjunction() if decisive else self._chain(0))
        return Logic(decisive, tuple(operands)) if len(operands) > 1 else operands[0]

    def _conjunction(self) -> Node:
        return self._logic("&&", decisive=False)

    def _chain(self, level: int) -> Node:
        if level == len(_CHAINS):
            return self._prefixed()
        first, rest = self._chain(level + 1), []
        while (operator := self._next.text) in _CHAINS[level]:
            self._take()
            rest.append((operator, self._chain(level + 1)))
        return Chain(first, tuple(rest)) if rest else first

    def _prefixed(self) -> Node:
        operators = []
        while self._next.kind in ("!", "-"):
            operators.append(self._take().kind)
        if len(operators) > MAX_NESTING:
            raise self._wrong(f"more than {MAX_NESTING} operators stand before a value", self._next)
        negative = bool(operators) and operators[-1] == "-" and self._next.kind == "value"
        node = self._number(operators) if negative else self._path()
        for operator in reversed(operators):
            node = Prefix(operator, node)
        return node

    def _number(self, operators: list[str]) -> Node:
        """A literal after a minus, which is a part of it: the least int has no positive counterpart."""
        token = self._next
        if isinstance(token.value, Uint | str):
            return self._path()
        operators.pop()
        self._take()
        return self._steps(Literal(-token.value))

    def _path(self) -> Node:
        token = self._take()
        match token.kind:
            case "value":
                if token.value == INT64 and type(token.value) is int:
                    raise self._wrong("the number does not fit 64 bits", token)
                return self._steps(Literal(token.value))
            case "name":
                return self._steps(self._named(token))
            case "(":
                node = self._expression()
                self._expect(")")
                return self._steps(node)
            case "[":
                return self._steps(ListOf(self._items("]")))
            case "{":
                return self._steps(MapOf(self._entries()))
        raise self._wrong(f"a value is missing before {token.text}", token)

    def _steps(self, base: Node) -> Node:
        steps: list[Step] = []
        while self._next.kind in (".", "["):
            if self._take().kind == "[":
                steps.append(Index(self._expression()))
                self._expect("]")
                continue
            name = self._expect("name")
            if self._skip("("):
                steps.append(Method(name.text, self._arguments(name, METHODS, "method")))
            else:
                steps.append(Field(name.text))
        return Path(base, tuple(steps)) if steps else base

    def _named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if token.text == "has" and self._next.kind == "(":
            return self._has(token)
        if self._skip("("):
            return Call(token.text, self._arguments(token, GLOBALS, "function"))
        name = token.text
        while name not in self._variables:
            if self._next.kind != "." or not any(each.startswith(f"{name}.") for each in self._variables):
                known = " and ".join(self._variables)
                raise self._wrong(f"there is no variable {name}", token, f"It can use {known}; texts need quotes")
            self._take()
            name = f"{name}.{self._expect('name').text}"
        return Variable(name)

    def _has(self, token: Token) -> Node:
        self._expect("(")
        node = self._expression()
        self._expect(")")
        if isinstance(node, Path) and isinstance(field := node.steps[-1], Field):
            inner = node.steps[:-1]
            return Has(Path(node.base, inner) if inner else node.base, field.name)
        raise self._wrong("has() takes a field", token, "Write has(x.name), or 'name' in x")

    def _arguments(self, name: Token, known: dict[str, Function], what: str) -> tuple[Node, ...]:
        if name.text in _MACROS:
            raise self._wrong(f"the macro {name.text}() is not supported", name)
        if name.text not in known:
            close = difflib.get_close_matches(name.text[:80], known, n=1)
            hint = f"Did you mean {close[0]}()?" if close else f"Known are {', '.join(known)}"
            raise self._wrong(f"there is no {what} {name.text}()", name, hint)
        found = self._items(")")
        takes = known[name.text].takes - (1 if what == "method" else 0)
        if len(found) != takes:
            raise self._wrong(f"the {what} {name.text}() takes {takes} arguments, not {len(found)}", name)
        return found

    def _items(self, closing: str) -> tuple[Node, ...]:
        items = []
        while not self._skip(closing):
            items.append(self._expression())
            if not self._skip(","):
                self._expect(closing)
                break
        return tuple(items)

    def _entries(self) -> tuple[tuple[Node, Node], ...]:
        entries = []
        while not self._skip("}"):
            key = self._expression()
            self._expect(":")
            entries.append((key, self._expression()))
            if not self._skip(","):
                self._expect("}")
                break
        return tuple(entries)

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._next = next(self._tokens)
        return token

    def _skip(self, kind: str) -> bool:
        found = self._next.kind == kind
        if found:
            self._take()
        return found

    def _expect(self, kind: str) -> Token:
        if self._next.kind != kind:
            raise self._unexpected("a name" if kind == "name" else kind)
        return self._take()

    def _unexpected(self, expected: str) -> InvalidSpec:
        return self._wrong(f"expected {expected}, found {self._next.text[:40]}", self._next)

    def _wrong(self, problem: str, token: Token, hint: str = "") -> InvalidSpec:
        return wrong(problem, self._text, token.at, hint)
