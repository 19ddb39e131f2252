"""`/pipelines` and their versions: make, list, show and delete them. Uploads are in `uploads`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, limits, listing, proto_json, query
from headrace.api.body import reply
from headrace.api.convert import catalog as convert
from headrace.api.documents import Documents
from headrace.api.handlers import Handlers
from headrace.api.wire import catalog as wire
from headrace.api.wire.common import Empty
from headrace.base.errors import Unimplemented
from headrace.model.catalog import Pipeline
from headrace.store import catalog
from headrace.store import query as lists
from headrace.store.db import Tx

M = TypeVar("M", wire.Pipeline, wire.PipelineVersion)

_UPLOAD = "Download the package and upload it: POST /apis/v2beta1/pipelines/upload or .../upload_version"


class Pipelines(Handlers):
    async def create(self, request: Request) -> Response:
        """A pipeline without a version."""
        asked = proto_json.read(wire.Pipeline, await body.read(request))
        pipeline = Pipeline(
            pipeline_id=self.services.fresh_id(),
            name=limits.name(asked.name or asked.display_name, "name"),
            display_name=asked.display_name or asked.name,
            namespace=self.principal(request).namespace,
            created_at=self.services.clock.now(),
            description=asked.description,
            tags=asked.tags,
        )
        await self.write(lambda tx: catalog.create_pipeline(tx, pipeline))
        return reply(convert.pipeline(pipeline))

    async def create_from_url(self, request: Request) -> Response:
        raise Unimplemented("pipelines are not fetched from a URL yet", where=request.url.path, hint=_UPLOAD)

    async def get(self, request: Request) -> Response:
        pipeline_id = query.path(request, "pipeline_id")
        return reply(convert.pipeline(await self.read(lambda tx: catalog.get_pipeline(tx, pipeline_id))))

    async def get_by_name(self, request: Request) -> Response:
        name, namespace = query.path(request, "name"), self.principal(request).namespace
        return reply(convert.pipeline(await self.read(lambda tx: catalog.get_pipeline_by_name(tx, namespace, name))))

    async def list(self, request: Request) -> Response:
        asked, namespace = listing.asked(request, "Pipeline"), self.principal(request).namespace
        page = await self.read(lambda tx: lists.list_pipelines(tx, namespace, asked.query))
        return reply(
            wire.ListPipelines(
                pipelines=[convert.pipeline(each) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )
        )

    async def update(self, request: Request) -> Response:
        """Changes what is given of the display name and the tags; `"tags": {}` clears them."""
        pipeline_id = query.path(request, "pipeline_id")
        asked, given = _change(wire.Pipeline, await body.read(request))
        tags = asked.tags if "tags" in given else None
        name = asked.display_name or None
        changed = await self.write(
            lambda tx: catalog.update_pipeline(tx, pipeline_id, display_name=name, new_tags=tags)
        )
        return reply(convert.pipeline(changed))

    async def delete(self, request: Request) -> Response:
        pipeline_id, cascade = query.path(request, "pipeline_id"), query.flag(request, "cascade")
        await self.write(lambda tx: catalog.delete_pipeline(tx, pipeline_id, cascade=cascade))
        return reply(Empty())


@dataclass(frozen=True, slots=True)
class Versions(Handlers):
    """KFP does not check the pipeline in a version's path against the version's own."""

    documents: Documents

    async def create(self, request: Request) -> Response:
        raise Unimplemented("versions are not fetched from a URL yet", where=request.url.path, hint=_UPLOAD)

    async def get(self, request: Request) -> Response:
        version_id = query.path(request, "version_id")

        def read(tx: Tx) -> wire.PipelineVersion:
            version = catalog.get_version(tx, version_id)
            return convert.version(version, self.documents.get(tx, version.plan_id))

        return reply(await self.read(read))

    async def list(self, request: Request) -> Response:
        asked, pipeline_id = listing.asked(request, "PipelineVersion"), query.path(request, "pipeline_id")
        page = await self.read(lambda tx: lists.list_versions(tx, pipeline_id, asked.query))
        return reply(
            wire.ListPipelineVersions(
                pipeline_versions=[convert.version(each, None) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )
        )

    async def update(self, request: Request) -> Response:
        """As for pipelines."""
        version_id = query.path(request, "version_id")
        asked, given = _change(wire.PipelineVersion, await body.read(request))
        tags = asked.tags if "tags" in given else None
        name = asked.display_name or None

        def unit(tx: Tx) -> wire.PipelineVersion:
            changed = catalog.update_version(tx, version_id, display_name=name, new_tags=tags)
            return convert.version(changed, self.documents.get(tx, changed.plan_id))

        return reply(await self.write(unit))

    async def delete(self, request: Request) -> Response:
        version_id = query.path(request, "version_id")
        await self.write(lambda tx: catalog.delete_version(tx, version_id))
        return reply(Empty())


def _change(kind: type[M], raw: bytes) -> tuple[M, Collection[str]]:
    """The message of a PATCH, and which fields the client wrote: what it left out stays as it is."""
    value = proto_json.decode(raw)
    message = proto_json.from_json(kind, value)
    given = [name for name, inner in value.items() if inner is not None] if isinstance(value, Mapping) else []
    return message, given
