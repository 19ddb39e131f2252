"""`-p name=value`, read by the type that the pipeline declares.

Takes the texts and the pipeline's interface, gives JSON values. A text that is not of the declared type is an error
here rather than at the server, so that it can be said in the words of the command line.
"""

import json
from collections.abc import Mapping, Sequence

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.spec.plan import ParameterSpec, ParameterType


def read_parameters(texts: Sequence[str], declared: Mapping[str, ParameterSpec]) -> dict[str, JsonValue]:
    """The run's parameters. Raises InvalidInput that names the parameter, what it takes, and what there is."""
    values = read_some(texts, declared)
    missing = [n for n, s in declared.items() if n not in values and not s.optional and not s.has_default]
    if missing:
        wanted = " ".join(f"-p {name}={_EXAMPLES.get(declared[name].type, 'VALUE')}" for name in missing)
        raise InvalidInput(f"the pipeline needs {', '.join(missing)}", where="parameters", hint=f"Give {wanted}")
    return values


def read_some(texts: Sequence[str], declared: Mapping[str, ParameterSpec]) -> dict[str, JsonValue]:
    """Some of the run's parameters; the others may be known already."""
    values: dict[str, JsonValue] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput(f"{text!r} has no =", where="-p", hint="Write it as -p NAME=VALUE")
        if name in values:
            raise InvalidInput("it is given twice", where=f"-p {name}", hint="Give each parameter once")
        spec = declared.get(name)
        if spec is None:
            raise InvalidInput("the pipeline has no such parameter", where=f"-p {name}", hint=_listing(declared))
        values[name] = _value(name, utf8(value, f"-p {name}"), spec)
    return values


def utf8(word: str, where: str) -> str:
    """The word as its bytes say in UTF-8, whatever encoding Python took them for. Raises InvalidInput."""
    try:
        return word.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("it is not UTF-8", where=where, hint="JSON has no other texts") from error


_EXAMPLES = {
    ParameterType.NUMBER_INTEGER: "1",
    ParameterType.NUMBER_DOUBLE: "0.5",
    ParameterType.STRING: "TEXT",
    ParameterType.BOOLEAN: "true",
    ParameterType.LIST: "'[1, 2]'",
    ParameterType.STRUCT: """'{"key": 1}'""",
}


def _value(name: str, text: str, spec: ParameterSpec) -> JsonValue:
    if spec.type is ParameterType.STRING:
        return text
    try:
        value: JsonValue = json.loads(_python_words(text, spec), parse_constant=_no_constant)
    except ValueError:
        raise _mismatch(name, text, spec) from None
    if value is None and spec.optional:
        return None
    if spec.type is ParameterType.NUMBER_INTEGER and isinstance(value, float) and value.is_integer():
        return int(value)
    if not _fits(value, spec.type):
        raise _mismatch(name, text, spec)
    return value


def _python_words(text: str, spec: ParameterSpec) -> str:
    """People who write Python write True and None."""
    words = {"True": "true", "False": "false"} if spec.type is ParameterType.BOOLEAN else {}
    return {**words, "None": "null"}.get(text, text)


def _fits(value: JsonValue, wanted: ParameterType) -> bool:
    if isinstance(value, bool):
        return wanted is ParameterType.BOOLEAN
    types: dict[ParameterType, type | tuple[type, ...]] = {
        ParameterType.NUMBER_INTEGER: int,
        ParameterType.NUMBER_DOUBLE: (int, float),
        ParameterType.LIST: list,
        ParameterType.STRUCT: dict,
    }
    return isinstance(value, types.get(wanted, ()))


def _mismatch(name: str, text: str, spec: ParameterSpec) -> InvalidInput:
    hint = f"Write it as -p {name}={_EXAMPLES[spec.type]}" if spec.type in _EXAMPLES else ""
    return InvalidInput(f"it takes a {spec.type.value}, not {text!r}", where=f"-p {name}", hint=hint)


def _listing(declared: Mapping[str, ParameterSpec]) -> str:
    if not declared:
        return "It takes none"
    return "It takes " + ", ".join(f"{name} ({spec.type.value})" for name, spec in declared.items())


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")
