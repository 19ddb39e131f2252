"""`/api/v1/images`: which sources stand for an image. They come as a tar.gz, and are kept by their content."""

import asyncio
import re
from dataclasses import dataclass
from typing import IO

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, query
from headrace.api.body import reply
from headrace.api.handlers import Handlers
from headrace.api.multipart import PART, Kind, uploaded
from headrace.api.proto_json import Int64, timestamp
from headrace.api.wire import images as wire
from headrace.api.wire.common import Empty
from headrace.base.errors import InvalidInput
from headrace.blobs.contexts import Context, Contexts
from headrace.launch import pip
from headrace.launch.requirements import Said, needs_of
from headrace.model.image import MappedImage
from headrace.store import images

REQUIREMENTS = "requirements"
"""The text of the form that has them."""

CONTEXT = Kind(
    "Failed to upload the sources",
    f'Send multipart/form-data with a tar.gz of them as the part "{PART}", as `headrace image map` does',
    128 * body.MEGABYTE,
)

LONGEST = 512
_IMAGE = re.compile(r"[!-~]+")
_VERSION = re.compile(r"[A-Za-z0-9._+-]{1,40}")


@dataclass(frozen=True, slots=True)
class Images(Handlers):
    contexts: Contexts

    async def put(self, request: Request) -> Response:
        """Map an image, or a glob, also where it is mapped already."""
        image = _image(request)
        python, kfp = _version(request, "python"), _version(request, "kfp")
        file = query.text(request, "requirements_file")
        async with uploaded(request, CONTEXT) as form:
            said = Said(form.texts.get(REQUIREMENTS, ""), file, python, kfp)
            context = await asyncio.to_thread(self._keep, form.file.file, said)
        now = self.services.clock.now()
        mapped = MappedImage(
            image=image,
            context=context.digest,
            python=context.needs.python,
            requirements=tuple(map(pip.redact, context.needs.requirements)),
            files=context.count,
            size=context.size,
            created_at=now,
            updated_at=now,
        )
        return reply(_shown(await self.write(lambda tx: images.put(tx, mapped))))

    async def list(self, _request: Request) -> Response:
        found = await self.read(images.listed)
        return reply(wire.ListImages(images=[_shown(each) for each in found]))

    async def delete(self, request: Request) -> Response:
        image = _image(request)
        await self.write(lambda tx: images.remove(tx, image))
        return reply(Empty())

    def _keep(self, archive: IO[bytes], said: Said) -> Context:
        archive.seek(0)
        with self.contexts.unpacked(archive) as files:
            return self.contexts.keep(files, needs_of(files, said))


def _image(request: Request) -> str:
    image = query.text(request, "image")
    if not image or len(image) > LONGEST or not _IMAGE.fullmatch(image):
        hint = f"Give it as pipelines do, 1 to {LONGEST} characters without spaces; * and ? make it a glob"
        raise InvalidInput("it is missing or no image", where="image", hint=hint)
    return image


def _version(request: Request, name: str) -> str:
    given = query.text(request, name)
    if given and not _VERSION.fullmatch(given):
        raise InvalidInput(f"{given[:40]!r} is no version", where=name)
    return given


def _shown(found: MappedImage) -> wire.MappedImage:
    return wire.MappedImage(
        image=found.image,
        context=found.context,
        python=found.python,
        requirements=list(found.requirements),
        files=found.files,
        size=Int64(str(found.size)),
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
    )
