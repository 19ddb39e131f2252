"""`triggerPolicy.condition`: the expression that decides whether a task runs, and the sentence that says why.

`compile` makes a `Condition` of the text once; the engine evaluates it over the resolved inputs of the task. As with
KFP, an expression sees the message ExecutorInput, of which only `inputs.parameter_values` is of use here. Its numbers
are doubles, whatever type a parameter declares: `inputs.parameter_values['n'] / 2` is an error, `int(...) / 2` is not.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.base.json import JsonValue, compact
from headrace.spec.cel.evaluate import evaluate
from headrace.spec.cel.parser import parse
from headrace.spec.cel.syntax import Field, Has, Index, Literal, Node, Path, Variable, walk
from headrace.spec.cel.values import from_json
from headrace.spec.text import describe

PARAMETERS = "inputs.parameter_values"

_CHANNEL = "pipelinechannel--"
_QUOTED_CHANNEL = re.compile(r"'(?:int\()?inputs\.parameter_values\['")
_MIXED = "A text is compared with something else, which the SDK put in quotes: compare values of the same type"
_LONGEST_TEXT = 2000
_LONGEST_VALUE = 60
_MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition gave, and the expression with the values that it saw."""

    value: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expression. `names` are the parameters that it reads; None if it may read any."""

    text: str
    names: tuple[str, ...] | None
    root: Node = field(repr=False, compare=False)

    def evaluate(self, parameters: Mapping[str, JsonValue]) -> Verdict:
        """Decide over the resolved inputs of the task.

        Raises InvalidInput, with the expression and the values, where it cannot be evaluated or is not true or false.
        """
        explanation = self._explain(parameters)
        read = parameters if self.names is None else [name for name in self.names if name in parameters]
        try:
            value = evaluate(self.root, {PARAMETERS: {name: from_json(parameters[name]) for name in read}})
        except InvalidInput as error:
            raise InvalidInput(f"{error.message}, in {explanation}", where="condition", hint=error.hint) from error
        if not isinstance(value, bool):
            raise InvalidInput(
                f"it gives {describe(value)}, neither true nor false, in {explanation}",
                where="condition",
                hint="Compare it with something",
            )
        return Verdict(value, explanation)

    def _explain(self, parameters: Mapping[str, JsonValue]) -> str:
        names = list(parameters) if self.names is None else list(self.names)
        seen = [f"{name.removeprefix(_CHANNEL)} {_shown(name, parameters)}" for name in names[:_MOST_VALUES]]
        if len(names) > _MOST_VALUES:
            seen.append("...")
        text = _cut(self.text, _LONGEST_TEXT)
        return f"{text}  ({', '.join(seen)})" if seen else text


def _shown(name: str, parameters: Mapping[str, JsonValue]) -> str:
    return f"= {_cut(compact(parameters[name]), _LONGEST_VALUE)}" if name in parameters else "is not given"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def compile_condition(text: str, where: str) -> Condition:
    """The condition that a text holds; `where` is its path in the document. Raises InvalidSpec."""
    try:
        root = parse(text, (PARAMETERS,))
    except InvalidSpec as error:
        hint = _MIXED if _QUOTED_CHANNEL.search(text) else error.hint
        raise InvalidSpec(error.message, where=where, hint=hint) from error
    return Condition(text.strip(), _names(root), root)


def _names(root: Node) -> tuple[str, ...] | None:
    """The parameters that a tree reads, each once, or None where that depends on values."""
    found: dict[str, None] = {}
    uses = named = 0
    for node in walk(root):
        uses += isinstance(node, Variable)
        for name in _read_by(node):
            found[name] = None
            named += 1
    return tuple(found) if named == uses else None


def _read_by(node: Node) -> Iterator[str]:
    match node:
        case Path(Variable(), (Field(name), *_)) | Has(Variable(), name):
            yield name
        case Path(Variable(), (Index(Literal(str() as name)), *_)):
            yield name
