"""An artifact, and the values and artifacts that go into a task and come out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base.clock import Instant
from headrace.base.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact as a step made it. `type` is the schema title, e.g. `system.Dataset`.

    `digest` is `sha256:<hex>` of the bytes (of a folder: of its sorted listing of paths and digests), or ""
    while it is not known; `size` is in bytes, -1 while it is not known.
    """

    artifact_id: str
    name: str
    type: str
    uri: str
    metadata: JsonObject = field(default_factory=dict)
    schema_version: str = "0.0.1"
    digest: str = ""
    size: int = -1
    created_at: Instant = Instant(0)


@dataclass(frozen=True, slots=True)
class Bindings:
    """What goes into a task, or comes out of it: parameters by name, and artifacts by name, each a list."""

    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    artifacts: Mapping[str, tuple[Artifact, ...]] = field(default_factory=dict)
