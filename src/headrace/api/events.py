"""`GET /api/v1/events`: the states that all runs come to, as they are committed, as server-sent events.

The `id` of an event is its place in the one order of all changes (`store.changes`), the same on every server, so a
client goes on after `Last-Event-ID` wherever it connects next, and misses nothing. Without one it hears what happens
from now on; so it does after one that was never given here, which the event `reset` tells it. What the filters leave
out moves the id, too.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import query, sse
from headrace.api.convert import events as convert
from headrace.api.handlers import Handlers
from headrace.api.waiting import Closing, first
from headrace.base.errors import InvalidInput
from headrace.controllers.journal import Journal
from headrace.model.state import State
from headrace.store import changes
from headrace.store.changes import Wanted
from headrace.store.db import Tx
from headrace.store.views import RunChange

BATCH = 500
NAME, RESET = "run", "reset"
STATES = tuple(each for each in State if each is not State.CACHED)
"""Those that a run can be in."""


@dataclass(frozen=True, slots=True)
class Events(Handlers):
    journal: Journal
    closing: Closing

    async def get(self, request: Request) -> Response:
        wanted = Wanted(
            experiment_id=query.text(request, "experiment_id"),
            recurring_run_id=query.text(request, "recurring_run_id"),
            states=tuple(_state(word) for each in query.texts(request, "state") for word in each.split(",")),
        )
        given, last = sse.after(request), await self.journal.settle()
        place = last if given is None else min(given, last)
        begin = sse.mark(place) if given in (None, place) else sse.event(place, RESET, {"last_event_id": given})
        return sse.streamed(self._stream(self.principal(request).namespace, wanted, place, begin))

    async def _stream(self, namespace: str, wanted: Wanted, place: int, begin: bytes) -> AsyncIterator[bytes]:
        yield sse.RETRY + begin
        while not self.closing.is_set():
            coming = self.journal.watch(place)
            try:
                await first(self.closing, (coming,), sse.HEARTBEAT_SECONDS)
            finally:
                self.journal.unwatch(coming)
            if not coming.done() or coming.cancelled():
                yield sse.COMMENT
                continue
            rows, upto = await self._after(namespace, wanted, place)
            yield b"".join([sse.event(row.place, NAME, convert.change(row)) for row in rows])
            if not rows or rows[-1].place < upto:
                yield sse.mark(upto)
            place = upto

    async def _after(self, namespace: str, wanted: Wanted, place: int) -> tuple[Sequence[RunChange], int]:
        def read(tx: Tx) -> tuple[Sequence[RunChange], int]:
            return changes.after(tx, namespace, place, wanted, BATCH)

        return await self.read(read)


def _state(word: str) -> State:
    """Raises InvalidInput."""
    for state in STATES:
        if state.value == word.strip().upper():
            return state
    hint = f"Give some of {', '.join(state.value for state in STATES)}"
    raise InvalidInput(f"{word[:40]!r} is no state of a run", where="state", hint=hint)
