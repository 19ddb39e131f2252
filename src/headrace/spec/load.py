"""A pipeline as it comes in, from an upload, a file or a CreateRun request, to a `Document`: decoded and well formed.

What is checked here is what KFP checks at upload, with its words, since clients look for them. Whether the names in it
exist and whether it can be executed is checked by `compile_plan`.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonObject, JsonValue, canonical
from headrace.spec.archive import unpack
from headrace.spec.clean import clean
from headrace.spec.decode import decode
from headrace.spec.deployment import DeploymentConfig
from headrace.spec.ir import PipelineSpec
from headrace.spec.names import file_name_problem
from headrace.spec.parse import parse_documents
from headrace.spec.platform import Kubernetes, PlatformSpec

SCHEMA_VERSION = "2.1.0"

_INVALID = "invalid v2 pipeline spec: "
_PIPELINE_KEYS = frozenset({"pipelineInfo", "pipeline_info"})
_WRAPPER_KEYS = frozenset({"pipeline_spec", "pipelineSpec", "platform_spec", "platformSpec"})
_HINT = "Compile the pipeline with kfp.compiler.Compiler().compile(...) of kfp 2 and upload what it writes"


@dataclass(frozen=True, slots=True)
class Document:
    """A decoded pipeline, and what it was decoded from: `pipeline` and `platform`, with camelCase keys.

    `plan_id` is `sha256:<hex>` of both, so equal contents have equal ids whatever file they came in.
    """

    pipeline: JsonObject
    platform: JsonObject | None
    plan_id: str
    spec: PipelineSpec = field(repr=False)
    deployment: DeploymentConfig = field(repr=False)
    kubernetes: Kubernetes = field(repr=False)

    @property
    def name(self) -> str:
        """`pipelineInfo.name`."""
        return self.spec.pipeline_info.name

    def as_json(self) -> JsonObject:
        """What a client is shown: the pipeline spec, or both under one roof where there is a platform spec."""
        if self.platform is None:
            return self.pipeline
        return {"pipeline_spec": self.pipeline, "platform_spec": self.platform}


def load_document(data: bytes, filename: str = "") -> Document:
    """The pipeline in a file: YAML or JSON of one or two documents, or a zip or tar.gz of one. Raises InvalidSpec."""
    try:
        return _pick(parse_documents(unpack(data)))
    except InvalidSpec as error:
        if filename and not error.where:
            raise InvalidSpec(error.message, where=filename, hint=error.hint) from error
        raise


def document_from_json(value: JsonObject) -> Document:
    """The pipeline in a request: a pipeline spec, or `{"pipeline_spec": ..., "platform_spec": ...}`."""
    return _pick([clean(value)])


def _pick(documents: Sequence[JsonValue]) -> Document:
    """The pipeline and the platform among the documents; others are ignored, as KFP does."""
    pipelines: list[JsonValue] = []
    platforms: list[JsonValue] = []
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise InvalidSpec("unable to decode yaml document: it is no mapping", hint=_HINT)
        _refuse_v1(document)
        if document and _WRAPPER_KEYS.issuperset(document):
            pipelines += _wrapped(document, "pipeline_spec", "pipelineSpec")
            platforms += _wrapped(document, "platform_spec", "platformSpec")
        elif not _PIPELINE_KEYS.isdisjoint(document):
            pipelines.append(document)
        elif "platforms" in document:
            platforms.append(document)
    if not pipelines:
        raise InvalidSpec("no pipeline spec is provided", hint=_HINT)
    if len(pipelines) > 1:
        raise InvalidSpec("multiple pipeline specs provided", hint="Upload one pipeline at a time")
    if len(platforms) > 1:
        raise InvalidSpec("multiple platform specs provided", hint="Merge them into one")
    return _document(pipelines[0], platforms[0] if platforms else None)


def _wrapped(document: dict[str, JsonValue], *keys: str) -> list[JsonValue]:
    return [document[key] for key in keys if document.get(key)]


def _refuse_v1(document: dict[str, JsonValue]) -> None:
    if str(document.get("apiVersion", "")).startswith("argoproj.io/"):
        raise InvalidSpec(
            "this is an Argo workflow, as kfp 1 compiled it; only KFP v2 pipelines are run",
            where="apiVersion",
            hint="Recompile it with kfp 2 (see its guide on migrating from v1 to v2)",
        )


def _document(pipeline: JsonValue, platform: JsonValue) -> Document:
    spec = decode(PipelineSpec, pipeline, prefix=_INVALID)
    _check_head(spec)
    deployment = decode(DeploymentConfig, spec.deployment_spec, "deploymentSpec", _INVALID)
    kubernetes = Kubernetes()
    if platform is not None:
        found = decode(PlatformSpec, platform, prefix="invalid platform spec: ").platforms.get("kubernetes", {})
        kubernetes = decode(Kubernetes, found, "platforms.kubernetes", "invalid platform spec: ")
    whole = canonical([pipeline, platform]).encode()
    return Document(
        pipeline=_object(pipeline),
        platform=_object(platform) if platform is not None else None,
        plan_id=f"sha256:{hashlib.sha256(whole).hexdigest()}",
        spec=spec,
        deployment=deployment,
        kubernetes=kubernetes,
    )


def _object(value: JsonValue) -> JsonObject:
    assert isinstance(value, dict)  # It was decoded as a message.
    return value


def _check_head(spec: PipelineSpec) -> None:
    if spec.schema_version != SCHEMA_VERSION:
        raise InvalidSpec(
            f"KFP only supports schema version {SCHEMA_VERSION}, but the pipeline spec has version "
            f"{spec.schema_version or 'none'}",
            where="schemaVersion",
            hint="Compile it again with kfp 2",
        )
    name = spec.pipeline_info.name
    if not name:
        raise InvalidSpec(f"{_INVALID}name is empty", where="pipelineInfo.name", hint="Name the pipeline")
    problem = file_name_problem(name) if re.search("[a-z0-9]", name) else "has none"
    if problem:
        raise InvalidSpec(
            f"{_INVALID}name should consist of lower case alphanumeric characters, '-' or '.', "
            f"but {name[:60]!r} {problem}",
            where="pipelineInfo.name",
            hint="Rename the pipeline",
        )
    if spec.root is None:
        raise InvalidSpec(f"{_INVALID}root component is empty", where="root", hint=_HINT)
