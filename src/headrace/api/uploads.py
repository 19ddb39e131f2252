"""`/pipelines/upload` and `/pipelines/upload_version`: a compiled pipeline comes as a file, its name in the query."""

import asyncio
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import proto_json, query
from headrace.api.body import reply
from headrace.api.convert import catalog as convert
from headrace.api.handlers import Handlers
from headrace.api.multipart import uploaded
from headrace.api.packages import Labels, Package, Packages
from headrace.api.wire import catalog as wire
from headrace.base.errors import InvalidInput, NotFound

TURNS = 4
"""How many packages may be in memory at once."""


@dataclass(frozen=True, slots=True)
class Uploads(Handlers):
    """`turns` bounds how many packages are in memory at once: the others wait on disk."""

    packages: Packages
    turns: asyncio.Semaphore

    async def pipeline(self, request: Request) -> Response:
        """A new pipeline, and its first version of the same name."""
        namespace = self.principal(request).namespace
        async with uploaded(request) as form, self.turns:
            labels, package = await self._package(request, form.file)
            pipeline = self.packages.pipeline(labels, namespace)
            await self.packages.keep(package, labels, pipeline.pipeline_id, pipeline)
        return reply(convert.pipeline(pipeline))

    async def version(self, request: Request) -> Response:
        """A new version of a pipeline that is there."""
        pipeline_id = query.text(request, "pipelineid")
        if not pipeline_id:
            raise InvalidInput("the pipeline is missing", where="pipelineid", hint="Give its id in the query")
        async with uploaded(request) as form, self.turns:
            labels, package = await self._package(request, form.file)
            try:
                version = await self.packages.keep(package, labels, pipeline_id)
            except NotFound as error:  # KFP's answer for a pipeline that is named in the query and is not there
                raise InvalidInput(error.message, where="pipelineid", hint="GET .../pipelines lists them") from error
            return reply(convert.version(version, package.document.as_json()))

    async def _package(self, request: Request, file: UploadFile) -> tuple[Labels, Package]:
        filename = file.filename or ""
        labels = Labels(
            name=query.text(request, "name"),
            display_name=query.text(request, "display_name"),
            fallback=filename,
            description=query.text(request, "description"),
            tags=_tags(query.text(request, "tags")),
        )
        code_source_url = query.text(request, "code_source_url")
        return labels, await self.packages.open(await file.read(), filename, code_source_url=code_source_url)


def _tags(text: str) -> dict[str, str]:
    """Tags as the query has them: a JSON object of texts, such as `{"team": "vision"}`."""
    value = proto_json.decode(text.encode(), "tags") if text else {}
    return proto_json.from_json(wire.Pipeline, {"tags": value}).tags
