"""Artifacts as KFP 3.0 has them: a `system.Metrics` artifact is one Metric per key, with ids that stay the same."""

from collections.abc import Mapping

from headrace.api.proto_json import timestamp
from headrace.api.wire.task import Artifact as WireArtifact
from headrace.api.wire.task import ArtifactType
from headrace.base.json import JsonValue
from headrace.model.artifact import Artifact

SCHEMA_TITLE = "_kfp_schema_title"
"""Where the metadata keeps a type that KFP has no name for."""

METRICS = "system.Metrics"

_TYPES = {
    "system.Artifact": ArtifactType.Artifact,
    "system.Model": ArtifactType.Model,
    "system.Dataset": ArtifactType.Dataset,
    "system.HTML": ArtifactType.HTML,
    "system.Markdown": ArtifactType.Markdown,
    METRICS: ArtifactType.Metric,
    "system.ClassificationMetrics": ArtifactType.ClassificationMetric,
    "system.SlicedClassificationMetrics": ArtifactType.SlicedClassificationMetric,
}


def artifacts(found: Artifact, namespace: str) -> list[WireArtifact]:
    """What 3.0 makes of one artifact: mostly one, for metrics one per number."""
    if found.type == METRICS:
        return [metric(found, name, value, namespace) for name, value in numbers(found.metadata).items()]
    return [artifact(found, namespace)]


def artifact(found: Artifact, namespace: str) -> WireArtifact:
    """The artifact as one message."""
    kind = _TYPES.get(found.type)
    metadata = dict(found.metadata)
    if kind is None:
        metadata[SCHEMA_TITLE] = found.type
    return WireArtifact(
        artifact_id=found.artifact_id,
        name=found.name,
        type=kind or ArtifactType.Artifact,
        uri=found.uri,
        metadata=metadata,
        created_at=timestamp(found.created_at),
        namespace=namespace,
    )


def metric(found: Artifact, name: str, value: float, namespace: str) -> WireArtifact:
    """One number of a metrics artifact."""
    return WireArtifact(
        artifact_id=metric_id(found.artifact_id, name),
        name=name,
        type=ArtifactType.Metric,
        number_value=value,
        created_at=timestamp(found.created_at),
        namespace=namespace,
    )


def metric_id(artifact_id: str, name: str) -> str:
    """The id of one number: it says where it is from, so that it can be found again."""
    return f"{artifact_id}.{name}"


def schema_title(type_name: str) -> str:
    """The schema title of a 3.0 type; what is none is a title already."""
    return next((title for title, kind in _TYPES.items() if kind == type_name), type_name)


def numbers(metadata: Mapping[str, JsonValue]) -> dict[str, float]:
    """What of a metrics artifact's metadata is a number."""
    return {
        name: float(value)
        for name, value in metadata.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
