"""`/pipelines/upload` and `/pipelines/upload_version`: a compiled pipeline comes as a file, its name in the query.

The document is checked, not compiled: that is done when a run is made of it. The bytes are kept before the row.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import limits, proto_json, query
from headrace.api.body import reply
from headrace.api.convert import catalog as convert
from headrace.api.handlers import Handlers
from headrace.api.multipart import contents, uploaded
from headrace.base.errors import InvalidInput, NotFound
from headrace.model.catalog import Pipeline, PipelineVersion
from headrace.spec.load import Document, load_document
from headrace.store import catalog
from headrace.store.db import Tx

TURNS = 4
"""How many packages may be in memory at once."""

PACKAGES = "minio://mlpipeline/pipelines"
"""Where the bytes of packages are kept, each under the id of its version."""


@dataclass(frozen=True, slots=True)
class Package:
    """What an upload brings: the file, what is in it, and the query's fields."""

    data: bytes
    document: Document
    name: str
    display_name: str
    description: str
    code_source_url: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Uploads(Handlers):
    """`turns` bounds how many packages are in memory at once: the others wait on disk."""

    turns: asyncio.Semaphore

    async def pipeline(self, request: Request) -> Response:
        """A new pipeline, and its first version of the same name."""
        async with uploaded(request) as file, self.turns:
            package = await _package(request, file)
            pipeline = Pipeline(
                pipeline_id=self.services.fresh_id(),
                name=package.name,
                display_name=package.display_name,
                namespace=self.principal(request).namespace,
                created_at=self.services.clock.now(),
                description=package.description,
                tags=package.tags,
            )
            await self._keep(package, pipeline.pipeline_id, pipeline)
        return reply(convert.pipeline(pipeline))

    async def version(self, request: Request) -> Response:
        """A new version of a pipeline that is there."""
        pipeline_id = query.text(request, "pipelineid")
        if not pipeline_id:
            raise InvalidInput("the pipeline is missing", where="pipelineid", hint="Give its id in the query")
        async with uploaded(request) as file, self.turns:
            package = await _package(request, file)
            try:
                version = await self._keep(package, pipeline_id, None)
            except NotFound as error:  # KFP's answer for a pipeline that is named in the query and is not there
                raise InvalidInput(error.message, where="pipelineid") from error
            return reply(convert.version(version, package.document.as_json()))

    async def _keep(self, package: Package, pipeline_id: str, new: Pipeline | None) -> PipelineVersion:
        """Keep the bytes, then the rows; without the rows the bytes go again."""
        version_id = self.services.fresh_id()
        version = PipelineVersion(
            pipeline_version_id=version_id,
            pipeline_id=pipeline_id,
            name=package.name,
            display_name=package.display_name,
            created_at=self.services.clock.now(),
            plan_id=package.document.plan_id,
            description=package.description,
            code_source_url=package.code_source_url,
            tags=package.tags,
        )

        def unit(tx: Tx) -> None:
            if new is not None:
                catalog.create_pipeline(tx, new)
            catalog.create_version(tx, version, package.document.as_json())

        uri = f"{PACKAGES}/{version_id}"
        await asyncio.to_thread(self.services.blobs.write, uri, package.data)
        try:
            await self.write(unit)
        except BaseException:
            await asyncio.to_thread(self.services.blobs.delete, uri)
            raise
        return version


async def _package(request: Request, file: UploadFile) -> Package:
    data, filename = await contents(file), file.filename or ""
    given, shown = query.text(request, "name"), query.text(request, "display_name")
    tags = _tags(query.text(request, "tags"))
    return Package(
        data=data,
        document=await asyncio.to_thread(load_document, data, filename),
        name=limits.name(given or shown or filename, "name"),
        display_name=shown or given or filename,
        description=query.text(request, "description"),
        code_source_url=query.text(request, "code_source_url"),
        tags=tags,
    )


def _tags(text: str) -> dict[str, str]:
    """Tags as the query has them: a JSON object of texts."""
    if not text:
        return {}
    value = proto_json.decode(text.encode(), "tags")
    hint = 'Write them as {"team": "vision"}'
    if not isinstance(value, dict):
        raise InvalidInput("tags are no JSON object", where="tags", hint=hint)
    found: dict[str, str] = {}
    for key, each in value.items():
        if not isinstance(each, str):
            raise InvalidInput(f"the value of {key[:80]!r} is no text", where="tags", hint=hint)
        found[key] = each
    return found
