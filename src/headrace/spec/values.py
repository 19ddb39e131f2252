"""The rules of parameter values: types, literals, and what a run request may give.

Used by the engine for inputs and outputs, by `check` for constants, and by the API when a run is created.
"""

from collections.abc import Mapping

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject, JsonValue
from headrace.spec.clean import clean
from headrace.spec.plan import ParameterSpec, ParameterType, Plan
from headrace.spec.text import describe, to_text

_EXPECTED = {
    ParameterType.STRING: "string",
    ParameterType.NUMBER_INTEGER: "double or integer",
    ParameterType.NUMBER_DOUBLE: "double or integer",
    ParameterType.BOOLEAN: "bool",
    ParameterType.LIST: "list",
    ParameterType.STRUCT: "struct",
    ParameterType.TASK_FINAL_STATUS: "struct",
    ParameterType.TASK_CONFIG: "struct",
}


def coerce(value: JsonValue, spec: ParameterSpec, where: str) -> JsonValue:
    """The value as the declared type has it. STRING takes anything, as text; a whole float becomes an integer, and
    any other number is one as it stands, as KFP has it.

    Raises InvalidInput at `where` for any other mismatch, and for a value that is not among the literals.
    """
    result = to_text(value) if spec.type is ParameterType.STRING else _typed(value, spec.type)
    if result is None and not (value is None and spec.optional):
        raise InvalidInput(f"{describe(value)} is not of type {spec.type}", where=where)
    if spec.literals and result is not None and not any(_same(result, literal) for literal in spec.literals):
        allowed = ", ".join(to_text(literal) for literal in spec.literals)
        raise InvalidInput(f"{describe(value)} is not one of its literals: {allowed}", where=where)
    return result


def runtime_parameters(plan: Plan, given: JsonObject | None) -> dict[str, JsonValue]:
    """The inputs of a run: what was given, and defaults for what was not. Optional ones without default are None.

    `given` is None where the request holds no runtime config at all. Raises InvalidInput with KFP's words.
    """
    declared = plan.root.interface.input_parameters
    if given is None and declared:
        raise InvalidInput(
            "pipeline requiring input has no parameter(s) provided",
            where="runtime_config",
            hint=f"Give {', '.join(declared)}, or an empty object for the defaults",
        )
    given = given or {}
    if unknown := [name for name in given if name not in declared]:
        raise InvalidInput(
            f"parameter(s) provided are not required by pipeline: {', '.join(unknown)}",
            where="runtime_config.parameters",
            hint=f"It takes {', '.join(declared)}" if declared else "It takes none",
        )
    return {name: _runtime_parameter(name, spec, given) for name, spec in declared.items()}


def _runtime_parameter(name: str, spec: ParameterSpec, given: JsonObject) -> JsonValue:
    where = f"runtime_config.parameters.{name}"
    if spec.type is ParameterType.TASK_FINAL_STATUS:  # nothing ends before the root, so nobody has a value for it
        raise InvalidInput(
            f"input parameter {name} requires type {spec.type}, which is invalid for root component",
            where=where,
            hint="Use the component as an exit task of a pipeline (dsl.ExitHandler)",
        )
    if name not in given or (given[name] is None and spec.optional):
        if spec.has_default:
            return coerce(spec.default, spec, where)
        if spec.optional:
            return None
        raise InvalidInput(
            f"parameter {name} is not optional, yet has neither default value nor user provided value", where=where
        )
    value = clean(given[name])
    if _typed(value, spec.type) is None:
        raise InvalidInput(
            f"input parameter {name} requires type {_EXPECTED[spec.type]}, but the value is {describe(value)}",
            where=where,
        )
    return coerce(value, spec, where)


def _typed(value: JsonValue, kind: ParameterType) -> JsonValue:
    """The value if it is of that type, without STRING's leniency, else None."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case ParameterType.STRING:
            fits = isinstance(value, str)
        case ParameterType.NUMBER_INTEGER:
            return _whole(value) if number else None
        case ParameterType.NUMBER_DOUBLE:
            fits = number
        case ParameterType.BOOLEAN:
            fits = isinstance(value, bool)
        case ParameterType.LIST:
            fits = isinstance(value, list | tuple)
        case ParameterType.STRUCT | ParameterType.TASK_FINAL_STATUS | ParameterType.TASK_CONFIG:
            fits = isinstance(value, Mapping)
    return value if fits else None


def _whole(value: JsonValue) -> JsonValue:
    """A whole number as an integer; KFP takes any other one as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _same(value: JsonValue, literal: JsonValue) -> bool:
    return isinstance(value, bool) == isinstance(literal, bool) and value == literal
