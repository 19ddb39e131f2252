"""Pipelines, their versions, and uploads."""

import asyncio

from headrace.api.documents import Documents
from headrace.api.multipart import PART
from headrace.api.operation import Operation, Parameter, Upload, flag
from headrace.api.packages import Packages
from headrace.api.pipelines import Pipelines, Versions
from headrace.api.remote import Remote, rules
from headrace.api.route import PAGE, V2, ApiRoute
from headrace.api.services import Services
from headrace.api.uploads import TURNS, Uploads
from headrace.api.wire import catalog
from headrace.api.wire.common import Empty
from headrace.base.egress import Egress

_FILE = Upload(PART, "The compiled pipeline: YAML, JSON, zip or tar.gz, up to 32 MiB")
_OF_UPLOADS = (
    Parameter("name", "Its unique name; the display name or the file's unless given"),
    Parameter("display_name", "What people read; the name unless given"),
    Parameter("description", "What it is for"),
    Parameter("tags", 'Tags as a JSON object of texts: `{"team": "vision"}`'),
    Parameter("code_source_url", "Where its source is"),
)
_FROM_URL = {"package_url": {"pipeline_url": "https://raw.githubusercontent.com/OWNER/REPO/main/pipeline.yaml"}}


def pipelines_routes(services: Services, documents: Documents) -> list[ApiRoute]:
    turns, packages = asyncio.Semaphore(TURNS), Packages(services)
    remote = Remote(packages, Egress(rules(services.settings)), turns)
    return [
        *_uploads(Uploads(services, packages, turns)),
        *_pipelines(Pipelines(services, packages, remote)),
        *_versions(Versions(services, documents, packages, remote)),
    ]


def _uploads(uploads: Uploads) -> list[ApiRoute]:
    return [
        ApiRoute(
            "POST",
            f"{V2}/pipelines/upload",
            uploads.pipeline,
            Operation(
                "UploadPipeline",
                "upload a pipeline; it is made with a first version, from a file: YAML, JSON, zip or tar.gz",
                catalog.Pipeline,
                takes=_FILE,
                query=_OF_UPLOADS,
                errors=(409,),
                files=True,
            ),
        ),
        ApiRoute(
            "POST",
            f"{V2}/pipelines/upload_version",
            uploads.version,
            Operation(
                "UploadPipelineVersion",
                "upload a version of the pipeline `pipelineid`, from a file",
                catalog.PipelineVersion,
                takes=_FILE,
                query=(Parameter("pipelineid", "The pipeline", required=True), *_OF_UPLOADS),
                errors=(409,),
                files=True,
            ),
        ),
    ]


def _pipelines(pipelines: Pipelines) -> list[ApiRoute]:
    one = f"{V2}/pipelines/{{pipeline_id}}"
    return [
        ApiRoute(
            "POST",
            f"{V2}/pipelines/create",
            pipelines.create_from_url,
            Operation(
                "PipelineService_CreatePipelineAndVersion",
                "make a pipeline with its first version from `pipeline_version.package_url.pipeline_url`; settings "
                "say what may be fetched",
                catalog.Pipeline,
                takes=catalog.CreatePipelineAndVersion,
                needs=("pipeline_version",),
                errors=(409,),
                example={"pipeline": {"display_name": "train"}, "pipeline_version": _FROM_URL},
            ),
        ),
        ApiRoute(
            "GET",
            f"{V2}/pipelines/names/{{name:path}}",
            pipelines.get_by_name,
            Operation("PipelineService_GetPipelineByName", "get a pipeline by its unique `name`", catalog.Pipeline),
        ),
        ApiRoute(
            "GET",
            f"{V2}/pipelines",
            pipelines.list,
            Operation("PipelineService_ListPipelines", "list pipelines", catalog.ListPipelines, query=PAGE),
        ),
        ApiRoute(
            "POST",
            f"{V2}/pipelines",
            pipelines.create,
            Operation(
                "PipelineService_CreatePipeline",
                "make a pipeline without a version; it has a `name` or a `display_name`",
                catalog.Pipeline,
                takes=catalog.Pipeline,
                errors=(409,),
                example={"display_name": "train", "tags": {"team": "vision"}},
            ),
        ),
        ApiRoute(
            "GET", one, pipelines.get, Operation("PipelineService_GetPipeline", "get a pipeline", catalog.Pipeline)
        ),
        ApiRoute(
            "PATCH",
            one,
            pipelines.update,
            Operation(
                "PipelineService_UpdatePipeline",
                'change a pipeline\'s display name or tags; `"tags": {}` clears them',
                catalog.Pipeline,
                takes=catalog.Pipeline,
                example={"tags": {"team": "vision"}},
            ),
        ),
        ApiRoute(
            "DELETE",
            one,
            pipelines.delete,
            Operation(
                "PipelineService_DeletePipeline",
                "remove a pipeline; `cascade=true` removes its versions too, without it 400 says that it has some",
                Empty,
                query=(flag("cascade", "Remove its versions too"),),
            ),
        ),
    ]


def _versions(versions: Versions) -> list[ApiRoute]:
    every = f"{V2}/pipelines/{{pipeline_id}}/versions"
    one = f"{every}/{{version_id}}"
    return [
        ApiRoute(
            "GET",
            every,
            versions.list,
            Operation(
                "PipelineService_ListPipelineVersions",
                "list the versions of a pipeline",
                catalog.ListPipelineVersions,
                query=PAGE,
            ),
        ),
        ApiRoute(
            "POST",
            every,
            versions.create,
            Operation(
                "PipelineService_CreatePipelineVersion",
                "make a version of a pipeline from `package_url.pipeline_url`",
                catalog.PipelineVersion,
                takes=catalog.PipelineVersion,
                needs=("package_url",),
                errors=(409,),
                example={"display_name": "train v2", **_FROM_URL},
            ),
        ),
        ApiRoute(
            "GET",
            one,
            versions.get,
            Operation(
                "PipelineService_GetPipelineVersion", "get a version, with its document", catalog.PipelineVersion
            ),
        ),
        ApiRoute(
            "PATCH",
            one,
            versions.update,
            Operation(
                "PipelineService_UpdatePipelineVersion",
                'change a version\'s display name or tags; `"tags": {}` clears them',
                catalog.PipelineVersion,
                takes=catalog.PipelineVersion,
                example={"display_name": "the one that works"},
            ),
        ),
        ApiRoute(
            "DELETE",
            one,
            versions.delete,
            Operation("PipelineService_DeletePipelineVersion", "remove a version", Empty),
        ),
    ]
