"""What a user files runs under: experiments, pipelines and their versions, and the principal who asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base.clock import Instant
from headrace.model.state import StorageState


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and in which namespace. `""` is the namespace of a single-user server."""

    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    experiment_id: str
    name: str
    namespace: str
    created_at: Instant
    description: str = ""
    storage_state: StorageState = StorageState.AVAILABLE
    last_run_created_at: Instant = Instant(0)


@dataclass(frozen=True, slots=True)
class Pipeline:
    pipeline_id: str
    name: str
    display_name: str
    namespace: str
    created_at: Instant
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PipelineVersion:
    """A version's document lives in the `plans` table under `plan_id`, its uploaded bytes in the blob store."""

    pipeline_version_id: str
    pipeline_id: str
    name: str
    display_name: str
    created_at: Instant
    plan_id: str
    description: str = ""
    code_source_url: str = ""
    package_url: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
