"""Server-sent events as bytes, and where a client that lost its connection goes on."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

from headrace.api import proto_json, query

HEARTBEAT_SECONDS = 15
"""Comments so often keep proxies from closing a silent stream."""

RETRY = b"retry: 1000\n\n"
COMMENT = b":\n\n"

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def streamed(chunks: AsyncIterator[bytes]) -> StreamingResponse:
    """200 with the stream."""
    return StreamingResponse(chunks, media_type="text/event-stream", headers=_HEADERS)


def after(request: Request) -> int | None:
    """The number of the last event that the client has, None where it does not say. What is no number is not ours."""
    given = request.headers.get("last-event-id", "")
    if given.isascii() and given.isdigit() and len(given) < 19:
        return int(given)
    return query.number(request, "after", 0) if query.text(request, "after") else None


def event(number: int, name: str, data: object) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (number, name.encode(), proto_json.encode(data))


def mark(number: int) -> bytes:
    """No event: the client goes on from that number if it loses the connection now."""
    return b"id: %d\n\n" % number
