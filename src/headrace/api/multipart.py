"""The file of an upload: a multipart form with one part `uploadfile`, bounded while it is read."""

from starlette.datastructures import UploadFile
from starlette.requests import Request

from headrace.api import body
from headrace.base.errors import InvalidInput

PART = "uploadfile"
_HEADERS = 64 * 1024
_HINT = f'Send multipart/form-data with the pipeline as the part "{PART}", as kfp.Client.upload_pipeline does'


async def uploaded(request: Request) -> tuple[bytes, str]:
    """The uploaded file's bytes and name. Raises InvalidInput, TooLarge."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidInput("Failed to upload pipeline: the body is no multipart form", hint=_HINT)
    bounded = body.bounded(request, body.MAX_BODY + _HEADERS)
    async with bounded.form(max_files=1, max_fields=16) as form:
        part = form.get(PART)
        if not isinstance(part, UploadFile):
            raise InvalidInput(f'Failed to upload pipeline: the form has no file "{PART}"', hint=_HINT)
        data = await part.read()
        if len(data) > body.MAX_BODY:
            raise body.too_large(body.MAX_BODY)
        if not data:
            raise InvalidInput("Failed to upload pipeline: the file is empty", where=PART, hint=_HINT)
        return data, part.filename or ""
