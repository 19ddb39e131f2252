"""Experiments, pipelines and versions."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from msgspec import Raw

from headrace.api.proto_json import Message, Timestamp
from headrace.api.wire.common import Status, StorageState
from headrace.base.json import JsonObject


class Experiment(Message):
    experiment_id: str = ""
    display_name: str = ""
    description: str = ""
    created_at: Timestamp = Timestamp("")
    namespace: str = ""
    storage_state: StorageState = StorageState.STORAGE_STATE_UNSPECIFIED
    last_run_created_at: Timestamp = Timestamp("")


class ListExperiments(Message):
    experiments: list[Experiment] = []
    total_size: int = 0
    next_page_token: str = ""


class Pipeline(Message):
    pipeline_id: str = ""
    display_name: str = ""
    name: str = ""
    description: str = ""
    created_at: Timestamp = Timestamp("")
    namespace: str = ""
    error: Status | None = None
    tags: dict[str, str] = {}


class ListPipelines(Message):
    pipelines: list[Pipeline] = []
    total_size: int = 0
    next_page_token: str = ""


class Url(Message):
    pipeline_url: str = ""


class PipelineVersion(Message):
    pipeline_id: str = ""
    pipeline_version_id: str = ""
    display_name: str = ""
    name: str = ""
    description: str = ""
    created_at: Timestamp = Timestamp("")
    package_url: Url | None = None
    code_source_url: str = ""
    pipeline_spec: JsonObject | Raw | None = None
    error: Status | None = None
    tags: dict[str, str] = {}


class ListPipelineVersions(Message):
    pipeline_versions: list[PipelineVersion] = []
    total_size: int = 0
    next_page_token: str = ""


class CreatePipelineAndVersion(Message):
    pipeline: Pipeline | None = None
    pipeline_version: PipelineVersion | None = None
