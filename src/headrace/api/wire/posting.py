"""What clients of KFP 3.0 send to write tasks, artifacts and links."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Int64, Message
from headrace.api.wire.task import Artifact, ArtifactTask, PipelineTask
from headrace.base.json import JsonValue


class UpdateTasks(Message):
    """What to change, by task id: messages of `PipelineTask`, in which what is not given stays."""

    tasks: dict[str, JsonValue] = {}


class UpdatedTasks(Message):
    tasks: dict[str, PipelineTask] = {}


class FindCached(Message):
    namespace: str = ""
    cache_fingerprint: str = ""


class CreateArtifact(Message):
    artifact: Artifact | None = None
    run_id: str = ""
    task_id: str = ""
    producer_key: str = ""
    iteration_index: Int64 | None = None
    reuse_if_exists: bool = False


class CreateArtifacts(Message):
    artifacts: list[CreateArtifact] = []


class CreatedArtifacts(Message):
    artifacts: list[Artifact] = []


class CreateArtifactTasks(Message):
    artifact_tasks: list[ArtifactTask] = []


class CreatedArtifactTasks(Message):
    artifact_tasks: list[ArtifactTask] = []
