"""Artifacts as KFP 3.0 has them: a `system.Metrics` artifact is one Metric per key, with ids that stay the same."""

from headrace.api.convert.origins import producer
from headrace.api.proto_json import timestamp
from headrace.api.wire.task import Artifact as WireArtifact
from headrace.api.wire.task import ArtifactTask as WireLink
from headrace.api.wire.task import ArtifactType, IOType
from headrace.base.json import JsonObject
from headrace.model.artifact import ARTIFACT_TYPE, METRICS, OTHER, Artifact, Origin, metric_id, numbers
from headrace.store.views import ArtifactTask

SCHEMA_TITLE = "_kfp_schema_title"
"""Where the metadata keeps a type that KFP has no name for."""

_TITLES = {kind: title for title, kind in ARTIFACT_TYPE.items() if title != METRICS}


def artifacts(found: Artifact, namespace: str) -> list[WireArtifact]:
    """What 3.0 makes of one artifact: mostly one, for metrics one per number."""
    if found.type == METRICS:
        return [_metric(found, name, value, namespace) for name, value in numbers(found).items()]
    return [artifact(found, namespace)]


def artifact(found: Artifact, namespace: str) -> WireArtifact:
    """The artifact as one message; a metrics artifact with all its numbers in its metadata."""
    metadata = dict(found.metadata)
    if found.type not in ARTIFACT_TYPE:
        metadata[SCHEMA_TITLE] = found.type
    return WireArtifact(
        artifact_id=found.artifact_id,
        name=found.name,
        description=found.description,
        type=ArtifactType[ARTIFACT_TYPE.get(found.type, OTHER)],
        uri=found.uri,
        metadata=metadata,
        number_value=found.number_value,
        created_at=timestamp(found.created_at),
        namespace=namespace,
    )


def _metric(found: Artifact, name: str, value: float, namespace: str) -> WireArtifact:
    """One number of a metrics artifact, as its own row has it."""
    return WireArtifact(
        artifact_id=metric_id(found.artifact_id, name),
        name=name,
        type=ArtifactType.Metric,
        number_value=value,
        created_at=timestamp(found.created_at),
        namespace=namespace,
    )


def row_type(given: WireArtifact) -> tuple[str, JsonObject]:
    """The type and the metadata that a client's artifact has as a row: a type without a name comes in the metadata."""
    metadata = dict(given.metadata)
    own = metadata.pop(SCHEMA_TITLE, None)
    if given.type is ArtifactType.Artifact and isinstance(own, str) and own:
        return own, metadata
    return _TITLES[given.type], dict(given.metadata)


def link(found: ArtifactTask) -> WireLink:
    """A link of lineage."""
    return WireLink(
        id=found.link_id,
        artifact_id=found.artifact_id,
        run_id=found.run_id,
        task_id=found.task_id,
        type=IOType[found.type.name],
        producer=producer(Origin(found.type, found.producer, found.iteration)),
        key=found.key,
    )
