"""The file of an upload: a multipart form with one part `uploadfile`, bounded while it is read, and kept on disk."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request

from headrace.api import body, proto_json
from headrace.base.errors import InvalidInput

PART = "uploadfile"
_ENVELOPE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """What is uploaded: how an error begins, what it says is to be done, and the most bytes of the file."""

    failed: str
    hint: str
    limit: int = body.MAX_BODY


PIPELINE = Kind(
    "Failed to upload pipeline",
    f'Send multipart/form-data with the pipeline as the part "{PART}", as kfp.Client.upload_pipeline does',
)


@dataclass(frozen=True, slots=True)
class Form:
    """The file, and the texts beside it."""

    file: UploadFile
    texts: Mapping[str, str]


@asynccontextmanager
async def uploaded(request: Request, kind: Kind = PIPELINE) -> AsyncIterator[Form]:
    """The form, whose file is closed at the end. Raises InvalidInput, TooLarge."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidInput(f"{kind.failed}: the body is no multipart form", hint=kind.hint)
    bounded = body.bounded(request, kind.limit + _ENVELOPE)
    async with bounded.form(max_files=1, max_fields=16) as form:
        part = form.get(PART)
        if not isinstance(part, UploadFile):
            raise InvalidInput(f'{kind.failed}: the form has no file "{PART}"', hint=kind.hint)
        if not part.size:
            raise InvalidInput(f"{kind.failed}: the file is empty", where=PART, hint=kind.hint)
        if part.size > kind.limit:
            raise body.too_large(kind.limit)
        proto_json.text(part.filename or "", PART, "the file's name")
        yield Form(part, {name: proto_json.text(each, name) for name, each in form.items() if isinstance(each, str)})
