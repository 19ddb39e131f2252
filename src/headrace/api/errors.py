"""Every error as HTTP: the tree of `base.errors` and Starlette's own, in the two shapes that KFP's clients know.

Gateway routes answer google.rpc.Status: `{"code", "message", "details"}`. Uploads, logs and downloads answer
`{"error_message", "error_details"}`. What nobody raised on purpose is a 500 with a request id, which is also in the
log together with the traceback; no client sees more than that id.
"""

import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.api.old_paths import refusal
from headrace.api.wire.own import FileError
from headrace.base import errors, ids

INVALID_ARGUMENT = 3
NOT_FOUND = 5
PERMISSION_DENIED = 7
UNIMPLEMENTED = 12
INTERNAL = 13

LONGEST = 2_000
"""Characters of what was wrong, of where, and of what to do: any of them may quote a client, who may send megabytes."""

Handler = Callable[[Request], Awaitable[Response]]

_log = logging.getLogger(__name__)


class TooLarge(errors.InvalidInput):
    """The body is larger than the route takes; a 413."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as a client gets it: HTTP status, google.rpc code, and the sentence."""

    status: int
    code: int
    message: str


_STATUS: tuple[tuple[type[errors.HeadraceError], int, int], ...] = (
    (TooLarge, 413, INVALID_ARGUMENT),
    (errors.InvalidInput, 400, INVALID_ARGUMENT),
    (errors.NotFound, 404, NOT_FOUND),
    (errors.AlreadyExists, 409, 6),
    (errors.PermissionDenied, 403, PERMISSION_DENIED),
    (errors.FailedPrecondition, 400, 9),
    (errors.Conflict, 409, 10),
    (errors.Unimplemented, 501, UNIMPLEMENTED),
    (errors.Unavailable, 503, 14),
)


def answer(error: Exception) -> Answer:
    """What a client is told about the error. An unexpected one is logged here, under the id that the client gets."""
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            return Answer(status, code, _sentence(error))
    if isinstance(error, HTTPException):
        return _of_starlette(error)
    request_id = ids.fresh()
    _log.error("request %s failed", request_id, exc_info=error)
    hint = "The server's log has more under that id"
    return Answer(500, INTERNAL, f"Internal error in request {request_id}. {hint}")


def _sentence(error: errors.HeadraceError) -> str:
    """What the error says, with its parts cut in the middle where they are long."""
    return str(errors.HeadraceError(_cut(error.message), where=_cut(error.where), hint=_cut(error.hint)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}...{text[-LONGEST // 4 :]}"


def _of_starlette(error: HTTPException) -> Answer:
    if error.status_code == 404:
        return Answer(404, NOT_FOUND, "Not Found")
    if error.status_code == 405:
        return Answer(501, UNIMPLEMENTED, "Method Not Allowed")
    return Answer(error.status_code, INVALID_ARGUMENT, error.detail)


def status_response(told: Answer) -> Response:
    """The error as google.rpc.Status."""
    detail = {"@type": "type.googleapis.com/google.rpc.Status", "code": told.code, "message": told.message}
    return _json(told.status, {"code": told.code, "message": told.message, "details": [detail]})


def plain_response(told: Answer) -> Response:
    """The error as the plain handlers write it."""
    return _json(told.status, FileError(error_message=told.message, error_details=told.message))


def plain(handler: Handler) -> Handler:
    """The handler, with errors in the shape of uploads, logs and downloads."""

    @functools.wraps(handler)
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            raise
        except Exception as error:
            return plain_response(answer(error))

    return guarded


async def on_known_error(request: Request, error: Exception) -> Response:
    """For Starlette: HeadraceError and HTTPException, raised in a handler or by the router."""
    if isinstance(error, HTTPException) and (moved := refusal(request.method, request.url.path)) is not None:
        return status_response(answer(moved))
    return status_response(answer(error))


class LastResort:
    """Middleware: whatever else was raised becomes a 500, or ends the connection if the answer had begun."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            told = answer(error)
            if begun:
                raise
            await status_response(told)(scope, receive, send)


def _json(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
