"""Tasks of a run, artifacts, and the links between the two, as KFP 3.0 has them."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Int64, Message, ProtoEnum, Timestamp
from headrace.api.wire.common import Status
from headrace.base.json import JsonObject, JsonValue


class TaskState(ProtoEnum):
    RUNTIME_STATE_UNSPECIFIED = "RUNTIME_STATE_UNSPECIFIED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    CACHED = "CACHED"


class TaskType(ProtoEnum):
    ROOT = "ROOT"
    RUNTIME = "RUNTIME"
    CONDITION_BRANCH = "CONDITION_BRANCH"
    CONDITION = "CONDITION"
    LOOP = "LOOP"
    EXIT_HANDLER = "EXIT_HANDLER"
    IMPORTER = "IMPORTER"
    DAG = "DAG"


class IOType(ProtoEnum):
    UNSPECIFIED = "UNSPECIFIED"
    COMPONENT_DEFAULT_INPUT = "COMPONENT_DEFAULT_INPUT"
    TASK_OUTPUT_INPUT = "TASK_OUTPUT_INPUT"
    COMPONENT_INPUT = "COMPONENT_INPUT"
    RUNTIME_VALUE_INPUT = "RUNTIME_VALUE_INPUT"
    COLLECTED_INPUTS = "COLLECTED_INPUTS"
    ITERATOR_INPUT = "ITERATOR_INPUT"
    ITERATOR_INPUT_RAW = "ITERATOR_INPUT_RAW"
    ITERATOR_OUTPUT = "ITERATOR_OUTPUT"
    OUTPUT = "OUTPUT"
    ONE_OF_OUTPUT = "ONE_OF_OUTPUT"
    TASK_FINAL_STATUS_OUTPUT = "TASK_FINAL_STATUS_OUTPUT"


class ArtifactType(ProtoEnum):
    TYPE_UNSPECIFIED = "TYPE_UNSPECIFIED"
    Artifact = "Artifact"
    Model = "Model"
    Dataset = "Dataset"
    HTML = "HTML"
    Markdown = "Markdown"
    Metric = "Metric"
    ClassificationMetric = "ClassificationMetric"
    SlicedClassificationMetric = "SlicedClassificationMetric"


class Producer(Message):
    """Which task a value came from; `iteration` only in a loop."""

    task_name: str = ""
    iteration: Int64 | None = None


class Artifact(Message):
    artifact_id: str = ""
    name: str = ""
    description: str = ""
    type: ArtifactType = ArtifactType.TYPE_UNSPECIFIED
    uri: str = ""
    metadata: JsonObject = {}
    number_value: float | None = None
    created_at: Timestamp = Timestamp("")
    namespace: str = ""


class ListArtifacts(Message):
    artifacts: list[Artifact] = []
    total_size: int = 0
    next_page_token: str = ""


class ArtifactTask(Message):
    id: str = ""
    artifact_id: str = ""
    run_id: str = ""
    task_id: str = ""
    type: IOType = IOType.UNSPECIFIED
    producer: Producer | None = None
    key: str = ""


class ListArtifactTasks(Message):
    artifact_tasks: list[ArtifactTask] = []
    total_size: int = 0
    next_page_token: str = ""


class IOParameter(Message):
    value: JsonValue = None
    type: IOType = IOType.UNSPECIFIED
    parameter_key: str = ""
    producer: Producer | None = None


class IOArtifact(Message):
    artifacts: list[Artifact] = []
    type: IOType = IOType.UNSPECIFIED
    artifact_key: str = ""
    producer: Producer | None = None


class InputOutputs(Message):
    parameters: list[IOParameter] = []
    artifacts: list[IOArtifact] = []


class PodType(ProtoEnum):
    UNSPECIFIED = "UNSPECIFIED"
    DRIVER = "DRIVER"
    EXECUTOR = "EXECUTOR"


class Pod(Message):
    """One attempt at a task; on the process launcher both names are the attempt's id."""

    name: str = ""
    uid: str = ""
    type: PodType = PodType.UNSPECIFIED


class StatusMetadata(Message):
    message: str = ""
    custom_properties: dict[str, JsonValue] = {}


class TaskStatus(Message):
    update_time: Timestamp = Timestamp("")
    state: TaskState = TaskState.RUNTIME_STATE_UNSPECIFIED
    error: Status | None = None


class TypeAttributes(Message):
    iteration_index: Int64 | None = None
    iteration_count: Int64 | None = None
    download_to_workspace: bool = False


class ChildTaskName(Message):
    task_id: str = ""
    name: str = ""


class PipelineTask(Message):
    name: str = ""
    display_name: str = ""
    task_id: str = ""
    run_id: str = ""
    pods: list[Pod] = []
    cache_fingerprint: str = ""
    create_time: Timestamp = Timestamp("")
    start_time: Timestamp = Timestamp("")
    end_time: Timestamp = Timestamp("")
    state: TaskState = TaskState.RUNTIME_STATE_UNSPECIFIED
    status_metadata: StatusMetadata | None = None
    state_history: list[TaskStatus] = []
    type: TaskType | None = None
    type_attributes: TypeAttributes | None = None
    parent_task_id: str = ""
    child_tasks: list[ChildTaskName] = []
    inputs: InputOutputs | None = None
    outputs: InputOutputs | None = None
    scope_path: str = ""


class ListTasks(Message):
    tasks: list[PipelineTask] = []
    total_size: int = 0
    next_page_token: str = ""


class ReadArtifact(Message):
    """The bytes of an artifact, in base64."""

    data: str = ""
