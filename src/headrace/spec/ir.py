"""The pipeline spec as types: KFP's PipelineSpec 2.1.0, field for field, as `decode` reads it.

Only what the document says; what it means is in `check` and `compile`. Executors are in `deployment`, Kubernetes'
part is in `platform`. Fields of schema 2.0.0 that the proto still has are here, so that they are named when refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from headrace.base.json import JsonObject
from headrace.spec.decode import Seconds, Value, one_of
from headrace.spec.plan import ParameterType, Trigger


class PrimitiveType(StrEnum):
    """The parameter types of schema 2.0.0."""

    INT = "INT"
    DOUBLE = "DOUBLE"
    STRING = "STRING"


class TaskConfigField(StrEnum):
    """What of a task's configuration is handed to the component itself."""

    RESOURCES = "RESOURCES"
    ENV = "ENV"
    KUBERNETES_AFFINITY = "KUBERNETES_AFFINITY"
    KUBERNETES_TOLERATIONS = "KUBERNETES_TOLERATIONS"
    KUBERNETES_NODE_SELECTOR = "KUBERNETES_NODE_SELECTOR"
    KUBERNETES_VOLUMES = "KUBERNETES_VOLUMES"


@dataclass(frozen=True, slots=True)
class PrimitiveValue:
    """A constant of schema 2.0.0."""

    int_value: int | None = one_of("value")
    double_value: float | None = one_of("value")
    string_value: str | None = one_of("value")


@dataclass(frozen=True, slots=True)
class ValueOrRuntimeParameter:
    constant_value: PrimitiveValue | None = one_of("value")
    runtime_parameter: str | None = one_of("value")
    constant: Value | None = one_of("value")


@dataclass(frozen=True, slots=True)
class ArtifactTypeSchema:
    schema_title: str | None = one_of("kind")
    schema_uri: str | None = one_of("kind")
    instance_schema: str | None = one_of("kind")
    schema_version: str = ""


