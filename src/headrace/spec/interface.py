"""What a component of the IR takes and gives, in the terms of the plan; and constants of the IR as plain values."""

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonValue
from headrace.spec.ir import (
    ArtifactTypeSchema,
    ComponentSpec,
    InputParameterDefinition,
    OutputParameterDefinition,
    PrimitiveType,
    ValueOrRuntimeParameter,
)
from headrace.spec.plan import ArtifactSpec, Interface, ParameterSpec, ParameterType

_PRIMITIVE = {
    PrimitiveType.INT: ParameterType.NUMBER_INTEGER,
    PrimitiveType.DOUBLE: ParameterType.NUMBER_DOUBLE,
    PrimitiveType.STRING: ParameterType.STRING,
}
_DEFAULT_VERSION = "0.0.1"


def interface(component: ComponentSpec, where: str) -> Interface:
    """The component's inputs and outputs. Raises InvalidSpec where a parameter has no type."""
    inputs, outputs = component.input_definitions, component.output_definitions
    return Interface(
        input_parameters={
            name: _input(each, f"{where}.inputDefinitions.parameters.{name}")
            for name, each in inputs.parameters.items()
        },
        input_artifacts={
            name: ArtifactSpec(
                type=_title(each.artifact_type),
                schema_version=each.artifact_type.schema_version or _DEFAULT_VERSION,
                optional=each.is_optional,
                is_list=each.is_artifact_list,
                description=each.description,
            )
            for name, each in inputs.artifacts.items()
        },
        output_parameters={
            name: ParameterSpec(
                type=_type(each, f"{where}.outputDefinitions.parameters.{name}"), description=each.description
            )
            for name, each in outputs.parameters.items()
        },
        output_artifacts={
            name: ArtifactSpec(
                type=_title(each.artifact_type),
                schema_version=each.artifact_type.schema_version or _DEFAULT_VERSION,
                is_list=each.is_artifact_list,
                metadata=each.metadata,
                description=each.description,
            )
            for name, each in outputs.artifacts.items()
        },
    )


def constant_of(value: ValueOrRuntimeParameter | None) -> JsonValue:
    """The constant that is written there, in the form of either schema; None where there is none."""
    if value is None:
        return None
    if value.constant is not None:
        return value.constant.value
    old = value.constant_value
    if old is None:
        return None
    return next((each for each in (old.int_value, old.double_value, old.string_value) if each is not None), None)


def _input(definition: InputParameterDefinition, where: str) -> ParameterSpec:
    default = definition.default_value
    null = default is not None and default.value is None
    kind = _type(definition, where)
    return ParameterSpec(
        type=kind,
        # Nobody gives a step its configuration but the engine, which has one for each.
        optional=definition.is_optional or null or kind is ParameterType.TASK_CONFIG,
        has_default=default is not None and not null,
        default=default.value if default is not None else None,
        literals=tuple(each.value for each in definition.literals),
        description=definition.description,
    )


def _type(definition: InputParameterDefinition | OutputParameterDefinition, where: str) -> ParameterType:
    if definition.parameter_type is not None:
        return definition.parameter_type
    if definition.type is not None:
        return _PRIMITIVE[definition.type]
    known = ", ".join(ParameterType)
    raise InvalidSpec("the parameter has no type", where=f"{where}.parameterType", hint=f"Give one of {known}")


def _title(schema: ArtifactTypeSchema) -> str:
    return schema.schema_title or "system.Artifact"
