"""Artifacts: what they are, which tasks made and used them, and their bytes."""

from headrace.api.artifacts import Artifacts
from headrace.api.content import FILES, SOURCES, Content
from headrace.api.operation import Media, Operation, Parameter, choice, many, number
from headrace.api.posting import Posting
from headrace.api.route import OWN, PAGE, V2, ApiRoute
from headrace.api.services import Services
from headrace.api.wire import own, posting, task
from headrace.base.json import JsonObject
from headrace.blobs.pack import PACKS

_BYTES = Media(("*/*",), "The bytes, as an attachment")
_PART = {206: "The bytes that `Range` asked for", 304: "The client has them: their `ETag` is in `If-None-Match`"}
_KEY = Parameter("key", "The object's key", {"type": "string", "minLength": 1}, required=True)
_PEEK = number("peek", "Only that many bytes, from the beginning")
_ARTIFACT: JsonObject = {
    "artifact": {"name": "model", "type": "Model", "uri": "minio://mlpipeline/models/1"},
    "run_id": "RUN_ID",
    "task_id": "TASK_ID",
    "producer_key": "model",
}
_LINK: JsonObject = {
    "artifact_id": "ARTIFACT_ID",
    "run_id": "RUN_ID",
    "task_id": "TASK_ID",
    "type": "COMPONENT_INPUT",
    "key": "model",
}


def lineage_routes(services: Services) -> list[ApiRoute]:
    return [*_records(Artifacts(services)), *_posting(Posting(services)), *_bytes(Content(services))]


def _records(artifacts: Artifacts) -> list[ApiRoute]:
    return [
        ApiRoute(
            "GET",
            f"{V2}/artifacts",
            artifacts.list,
            Operation("ArtifactService_ListArtifacts", "list artifacts", task.ListArtifacts, query=PAGE),
        ),
        ApiRoute(
            "GET",
            f"{V2}/artifacts/{{artifact_id:path}}",
            artifacts.get,
            Operation("ArtifactService_GetArtifact", "get an artifact", task.Artifact),
        ),
        ApiRoute(
            "GET",
            f"{V2}/artifact_tasks",
            artifacts.list_links,
            Operation(
                "ArtifactService_ListArtifactTasks",
                "list which tasks made and used which artifacts; of `run_ids`, `task_ids` or `artifact_ids`, and of "
                "one `type` if that is given",
                task.ListArtifactTasks,
                query=(
                    *PAGE,
                    many("run_ids", "Links of these runs"),
                    many("task_ids", "Links of these tasks"),
                    many("artifact_ids", "Links of these artifacts"),
                    choice("type", "Only links of this kind", *task.IOType),
                ),
            ),
        ),
    ]


def _posting(posted: Posting) -> list[ApiRoute]:
    return [
        ApiRoute(
            "POST",
            f"{V2}/artifacts",
            posted.create_artifact,
            Operation(
                "ArtifactService_CreateArtifact",
                "post an artifact of a client's own, with its link to a task",
                task.Artifact,
                takes=posting.CreateArtifact,
                needs=("artifact", "run_id", "task_id", "producer_key"),
                errors=(404, 409),
                example=_ARTIFACT,
            ),
        ),
        ApiRoute(
            "POST",
            f"{V2}/artifacts:batchCreate",
            posted.create_artifacts,
            Operation(
                "ArtifactService_CreateArtifactsBulk",
                'post several artifacts; `{"artifacts": [...]}`, all or none',
                posting.CreatedArtifacts,
                takes=posting.CreateArtifacts,
                needs=("artifacts",),
                errors=(404, 409),
                example={"artifacts": [_ARTIFACT]},
            ),
        ),
        ApiRoute(
            "POST",
            f"{V2}/artifact_tasks",
            posted.create_link,
            Operation(
                "ArtifactService_CreateArtifactTask",
                "post a link of a client's own between an artifact and a task",
                task.ArtifactTask,
                takes=task.ArtifactTask,
                needs=("artifact_id", "run_id", "task_id", "type", "key"),
                errors=(404, 409),
                example=_LINK,
            ),
        ),
        ApiRoute(
            "POST",
            f"{V2}/artifact_tasks:batchCreate",
            posted.create_links,
            Operation(
                "ArtifactService_CreateArtifactTasksBulk",
                'post several links; `{"artifact_tasks": [...]}`, all or none',
                posting.CreatedArtifactTasks,
                takes=posting.CreateArtifactTasks,
                needs=("artifact_tasks",),
                errors=(404, 409),
                example={"artifact_tasks": [_LINK]},
            ),
        ),
    ]


def _bytes(content: Content) -> list[ApiRoute]:
    return [
        ApiRoute(
            "GET",
            f"{OWN}/artifacts/{{artifact_id}}/content",
            content.get,
            Operation(
                "HeadraceService_ReadArtifactContent",
                "read an artifact's bytes, to be saved; `Range`, `ETag` and `HEAD` are answered. Of a folder a zip, "
                "or what `format=tar` asks for; `path=` gives one file in it",
                _BYTES,
                query=(
                    Parameter("path", "One file in the folder"),
                    choice("format", "How a folder is packed", *PACKS),
                ),
                also=_PART,
                errors=(416,),
                files=True,
            ),
        ),
        ApiRoute(
            "GET",
            f"{OWN}/artifacts/{{artifact_id}}/files",
            content.files,
            Operation(
                "HeadraceService_ListArtifactFiles",
                "list what is in an artifact's folder, by name, with sizes; `page_size` and `page_token`",
                own.ArtifactFiles,
                query=(
                    number("page_size", f"How many a page holds: {FILES} unless given, and at most"),
                    Parameter("page_token", "Where to go on: the `next_page_token` of the page before"),
                ),
                files=True,
            ),
        ),
        ApiRoute(
            "GET",
            f"{V2}/runs/{{run_id}}/nodes/{{node}}/artifacts/{{name}}:read",
            content.read_base64,
            Operation(
                "RunService_ReadArtifact",
                "read what a task gave under that name, in base64; up to 32 MiB",
                task.ReadArtifact,
            ),
        ),
        ApiRoute(
            "GET",
            "/artifacts/get",
            content.stored,
            Operation(
                "HeadraceService_ReadObject",
                "read the object `key` of `bucket`, as KFP's front end asks for it; `source` is `minio`, `gcs` or "
                "`s3`, `peek=N` its first N bytes",
                _BYTES,
                query=(
                    Parameter("source", "The store", {"type": "string", "enum": list(SOURCES)}, required=True),
                    Parameter("bucket", "The bucket", required=True),
                    _KEY,
                    _PEEK,
                ),
                also=_PART,
                errors=(404, 416),
                files=True,
            ),
        ),
        ApiRoute(
            "GET",
            "/artifacts/{source}/{bucket}/{key:path}",
            content.stored,
            Operation(
                "HeadraceService_ReadObjectAt",
                "read the object at that path; otherwise the same",
                _BYTES,
                query=(_PEEK,),
                also=_PART,
                errors=(416,),
                files=True,
            ),
        ),
    ]