@dataclass(frozen=True, slots=True)
class InputParameterDefinition:
    type: PrimitiveType | None = None
    parameter_type: ParameterType | None = None
    default_value: Value | None = None
    is_optional: bool = False
    description: str = ""
    literals: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class InputArtifactDefinition:
    artifact_type: ArtifactTypeSchema = field(default_factory=ArtifactTypeSchema)
    is_artifact_list: bool = False
    is_optional: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class InputDefinitions:
    artifacts: Mapping[str, InputArtifactDefinition] = field(default_factory=dict)
    parameters: Mapping[str, InputParameterDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutputParameterDefinition:
    type: PrimitiveType | None = None
    parameter_type: ParameterType | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class OutputArtifactDefinition:
    artifact_type: ArtifactTypeSchema = field(default_factory=ArtifactTypeSchema)
    properties: Mapping[str, ValueOrRuntimeParameter] = field(default_factory=dict)
    custom_properties: Mapping[str, ValueOrRuntimeParameter] = field(default_factory=dict)
    metadata: JsonObject = field(default_factory=dict)
    is_artifact_list: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class OutputDefinitions:
    artifacts: Mapping[str, OutputArtifactDefinition] = field(default_factory=dict)
    parameters: Mapping[str, OutputParameterDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskOutputParameter:
    producer_task: str = ""
    output_parameter_key: str = ""


@dataclass(frozen=True, slots=True)
class TaskOutputArtifact:
    producer_task: str = ""
    output_artifact_key: str = ""


@dataclass(frozen=True, slots=True)
class TaskFinalStatus:
    producer_task: str = ""


@dataclass(frozen=True, slots=True)
class InputParameter:
    """Where one input parameter of a task comes from."""

    task_output_parameter: TaskOutputParameter | None = one_of("kind")
    runtime_value: ValueOrRuntimeParameter | None = one_of("kind")
    component_input_parameter: str | None = one_of("kind")
    task_final_status: TaskFinalStatus | None = one_of("kind")
    parameter_expression_selector: str = ""


@dataclass(frozen=True, slots=True)
class InputArtifact:
    """Where one input artifact of a task comes from."""

    task_output_artifact: TaskOutputArtifact | None = one_of("kind")
    component_input_artifact: str | None = one_of("kind")


@dataclass(frozen=True, slots=True)
class TaskInputs:
    parameters: Mapping[str, InputParameter] = field(default_factory=dict)
    artifacts: Mapping[str, InputArtifact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskInfo:
    name: str = ""


@dataclass(frozen=True, slots=True)
class ComponentRef:
    name: str = ""


@dataclass(frozen=True, slots=True)
class CachingOptions:
    enable_cache: bool = False
    cache_key: str = ""


@dataclass(frozen=True, slots=True)
class TriggerPolicy:
    condition: str = ""
    strategy: Trigger | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    max_retry_count: int = 0
    backoff_duration: Seconds = Seconds(0)
    backoff_factor: float = 0.0
    backoff_max_duration: Seconds = Seconds(0)


@dataclass(frozen=True, slots=True)
class IteratorPolicy:
    parallelism_limit: int = 0


@dataclass(frozen=True, slots=True)
class ArtifactItems:
    input_artifact: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactIterator:
    items: ArtifactItems = field(default_factory=ArtifactItems)
    item_input: str = ""


@dataclass(frozen=True, slots=True)
class ParameterItems:
    raw: str | None = one_of("kind")
    input_parameter: str | None = one_of("kind")


@dataclass(frozen=True, slots=True)
class ParameterIterator:
    items: ParameterItems = field(default_factory=ParameterItems)
    item_input: str = ""


@dataclass(frozen=True, slots=True)
class PipelineTask:
    task_info: TaskInfo = field(default_factory=TaskInfo)
    inputs: TaskInputs = field(default_factory=TaskInputs)
    dependent_tasks: tuple[str, ...] = ()
    caching_options: CachingOptions = field(default_factory=CachingOptions)
    component_ref: ComponentRef = field(default_factory=ComponentRef)
    trigger_policy: TriggerPolicy = field(default_factory=TriggerPolicy)
    artifact_iterator: ArtifactIterator | None = one_of("iterator")
    parameter_iterator: ParameterIterator | None = one_of("iterator")
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    iterator_policy: IteratorPolicy = field(default_factory=IteratorPolicy)


@dataclass(frozen=True, slots=True)
class ArtifactSelector:
    producer_subtask: str = ""
    output_artifact_key: str = ""


@dataclass(frozen=True, slots=True)
class DagOutputArtifact:
    artifact_selectors: tuple[ArtifactSelector, ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterSelector:
    producer_subtask: str = ""
    output_parameter_key: str = ""


@dataclass(frozen=True, slots=True)
class ParameterSelectors:
    parameter_selectors: tuple[ParameterSelector, ...] = ()


@dataclass(frozen=True, slots=True)
class DagOutputParameter:
    value_from_parameter: ParameterSelector | None = one_of("kind")
    value_from_oneof: ParameterSelectors | None = one_of("kind")


@dataclass(frozen=True, slots=True)
class DagOutputs:
    artifacts: Mapping[str, DagOutputArtifact] = field(default_factory=dict)
    parameters: Mapping[str, DagOutputParameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DagSpec:
    tasks: Mapping[str, PipelineTask] = field(default_factory=dict)
    outputs: DagOutputs = field(default_factory=DagOutputs)


@dataclass(frozen=True, slots=True)
class TaskConfigPassthrough:
    field: TaskConfigField | None = None
    apply_to_task: bool = False


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    input_definitions: InputDefinitions = field(default_factory=InputDefinitions)
    output_definitions: OutputDefinitions = field(default_factory=OutputDefinitions)
    dag: DagSpec | None = one_of("implementation")
    executor_label: str | None = one_of("implementation")
    single_platform_specs: tuple[JsonObject, ...] = ()
    task_config_passthroughs: tuple[TaskConfigPassthrough, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineInfo:
    name: str = ""
    display_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """The whole pipeline document. `deployment_spec` is a Struct in the proto; `DeploymentConfig` reads it."""

    pipeline_info: PipelineInfo = field(default_factory=PipelineInfo)
    deployment_spec: JsonObject = field(default_factory=dict)
    sdk_version: str = ""
    schema_version: str = ""
    components: Mapping[str, ComponentSpec] = field(default_factory=dict)
    root: ComponentSpec | None = None
    default_pipeline_root: str = ""
