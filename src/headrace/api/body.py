"""Bodies of requests, bounded before they are read, and of answers."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from headrace.api import proto_json
from headrace.api.errors import TooLarge
from headrace.api.wire.own import Told

P = ParamSpec("P")
T = TypeVar("T")

MEGABYTE = 1024 * 1024
MAX_BODY = 32 * MEGABYTE

QUICK = 65_536
"""A document of at most so many bytes is read in less time than the way to a thread and back takes under load."""

NO_STORE = {"Cache-Control": "no-store"}


async def read(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be larger than `limit` bytes."""
    _check(_declared(request), limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        _check(size, limit)
        chunks.append(chunk)
    return b"".join(chunks)


async def work(quick: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` gives: at once where it is quick, else in a thread, so that others need not wait for it."""
    return function(*args, **kwargs) if quick else await asyncio.to_thread(function, *args, **kwargs)


def bounded(request: Request, limit: int) -> Request:
    """The same request, whose body raises TooLarge while it is read past `limit` bytes."""
    _check(_declared(request), limit)
    return Request(request.scope, _counting(request.receive, limit))


def reply(message: proto_json.Message) -> Response:
    """200 with the message."""
    return Response(proto_json.encode(message), media_type="application/json", headers=NO_STORE)


def reply_own(told: Told) -> Response:
    """200 with an answer of Headrace's own routes."""
    return Response(proto_json.encode(told), media_type="application/json", headers=NO_STORE)


def too_large(limit: int) -> TooLarge:
    """The error for a body of more than `limit` bytes."""
    return TooLarge(
        f"the body is larger than {limit // MEGABYTE} MiB",
        hint="Send less: large data belongs into artifacts, not into a pipeline's document or parameters",
    )


def _declared(request: Request) -> int:
    """The size that the client announces; the server has checked that it is a number."""
    return int(request.headers.get("content-length") or 0)


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise too_large(limit)


def _counting(receive: Receive, limit: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        _check(size, limit)
        return message

    return counted
