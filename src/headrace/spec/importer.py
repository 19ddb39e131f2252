"""`dsl.importer`: an executor of the IR to an `Importer`, and what it imports once its inputs are known.

The SDK writes a uri of the pipeline's code as a constant, and any other as the component's input `uri`. Of a uri that
is put together (`f"gs://{name}/x"`) the constant holds a mark of the compiler, the input holds the text: that is taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.base.json import JsonObject, JsonValue
from headrace.spec.deployment import ImporterSpec
from headrace.spec.interface import constant_of
from headrace.spec.placeholders import RunContext, fill_templates
from headrace.spec.plan import Constant, FromInput, Importer, Interface
from headrace.spec.text import describe

_CHANNEL = "{{channel:"
_URI = "uri"


@dataclass(frozen=True, slots=True)
class Imported:
    """Where the object is, and what is known about it."""

    uri: str
    metadata: JsonObject


def compile_importer(component: str, interface: Interface, spec: ImporterSpec, label: str) -> Importer:
    """The importer that the executor `label` is. Raises InvalidSpec."""
    where = f"deploymentSpec.executors.{label}.importer"
    if len(interface.output_artifacts) != 1 or interface.output_parameters:
        raise InvalidSpec(
            "an importer gives one artifact, and no parameters", where=f"components.{component}.outputDefinitions"
        )
    if spec.properties or spec.custom_properties:
        raise InvalidSpec("properties of schema 2.0.0 are not supported", where=where, hint="Give them as metadata")
    return Importer(
        component=component,
        interface=interface,
        uri=_uri(spec, interface, where),
        output=next(iter(interface.output_artifacts)),
        metadata=Constant(spec.metadata),
        reimport=spec.reimport,
        download_to_workspace=spec.download_to_workspace,
        label=label,
    )


def _uri(spec: ImporterSpec, interface: Interface, where: str) -> Constant | FromInput:
    name = spec.artifact_uri.runtime_parameter
    constant = constant_of(spec.artifact_uri)
    if isinstance(constant, str) and _CHANNEL in constant:
        name = _URI
    if name is not None:
        if name not in interface.input_parameters:
            raise InvalidSpec(f"there is no input parameter {name}", where=f"{where}.artifactUri.runtimeParameter")
        return FromInput(name)
    if isinstance(constant, str) and constant:
        return Constant(constant)
    raise InvalidSpec("the importer has no uri", where=f"{where}.artifactUri", hint="Give a constant")


def resolve_import(importer: Importer, parameters: Mapping[str, JsonValue], context: RunContext) -> Imported:
    """What is imported, given the resolved inputs of the task. Raises InvalidInput."""
    match importer.uri:
        case FromInput(name):
            uri, where = parameters.get(name), f"input parameter {name}"
        case Constant(value):
            uri, where = fill_templates(value, parameters, context), "artifactUri"
    if not isinstance(uri, str) or not uri:
        raise InvalidInput(f"{describe(uri)} is no uri to import from", where=where)
    if uri.startswith("oci://") and importer.artifact.type != "system.Model":
        raise InvalidInput(
            f"{uri} is an image: only a system.Model can be, not a {importer.artifact.type}", where=where
        )
    metadata = fill_templates(importer.metadata.value, parameters, context)
    assert isinstance(metadata, Mapping)  # It is one in the document, and filling in keeps structures.
    return Imported(uri, metadata)
