"""Asks the HTTP application from within the process: a request goes in as ASGI's messages, the answer comes out whole.

The application is the one that is served over HTTP, with all that stands in front of its handlers. Nothing of gRPC is
imported here, nor of the application.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

Event: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[[Event, Callable[[], Awaitable[Event]], Callable[[Event], Awaitable[None]]], Awaitable[None]]

Headers: TypeAlias = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. `path` is as it is after decoding, `query` as it is before."""

    verb: str
    path: str
    query: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


async def ask(app: App, request: Request, headers: Headers) -> Answer:
    """The application's answer."""
    size = str(len(request.body)).encode()
    scope: Event = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "2",
        "method": request.verb,
        "scheme": "http",
        "path": request.path,
        "raw_path": quote(request.path).encode(),
        "root_path": "",
        "query_string": request.query,
        "headers": [*headers, (b"content-type", b"application/json"), (b"content-length", size)],
        "client": None,
        "server": None,
    }
    incoming = iter([request.body])
    status, chunks = 0, list[bytes]()

    async def receive() -> Event:
        body = next(incoming, None)
        if body is None:  # The client is not watched: it gets its answer, or it has gone and nobody does.
            await asyncio.get_running_loop().create_future()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Event) -> None:
        nonlocal status
        if event["type"] == "http.response.start":
            status = event["status"]
        else:
            chunks.append(event.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, b"".join(chunks))
