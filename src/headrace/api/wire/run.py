"""Runs as the 2.17 API has them, with the 3.0 fields `tasks` and `task_count`."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from msgspec import Raw

from headrace.api.proto_json import Int64, Message, Timestamp
from headrace.api.wire.common import RuntimeState, RuntimeStatus, Status, StorageState
from headrace.api.wire.task import PipelineTask
from headrace.base.json import JsonObject, JsonValue


class PipelineVersionReference(Message):
    pipeline_id: str = ""
    pipeline_version_id: str = ""


class RuntimeConfig(Message):
    parameters: dict[str, JsonValue] = {}
    pipeline_root: str = ""


class ArtifactList(Message):
    """Upstream declares numbers of its lineage store here and never fills them; ours are the artifacts' ids."""

    artifact_ids: list[str] = []


class ExecutorDetail(Message):
    main_job: str = ""
    pre_caching_check_job: str = ""
    failed_main_jobs: list[str] = []
    failed_pre_caching_check_jobs: list[str] = []


class ChildTask(Message):
    task_id: str = ""
    pod_name: str = ""


class PipelineTaskDetail(Message):
    run_id: str = ""
    task_id: str = ""
    display_name: str = ""
    create_time: Timestamp = Timestamp("")
    start_time: Timestamp = Timestamp("")
    end_time: Timestamp = Timestamp("")
    executor_detail: ExecutorDetail | None = None
    state: RuntimeState = RuntimeState.RUNTIME_STATE_UNSPECIFIED
    execution_id: Int64 = Int64("0")
    error: Status | None = None
    inputs: dict[str, ArtifactList] = {}
    outputs: dict[str, ArtifactList] = {}
    parent_task_id: str = ""
    state_history: list[RuntimeStatus] = []
    pod_name: str = ""
    child_tasks: list[ChildTask] = []


class RunDetails(Message):
    pipeline_context_id: Int64 = Int64("0")
    pipeline_run_context_id: Int64 = Int64("0")
    task_details: list[PipelineTaskDetail] = []


class Run(Message):
    experiment_id: str = ""
    run_id: str = ""
    display_name: str = ""
    storage_state: StorageState = StorageState.STORAGE_STATE_UNSPECIFIED
    description: str = ""
    pipeline_version_id: str = ""
    pipeline_spec: JsonObject | Raw | None = None
    pipeline_version_reference: PipelineVersionReference | None = None
    runtime_config: RuntimeConfig | None = None
    service_account: str = ""
    created_at: Timestamp = Timestamp("")
    scheduled_at: Timestamp = Timestamp("")
    finished_at: Timestamp = Timestamp("")
    state: RuntimeState = RuntimeState.RUNTIME_STATE_UNSPECIFIED
    error: Status | None = None
    run_details: RunDetails | None = None
    recurring_run_id: str = ""
    state_history: list[RuntimeStatus] = []
    plugins_input: dict[str, JsonObject] = {}
    plugins_output: dict[str, JsonObject] = {}
    task_count: int = 0
    tasks: list[PipelineTask] = []


class ResumeRun(Message):
    """Headrace's own: at which tasks a new run is to go on from an ended one, with which parameters changed."""

    at: list[str] = []
    parameters: dict[str, JsonValue] = {}
    display_name: str = ""


class ListRuns(Message):
    runs: list[Run] = []
    total_size: int = 0
    next_page_token: str = ""
