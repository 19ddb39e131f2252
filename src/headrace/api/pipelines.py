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
from headrace.api.packages import Labels, Packages
from headrace.api.remote import Remote
from headrace.api.wire import catalog as wire
from headrace.api.wire.common import Empty
from headrace.base.errors import InvalidInput
from headrace.store import catalog, runs
from headrace.store import query as lists
from headrace.store.db import Tx

M = TypeVar("M", wire.Pipeline, wire.PipelineVersion)


@dataclass(frozen=True, slots=True)
class Pipelines(Handlers):
    packages: Packages
    remote: Remote

    async def create(self, request: Request) -> Response:
        """A pipeline without a version."""
        asked = proto_json.read(wire.Pipeline, await body.read(request))
        pipeline = self.packages.pipeline(_labels(asked), self.principal(request).namespace)
        await self.write(lambda tx: catalog.create_pipeline(tx, pipeline))
        return reply(convert.pipeline(pipeline))

    async def create_from_url(self, request: Request) -> Response:
        """A pipeline, and its first version from a URL. What one of the two lacks of names, the other gives."""
        asked = proto_json.read(wire.CreatePipelineAndVersion, await body.read(request))
        given, first = asked.pipeline or wire.Pipeline(), asked.pipeline_version or wire.PipelineVersion()
        package, filename = await self.remote.package(first, "pipeline_version.package_url.pipeline_url")
        version_name = first.name or first.display_name
        own = _labels(given, version_name or filename)
        pipeline = self.packages.pipeline(own, self.principal(request).namespace)
        await self.packages.keep(package, _labels(first, own.unique), pipeline.pipeline_id, pipeline)
        return reply(convert.pipeline(pipeline))

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
        name = _new_name(asked)

        def unit(tx: Tx) -> wire.Pipeline:
            _refuse_other(asked, convert.pipeline(catalog.get_pipeline(tx, pipeline_id)), ("name", "description"))
            return convert.pipeline(catalog.update_pipeline(tx, pipeline_id, display_name=name, new_tags=tags))

        return reply(await self.write(unit))

    async def delete(self, request: Request) -> Response:
        pipeline_id, cascade = query.path(request, "pipeline_id"), query.flag(request, "cascade")
        await self.packages.forget(
            await self.write(lambda tx: catalog.delete_pipeline(tx, pipeline_id, cascade=cascade))
        )
        return reply(Empty())


@dataclass(frozen=True, slots=True)
class Versions(Handlers):
    """KFP does not check the pipeline in a version's path against the version's own."""

    documents: Documents
    packages: Packages
    remote: Remote

    async def create(self, request: Request) -> Response:
        """A version from a URL, of the pipeline in the path."""
        pipeline_id = query.path(request, "pipeline_id")
        asked = proto_json.read(wire.PipelineVersion, await body.read(request))
        await self.read(lambda tx: catalog.get_pipeline(tx, pipeline_id))
        package, filename = await self.remote.package(asked, "package_url.pipeline_url")
        version = await self.packages.keep(package, _labels(asked, filename), pipeline_id)
        return reply(convert.version(version, package.document.as_json()))

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
        name = _new_name(asked)

        def unit(tx: Tx) -> wire.PipelineVersion:
            version = catalog.get_version(tx, version_id)
            document = runs.load_document(tx, version.plan_id) if asked.pipeline_spec else None
            fixed = ("name", "description", "code_source_url", "package_url", "pipeline_spec")
            _refuse_other(asked, convert.version(version, document), fixed)
            changed = catalog.update_version(tx, version_id, display_name=name, new_tags=tags)
            return convert.version(changed, self.documents.get(tx, changed.plan_id))

        return reply(await self.write(unit))

    async def delete(self, request: Request) -> Response:
        version_id = query.path(request, "version_id")
        await self.write(lambda tx: catalog.delete_version(tx, version_id))
        await self.packages.forget([version_id])
        return reply(Empty())


def _labels(asked: wire.Pipeline | wire.PipelineVersion, fallback: str = "") -> Labels:
    return Labels(asked.name, asked.display_name, fallback, asked.description, asked.tags)


def _new_name(asked: M) -> str | None:
    """The display name that a PATCH gives, None where it gives none. Raises InvalidInput for a blank one."""
    return limits.name(asked.display_name, "display_name") if asked.display_name else None


def _refuse_other(asked: M, found: M, fixed: Collection[str]) -> None:
    """Raises InvalidInput for a change of what cannot be changed; to send it as it is is no change."""
    for name in fixed:
        given = getattr(asked, name)
        if given and given != getattr(found, name):
            raise InvalidInput("it cannot be changed", where=name, hint="Only display_name and tags can")


def _change(kind: type[M], raw: bytes) -> tuple[M, Collection[str]]:
    """The message of a PATCH, and which fields the client wrote: what it left out stays as it is."""
    value = proto_json.decode(raw) if raw.strip() else {}
    message = proto_json.from_json(kind, value)
    given = [name for name, inner in value.items() if inner is not None] if isinstance(value, Mapping) else []
    return message, given
