"""`GET /api/v1/runs/{run}/events`: a run's history as it is committed, as server-sent events.

The `id` of an event is its number, so a client that lost the connection resumes after `Last-Event-ID`. The stream
ends with the event `end` once the run has ended; to a client that has all of it, the answer is 204, at which browsers
stop asking. A comment every few seconds keeps proxies from closing a silent stream.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from headrace.api import proto_json, query
from headrace.api.convert import events as convert
from headrace.api.handlers import Handlers
from headrace.api.waiting import Closing, first
from headrace.base.errors import NotFound
from headrace.controllers.feed import News
from headrace.store import query as lists
from headrace.store import runs
from headrace.store.db import Tx

HEARTBEAT_SECONDS = 15
BATCH = 500

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Stream(Handlers):
    closing: Closing

    async def events(self, request: Request) -> Response:
        run_id = query.path(request, "run_id")
        after = _after(request)
        if after:
            news = await self._news(run_id, after)
            if news.state.ended and not news.rows:
                return Response(status_code=204)
        else:
            await self.read(lambda tx: lists.get_state(tx, run_id))
        return StreamingResponse(self._stream(run_id, after), media_type="text/event-stream", headers=_HEADERS)

    async def _stream(self, run_id: str, after: int) -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        feed = self.services.feed
        told: News | None = None
        while not self.closing.is_set():
            coming = feed.watch(run_id)
            try:
                if told is None or not told.rows or told.rows[0].number != after + 1:
                    try:
                        told = await self._news(run_id, after)
                    except NotFound:  # it was deleted meanwhile
                        return
                if told.rows:
                    yield b"".join([_event(str(row.number), row.kind, convert.event(row)) for row in told.rows])
                    after = told.rows[-1].number
                if len(told.rows) == BATCH:
                    continue
                if told.state.ended:
                    yield _event(str(after), "end", {"state": told.state.value})
                    return
                if not told.rows:
                    yield b":\n\n"
                await first(self.closing, (coming,), HEARTBEAT_SECONDS)
                told = coming.result() if coming.done() else None
            finally:
                feed.unwatch(run_id, coming)

    async def _news(self, run_id: str, after: int) -> News:
        """What happened after event number `after`, at most a batch, and where the run is. Raises NotFound."""

        def read(tx: Tx) -> News:
            state = lists.get_state(tx, run_id)
            return News(runs.events_after(tx, run_id, after, BATCH), state)

        return await self.read(read)


def _after(request: Request) -> int:
    """The number of the last event that the client has, 0 for none. What is not a number is none of ours."""
    given = request.headers.get("last-event-id", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else query.number(request, "after", 0)


def _event(number: str, name: str, data: object) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (number.encode(), name.encode(), proto_json.encode(data))
