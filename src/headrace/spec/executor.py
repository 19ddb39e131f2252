"""The executor contract: what a step is told (`executor_input`), and what it tells (`parse_output`).

Pure: the controllers say where things are and read the files; here is only the shape of both, KFP's, in camelCase.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.base.errors import InvalidInput, StepError
from headrace.base.json import JsonObject, JsonValue
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.clean import clean, place
from headrace.spec.plan import ArtifactSpec, Container, ParameterSpec, ParameterType
from headrace.spec.text import describe
from headrace.spec.values import coerce

_OUTPUT_FILE = "the executor output file"
_TRUE = frozenset({"true", "t", "1"})
_FALSE = frozenset({"false", "f", "0"})
_NUMBERS = (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE)


@dataclass(frozen=True, slots=True)
class OutputArtifact:
    """An artifact as the step describes it. Empty: as it was planned. `custom_path` is a file of the step's own."""

    name: str = ""
    uri: str = ""
    metadata: JsonObject = field(default_factory=dict)
    custom_path: str = ""


@dataclass(frozen=True, slots=True)
class ExecutorOutput:
    """What a step gave: all declared parameters, typed, and all declared artifacts."""

    parameters: Mapping[str, JsonValue]
    artifacts: Mapping[str, tuple[OutputArtifact, ...]]


def executor_input(
    component: Container,
    inputs: Bindings,
    output_uris: Mapping[str, str],
    parameter_files: Mapping[str, str],
    output_file: str,
) -> JsonObject:
    """The ExecutorInput message of one attempt; inputs without a value are left out."""
    interface = component.interface
    return {
        "inputs": {
            "parameterValues": {name: value for name, value in inputs.parameters.items() if value is not None},
            "artifacts": {
                name: {"artifacts": [_artifact(each) for each in artifacts]}
                for name, artifacts in inputs.artifacts.items()
            },
        },
        "outputs": {
            "parameters": {name: {"outputFile": parameter_files[name]} for name in interface.output_parameters},
            "artifacts": {
                name: {"artifacts": [_planned(name, spec, output_uris[name])]}
                for name, spec in interface.output_artifacts.items()
            },
            "outputFile": output_file,
        },
    }


def _artifact(artifact: Artifact) -> JsonObject:
    return {
        "name": artifact.name,
        "type": {"schemaTitle": artifact.type, "schemaVersion": artifact.schema_version},
        "uri": artifact.uri,
        "metadata": artifact.metadata,
        "artifactId": artifact.artifact_id,
    }


def _planned(name: str, spec: ArtifactSpec, uri: str) -> JsonObject:
    return {
        "name": name,
        "type": {"schemaTitle": spec.type, "schemaVersion": spec.schema_version},
        "uri": uri,
        "metadata": spec.metadata,
    }


def parse_output(component: Container, text: str | None, parameter_files: Mapping[str, str | None]) -> ExecutorOutput:
    """What the step wrote, from the texts of the executor output file and of each parameter's own file; None: no file.

    The output file goes before the parameters' files. What the component does not declare is ignored. Raises StepError
    for a parameter that was not written, is of another type, or cannot be read.
    """
    written = _output_file(text)
    values = _object(written, "parameterValues", "parameter_values")
    artifacts = _object(written, "artifacts")
    interface = component.interface
    return ExecutorOutput(
        parameters={
            name: _parameter(name, spec, values, parameter_files.get(name))
            for name, spec in interface.output_parameters.items()
        },
        artifacts={
            name: _described(name, spec, artifacts.get(name)) for name, spec in interface.output_artifacts.items()
        },
    )


def _output_file(text: str | None) -> dict[str, Any]:
    if text is None or not text.strip():
        return {}
    found = _json(text, _OUTPUT_FILE)
    if not isinstance(found, dict):
        raise StepError("it holds no JSON object", where=_OUTPUT_FILE)
    return found


def _json(text: str, where: str, what: str = "it") -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StepError(f"{what} is no JSON: {error}", where=where) from error
    try:
        return clean(found)
    except InvalidInput as error:
        hint = "Write plain JSON; NaN and Infinity are not"
        at = place(found).removeprefix(".")
        raise StepError(error.message, where=f"{where}, {at}" if at else where, hint=hint) from error


def _object(holder: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    value: Any = next((holder[key] for key in keys if holder.get(key) is not None), {})
    if not isinstance(value, dict):
        raise StepError(f"{keys[0]} is no JSON object", where=_OUTPUT_FILE)
    return value


def _parameter(name: str, spec: ParameterSpec, values: Mapping[str, Any], text: str | None) -> JsonValue:
    where = f"output parameter {name}"
    if values.get(name) is not None:
        value: JsonValue = values[name]
    elif text is not None:
        value = _decoded(text, spec.type, where)
    else:
        raise StepError(
            f"failed to read output parameter {name}: the step ended well but did not write it",
            where=where,
            hint="Return a value from the component (None is none), or write the file it was given",
        )
    if isinstance(value, bool) and spec.type in _NUMBERS:
        value = int(value)  # Python's bools are numbers, and the SDK lets them pass for such
    if spec.type is ParameterType.NUMBER_INTEGER and isinstance(value, float) and not value.is_integer():
        raise StepError(f"{describe(value)} is not of type {spec.type}", where=where)
    try:
        return coerce(value, spec, where)
    except InvalidInput as error:
        raise StepError(error.message, where=where) from error


def _decoded(text: str, kind: ParameterType, where: str) -> JsonValue:
    """The text of a parameter's own file by its type: STRING raw, BOOLEAN in several spellings, the rest JSON."""
    if kind is ParameterType.STRING:
        return text
    word = text.strip()
    if kind is ParameterType.BOOLEAN and word.lower() in _TRUE | _FALSE:
        return word.lower() in _TRUE
    value: JsonValue = _json(word, where, f"{describe(word)}, which should be of type {kind},")
    return value


def _described(name: str, spec: ArtifactSpec, written: Any) -> tuple[OutputArtifact, ...]:
    """The artifacts of one output: as the step describes them, else the one that was planned."""
    if written is None:
        return () if spec.is_list else (OutputArtifact(metadata=spec.metadata),)
    where = f"output artifact {name}"
    artifacts = written.get("artifacts") if isinstance(written, dict) else None
    if not isinstance(artifacts, list) or not all(isinstance(each, dict) for each in artifacts):
        raise StepError("it is no list of artifacts", where=where)
    return tuple(
        OutputArtifact(
            name=_text(each, where, "name"),
            uri=_text(each, where, "uri"),
            metadata={**spec.metadata, **_object(each, "metadata")},
            custom_path=_text(each, where, "custom_path", "customPath"),
        )
        for each in artifacts
    )


def _text(artifact: Mapping[str, Any], where: str, *keys: str) -> str:
    value = next((artifact[key] for key in keys if artifact.get(key)), "")
    if not isinstance(value, str):
        raise StepError(f"its {keys[0]} is no text", where=where)
    return value
