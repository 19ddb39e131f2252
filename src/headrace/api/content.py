"""The bytes of artifacts: on routes of our own, where KFP's front end looks for them, and in KFP's base64 of old.

A folder is one file at a time (`path=`), a listing, or all of it as a zip or tar (`format=`).
"""

import asyncio
import base64
from types import MappingProxyType

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import download, query
from headrace.api.body import reply, reply_own
from headrace.api.handlers import Handlers
from headrace.api.log_target import find_node
from headrace.api.wire.own import ArtifactFile, ArtifactFiles
from headrace.api.wire.task import ReadArtifact
from headrace.base.errors import InvalidInput, NotFound
from headrace.blobs.pack import PACKS
from headrace.blobs.uri import name_of, within
from headrace.model.artifact import Artifact
from headrace.store import artifacts
from headrace.store import query as lists
from headrace.store.db import Tx
from headrace.store.posted import links_of

MAX_BASE64 = 32 * 1024 * 1024
FILES = 1000
"""How many files of a folder a listing holds, unless it is asked for fewer."""

SOURCES = MappingProxyType({"minio": "minio", "s3": "s3", "gcs": "gs"})
"""The scheme of a uri by what KFP's front end calls the store."""


class Content(Handlers):
    async def get(self, request: Request) -> Response:
        """`GET /api/v1/artifacts/{id}/content`, to be saved."""
        artifact = await self._artifact(request)
        uri, inside, pack = _uri(artifact), query.text(request, "path"), query.text(request, "format")
        if inside:
            return await download.file(request, self.services.blobs, within(uri, inside))
        if await asyncio.to_thread(self.services.blobs.is_folder, uri):
            if (pack or "zip") not in PACKS:
                raise InvalidInput(f"{pack[:40]!r} is no format", where="format", hint=f"Give {' or '.join(PACKS)}")
            return await download.folder(request, self.services.blobs, uri, pack or "zip")
        if pack:
            raise InvalidInput("the artifact is one file, and is not packed", where="format", hint="Leave it out")
        etag = f'"{artifact.digest}"' if artifact.digest else ""
        return await download.file(request, self.services.blobs, uri, etag=etag)

    async def files(self, request: Request) -> Response:
        """`GET /api/v1/artifacts/{id}/files`: what is in a folder, or the one file, by name."""
        uri = _uri(await self._artifact(request))
        after, size = query.text(request, "page_token"), query.number(request, "page_size", FILES)
        return reply_own(await asyncio.to_thread(self._listed, uri, after, min(max(size, 1), FILES)))

    def _listed(self, uri: str, after: str, size: int) -> ArtifactFiles:
        blobs = self.services.blobs
        if not blobs.is_folder(uri):
            only = ArtifactFile(path=name_of(uri), size=blobs.size(uri))
            return ArtifactFiles(folder=False, files=[only])
        found = sorted((each.name, each.size) for each in blobs.entries(uri))
        rest = [each for each in found if each[0] > after]
        files = [ArtifactFile(path=name, size=length) for name, length in rest[:size]]
        token = rest[size - 1][0] if len(rest) > size else UNSET
        return ArtifactFiles(folder=True, files=files, total_size=len(found), next_page_token=token)

    async def stored(self, request: Request) -> Response:
        """`/artifacts/get?source&bucket&key` and `/artifacts/{source}/{bucket}/{key}`, as KFP's front end asks."""
        given = request.path_params
        source = given.get("source") or query.text(request, "source")
        bucket = given.get("bucket") or query.text(request, "bucket")
        key = given.get("key") or query.text(request, "key")
        if source not in SOURCES:
            hint = f"Those of {', '.join(SOURCES)} are"
            raise InvalidInput(f"objects of {source[:40]!r} are not read here", where="source", hint=hint)
        if not bucket or not key:
            raise InvalidInput("a bucket and a key are wanted", where="key" if bucket else "bucket")
        peek = query.number(request, "peek", 0)
        return await download.file(
            request, self.services.blobs, f"{SOURCES[source]}://{bucket}/{key}", most=peek or None
        )

    async def read_base64(self, request: Request) -> Response:
        """`GET /runs/{id}/nodes/{node}/artifacts/{name}:read`: what the task gave under that name, in base64."""
        run_id, node, name = (query.path(request, each) for each in ("run_id", "node", "name"))
        artifact = await self.read(lambda tx: _made(tx, run_id, node, name))
        data = await asyncio.to_thread(self._whole, artifact)
        return reply(ReadArtifact(data=base64.b64encode(data).decode()))

    def _whole(self, artifact: Artifact) -> bytes:
        uri = _uri(artifact)
        if (size := self.services.blobs.size(uri)) > MAX_BASE64:
            hint = f"Ask for /api/v1/artifacts/{artifact.artifact_id}/content"
            raise InvalidInput(f"the artifact has {size} bytes, too many for this route", where=uri, hint=hint)
        return self.services.blobs.read(uri)

    async def _artifact(self, request: Request) -> Artifact:
        artifact_id = query.path(request, "artifact_id")
        return (await self.read(lambda tx: artifacts.get_artifact(tx, artifact_id))).artifact


def _made(tx: Tx, run_id: str, node: str, name: str) -> Artifact:
    """What the task gave under that name, or a client linked to it as if it had. Raises NotFound."""
    run = lists.get_run(tx, run_id)
    task, _ = find_node(lists.get_tasks(tx, run_id), node)
    links = links_of(tx, run.key).get(task.task_id, ())
    made = {key: bound[0] for key, bound in task.outputs.artifacts.items() if bound}
    made |= {link.key: link.artifact for link in reversed(links) if link.origin.type.is_output}
    if name not in made:
        raise NotFound(f"the task gave no artifact {name[:100]!r}", where=node[:200], hint=f"It gave: {list(made)}")
    return made[name]


def _uri(artifact: Artifact) -> str:
    if not artifact.uri:
        raise NotFound(f"Artifact {artifact.artifact_id} has no bytes: it has no uri")
    return artifact.uri
