"""Evaluates expressions for the tests of this folder."""

from headrace.base.json import JsonValue
from headrace.spec.cel.evaluate import evaluate
from headrace.spec.cel.parser import parse
from headrace.spec.cel.values import Value, from_json


def run(text: str, /, **variables: JsonValue) -> Value:
    """The value of an expression over some parameters."""
    return evaluate(parse(text, variables), {name: from_json(value) for name, value in variables.items()})
