"""Answers that are bytes: whole or the part that a `Range` header asks for, or only their headers (RFC 9110).

Takes how large the bytes are and a way to read from one offset to another; holds no more than a piece of them.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from headrace.api.errors import Answer, plain_response

INVALID_ARGUMENT = 3
Read = Callable[[int, int], AsyncIterator[bytes]]
"""The bytes from an offset up to another."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is answered. `etag` is quoted, "" where nothing names this content."""

    size: int
    media_type: str
    headers: Mapping[str, str]
    etag: str = ""


def respond(request: Request, told: Bytes, read: Read) -> Response:
    """200, 206, 304 or 416, as the request's headers ask. Who asks for several ranges at once gets all of it."""
    headers = {**told.headers, "Accept-Ranges": "bytes"} | ({"ETag": told.etag} if told.etag else {})
    if told.etag and _names(request.headers.get("if-none-match", ""), told.etag):
        return Response(status_code=304, headers=headers)
    start, end, status = 0, told.size, 200
    if (asked := _asked(request, told)) is not None:
        start, end = asked
        if start >= end:
            return _unsatisfiable(told.size)
        status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{told.size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=told.media_type)
    return StreamingResponse(read(start, end), status, headers, told.media_type)


def _asked(request: Request, told: Bytes) -> tuple[int, int] | None:
    """The one range that is asked for, empty where there are no such bytes; None for all of it. Only GET has them."""
    only_if = request.headers.get("if-range")
    match = re.fullmatch(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", request.headers.get("range", ""))
    if request.method != "GET" or match is None or (only_if is not None and only_if != told.etag):
        return None
    first, last = match.groups()
    if first:
        if last and int(last) < int(first):
            return None  # no range at all, so not asked for
        return int(first), min(told.size, int(last) + 1 if last else told.size)
    return (max(0, told.size - int(last)), told.size) if last else None


def _names(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in header.split(","))


def _unsatisfiable(size: int) -> Response:
    message = f"Range: there are {size} bytes, and none of those that were asked for. Ask for less, or for all"
    refused = plain_response(Answer(416, INVALID_ARGUMENT, message))
    refused.headers["Content-Range"] = f"bytes */{size}"
    return refused
