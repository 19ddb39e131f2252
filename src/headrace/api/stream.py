"""`GET /api/v1/runs/{run}/events`: a run's history as it is committed, as server-sent events.

The `id` of an event is its number, so a client that lost the connection resumes after `Last-Event-ID`. The stream
ends with the event `end` once the run has ended; to a client that has all of it, the answer is 204, at which browsers
stop asking. A comment every few seconds keeps proxies from closing a silent stream.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import query, sse
from headrace.api.convert import events as convert
from headrace.api.handlers import Handlers
from headrace.api.waiting import Closing, first
from headrace.base.errors import NotFound
from headrace.controllers.feed import News
from headrace.store import query as lists
from headrace.store import runs
from headrace.store.db import Tx

BATCH = 500


@dataclass(frozen=True, slots=True)
class Stream(Handlers):
    closing: Closing

    async def events(self, request: Request) -> Response:
        run_id = query.path(request, "run_id")
        after = sse.after(request) or 0
        if after:
            news = await self._news(run_id, after)
            if news.state.ended and not news.rows:
                return Response(status_code=204)
        else:
            await self.read(lambda tx: lists.get_state(tx, run_id))
        return sse.streamed(self._stream(run_id, after))

    async def _stream(self, run_id: str, after: int) -> AsyncIterator[bytes]:
        yield sse.RETRY
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
                    yield b"".join([sse.event(row.number, row.kind, convert.event(row)) for row in told.rows])
                    after = told.rows[-1].number
                if len(told.rows) == BATCH:
                    continue
                if told.state.ended:
                    yield sse.event(after, "end", {"state": told.state.value})
                    return
                if not told.rows:
                    yield sse.COMMENT
                await first(self.closing, (coming,), sse.HEARTBEAT_SECONDS)
                told = coming.result() if coming.done() else None
            finally:
                feed.unwatch(run_id, coming)

    async def _news(self, run_id: str, after: int) -> News:
        """What happened after event number `after`, at most a batch, and where the run is. Raises NotFound."""

        def read(tx: Tx) -> News:
            state = lists.get_state(tx, run_id)
            return News(runs.events_after(tx, run_id, after, BATCH), state)

        return await self.read(read)
