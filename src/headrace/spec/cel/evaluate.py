"""The value of a syntax tree, given those of its variables. Raises InvalidInput.

`&&` and `||` are commutative, as in CEL: an operand that decides the result makes up for an error in any other.
"""

from collections.abc import Mapping
from typing import assert_never

from headrace.base.errors import InvalidInput
from headrace.spec.cel.functions import GLOBALS, METHODS
from headrace.spec.cel.operators import binary, negated, negative
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
from headrace.spec.cel.values import Value, look_up
from headrace.spec.text import describe

Variables = Mapping[str, Value]


def evaluate(node: Node, variables: Variables) -> Value:
    """The value of the tree; `variables` has all that it names."""
    match node:
        case Literal(value):
            return value
        case Variable(name):
            return variables[name]
        case Path(base, steps):
            value = evaluate(base, variables)
            for step in steps:
                value = _step(value, step, variables)
            return value
        case Has(base, name):
            return _has(evaluate(base, variables), name)
        case Call(name, args):
            return GLOBALS[name].call(*[evaluate(each, variables) for each in args])
        case Prefix(operator, operand):
            value = evaluate(operand, variables)
            return negated(value) if operator == "!" else negative(value)
        case Logic(decisive, operands):
            return _logic(decisive, operands, variables)
        case Chain(first, rest):
            value = evaluate(first, variables)
            for operator, operand in rest:
                value = binary(operator, value, evaluate(operand, variables))
            return value
        case Choice(test, yes, no):
            return evaluate(yes if _bool(evaluate(test, variables), "?") else no, variables)
        case ListOf(items):
            return [evaluate(each, variables) for each in items]
        case MapOf(entries):
            return _map(entries, variables)
    assert_never(node)


def _step(value: Value, step: Step, variables: Variables) -> Value:
    match step:
        case Field(name):
            if not isinstance(value, Mapping):
                raise InvalidInput(f"{describe(value)} has no fields, so no {name}")
            return look_up(value, name)
        case Index(key):
            return look_up(value, evaluate(key, variables))
        case Method(name, args):
            return METHODS[name].call(value, *[evaluate(each, variables) for each in args])
    assert_never(step)


def _has(value: Value, name: str) -> bool:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{describe(value)} has no fields, so has() cannot look for {name}")
    return name in value


def _logic(decisive: bool, operands: tuple[Node, ...], variables: Variables) -> bool:
    error: InvalidInput | None = None
    for operand in operands:
        try:
            if _bool(evaluate(operand, variables), "||" if decisive else "&&") is decisive:
                return decisive
        except InvalidInput as problem:
            error = error or problem
    if error is not None:
        raise error
    return not decisive


def _bool(value: Value, operator: str) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidInput(f"the operator {operator} takes true or false, not {describe(value)}")


def _map(entries: tuple[tuple[Node, Node], ...], variables: Variables) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key_node, item in entries:
        key = evaluate(key_node, variables)
        if not isinstance(key, str):
            raise InvalidInput(f"the key of a map is a text, not {describe(key)}")
        if key in found:
            raise InvalidInput(f"the key {describe(key)} stands twice in a map")
        found[key] = evaluate(item, variables)
    return found
