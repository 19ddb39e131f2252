"""The file of an upload: a multipart form with one part `uploadfile`, bounded while it is read, and kept on disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import UploadFile
from starlette.requests import Request

from headrace.api import body
from headrace.base.errors import InvalidInput

PART = "uploadfile"
_FAILED = "Failed to upload pipeline"
_ENVELOPE = 64 * 1024
_HINT = f'Send multipart/form-data with the pipeline as the part "{PART}", as kfp.Client.upload_pipeline does'


@asynccontextmanager
async def uploaded(request: Request) -> AsyncIterator[UploadFile]:
    """The uploaded file, until it is closed at the end. Raises InvalidInput, TooLarge."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidInput(f"{_FAILED}: the body is no multipart form", hint=_HINT)
    bounded = body.bounded(request, body.MAX_BODY + _ENVELOPE)
    async with bounded.form(max_files=1, max_fields=16) as form:
        part = form.get(PART)
        if not isinstance(part, UploadFile):
            raise InvalidInput(f'{_FAILED}: the form has no file "{PART}"', hint=_HINT)
        yield part


async def contents(file: UploadFile) -> bytes:
    """The file's bytes. Raises InvalidInput where there are none, TooLarge."""
    if not file.size:
        raise InvalidInput(f"{_FAILED}: the file is empty", where=PART, hint=_HINT)
    if file.size > body.MAX_BODY:
        raise body.too_large(body.MAX_BODY)
    return await file.read()
