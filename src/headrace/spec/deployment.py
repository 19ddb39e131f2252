"""The executors of a pipeline as types: KFP's PipelineDeploymentConfig, as `decode` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base.json import JsonObject
from headrace.spec.decode import one_of
from headrace.spec.ir import ArtifactTypeSchema, ValueOrRuntimeParameter


@dataclass(frozen=True, slots=True)
class ExecCommand:
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    pre_cache_check: ExecCommand | None = None


@dataclass(frozen=True, slots=True)
class Accelerator:
    """`resource_*` are texts that may hold placeholders; `type` and `count` are their older form."""

    type: str = ""
    count: int = 0
    resource_type: str = ""
    resource_count: str = ""


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """`resource_*` are Kubernetes quantities that may hold placeholders; the numbers, in cores and in GB, are older."""

    cpu_limit: float = 0.0
    memory_limit: float = 0.0
    cpu_request: float = 0.0
    memory_request: float = 0.0
    resource_cpu_limit: str = ""
    resource_memory_limit: str = ""
    resource_cpu_request: str = ""
    resource_memory_request: str = ""
    accelerator: Accelerator = field(default_factory=Accelerator)


@dataclass(frozen=True, slots=True)
class EnvVar:
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    lifecycle: Lifecycle | None = None
    resources: ResourceSpec = field(default_factory=ResourceSpec)
    env: tuple[EnvVar, ...] = ()


@dataclass(frozen=True, slots=True)
class ImporterSpec:
    artifact_uri: ValueOrRuntimeParameter = field(default_factory=ValueOrRuntimeParameter)
    type_schema: ArtifactTypeSchema = field(default_factory=ArtifactTypeSchema)
    properties: Mapping[str, ValueOrRuntimeParameter] = field(default_factory=dict)
    custom_properties: Mapping[str, ValueOrRuntimeParameter] = field(default_factory=dict)
    reimport: bool = False
    metadata: JsonObject = field(default_factory=dict)
    download_to_workspace: bool = False


@dataclass(frozen=True, slots=True)
class ArtifactQuery:
    filter: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class ResolverSpec:
    output_artifact_queries: Mapping[str, ArtifactQuery] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomJobSpec:
    custom_job: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    container: ContainerSpec | None = one_of("spec")
    importer: ImporterSpec | None = one_of("spec")
    resolver: ResolverSpec | None = one_of("spec")
    custom_job: CustomJobSpec | None = one_of("spec")


@dataclass(frozen=True, slots=True)
class DeploymentConfig:
    executors: Mapping[str, ExecutorSpec] = field(default_factory=dict)
