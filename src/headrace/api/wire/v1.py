"""Messages of v1beta1, as far as old tools and front ends still read them."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Int64, Message, ProtoEnum, Timestamp
from headrace.api.wire.recurring import Trigger
from headrace.api.wire.run import RuntimeConfig


class StorageState(ProtoEnum):
    STORAGESTATE_AVAILABLE = "STORAGESTATE_AVAILABLE"
    STORAGESTATE_ARCHIVED = "STORAGESTATE_ARCHIVED"


class ResourceType(ProtoEnum):
    UNKNOWN_RESOURCE_TYPE = "UNKNOWN_RESOURCE_TYPE"
    EXPERIMENT = "EXPERIMENT"
    JOB = "JOB"
    PIPELINE = "PIPELINE"
    PIPELINE_VERSION = "PIPELINE_VERSION"
    NAMESPACE = "NAMESPACE"


class AuthResources(ProtoEnum):
    """What somebody may be asked to be let at."""

    UNASSIGNED_RESOURCES = "UNASSIGNED_RESOURCES"
    VIEWERS = "VIEWERS"


class AuthVerb(ProtoEnum):
    UNASSIGNED_VERB = "UNASSIGNED_VERB"
    CREATE = "CREATE"
    GET = "GET"
    DELETE = "DELETE"


class Relationship(ProtoEnum):
    UNKNOWN_RELATIONSHIP = "UNKNOWN_RELATIONSHIP"
    OWNER = "OWNER"
    CREATOR = "CREATOR"


class ResourceKey(Message):
    type: ResourceType = ResourceType.UNKNOWN_RESOURCE_TYPE
    id: str = ""


class ResourceReference(Message):
    """What a resource belongs to (OWNER), or was made of (CREATOR)."""

    key: ResourceKey | None = None
    name: str = ""
    relationship: Relationship = Relationship.UNKNOWN_RELATIONSHIP


class Parameter(Message):
    name: str = ""
    value: str = ""


class Experiment(Message):
    id: str = ""
    name: str = ""
    description: str = ""
    created_at: Timestamp = Timestamp("")
    resource_references: list[ResourceReference] = []
    storage_state: StorageState | None = None
    last_run_created_at: Timestamp = Timestamp("")


class ListExperiments(Message):
    experiments: list[Experiment] = []
    total_size: int = 0
    next_page_token: str = ""


class Url(Message):
    pipeline_url: str = ""


class PipelineVersion(Message):
    id: str = ""
    name: str = ""
    created_at: Timestamp = Timestamp("")
    parameters: list[Parameter] = []
    code_source_url: str = ""
    package_url: Url | None = None
    resource_references: list[ResourceReference] = []
    description: str = ""


class ListPipelineVersions(Message):
    versions: list[PipelineVersion] = []
    next_page_token: str = ""
    total_size: int = 0


class Pipeline(Message):
    id: str = ""
    created_at: Timestamp = Timestamp("")
    name: str = ""
    description: str = ""
    parameters: list[Parameter] = []
    url: Url | None = None
    resource_references: list[ResourceReference] = []
    default_version: PipelineVersion | None = None


class ListPipelines(Message):
    pipelines: list[Pipeline] = []
    total_size: int = 0
    next_page_token: str = ""


class Template(Message):
    template: str = ""


class PipelineSpec(Message):
    """What a run is of. `pipeline_manifest` is the document as JSON."""

    pipeline_id: str = ""
    pipeline_name: str = ""
    pipeline_manifest: str = ""
    parameters: list[Parameter] = []
    runtime_config: RuntimeConfig | None = None


class MetricFormat(ProtoEnum):
    UNSPECIFIED = "UNSPECIFIED"
    RAW = "RAW"
    PERCENTAGE = "PERCENTAGE"


class RunMetric(Message):
    name: str = ""
    node_id: str = ""
    number_value: float | None = None
    format: MetricFormat = MetricFormat.UNSPECIFIED


class Run(Message):
    id: str = ""
    name: str = ""
    storage_state: StorageState | None = None
    description: str = ""
    pipeline_spec: PipelineSpec | None = None
    resource_references: list[ResourceReference] = []
    service_account: str = ""
    created_at: Timestamp = Timestamp("")
    scheduled_at: Timestamp = Timestamp("")
    finished_at: Timestamp = Timestamp("")
    status: str = ""
    error: str = ""
    metrics: list[RunMetric] = []


class PipelineRuntime(Message):
    pipeline_manifest: str = ""


class RunDetail(Message):
    run: Run | None = None
    pipeline_runtime: PipelineRuntime | None = None


class ListRuns(Message):
    runs: list[Run] = []
    total_size: int = 0
    next_page_token: str = ""


class JobMode(ProtoEnum):
    UNKNOWN_MODE = "UNKNOWN_MODE"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class Job(Message):
    """A recurring run."""

    id: str = ""
    name: str = ""
    description: str = ""
    pipeline_spec: PipelineSpec | None = None
    resource_references: list[ResourceReference] = []
    service_account: str = ""
    max_concurrency: Int64 = Int64("0")
    trigger: Trigger | None = None
    mode: JobMode = JobMode.UNKNOWN_MODE
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    status: str = ""
    error: str = ""
    enabled: bool = False
    no_catchup: bool = False


class ListJobs(Message):
    jobs: list[Job] = []
    total_size: int = 0
    next_page_token: str = ""
