"""`GET /api/v1/runs/{run}/logs?q=TEXT`: the lines that hold a text, in the logs of all attempts of a run.

The files are read through, a line at a time, in a thread; nothing is indexed. Lines are told as they are, but cut.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count, islice

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import query
from headrace.api.body import reply_own
from headrace.api.handlers import Handlers
from headrace.api.log_target import find_task
from headrace.api.wire.own import LogMatch, LogMatches
from headrace.base.errors import InvalidInput
from headrace.model.task import Attempt, Task
from headrace.store import query as lists

MATCHES = 1000
MOST_MATCHES = 10_000
LONGEST_TEXT = 1000
LONGEST_LINE = 64 * 1024
"""Bytes that are looked at as one line: what overwrites itself may never end its line."""

SHOWN = 2000


class LogSearch(Handlers):
    async def get(self, request: Request) -> Response:
        """Each match with its task, attempt, rank and line number from 1; `truncated` where there are over `limit`."""
        run_id, text, node = query.path(request, "run_id"), query.text(request, "q"), query.text(request, "task")
        if not text or len(text) > LONGEST_TEXT:
            hint = f"Give 1 to {LONGEST_TEXT} characters"
            raise InvalidInput(f"the text to look for has {len(text)} characters", where="q", hint=hint)
        limit = min(max(query.number(request, "limit", MATCHES), 1), MOST_MATCHES)
        number, any_case = query.number(request, "attempt", 0), query.flag(request, "ignore_case")
        tasks: Sequence[Task] = await self.read(lambda tx: lists.get_tasks(tx, run_id))
        if node:
            tasks = [find_task(tasks, node)]
        attempts = [(task, each) for task in tasks for each in task.attempts if number in (0, each.number)]
        found = await asyncio.to_thread(lambda: list(islice(self._matches(attempts, text, any_case), limit + 1)))
        return reply_own(LogMatches(matches=found[:limit], truncated=len(found) > limit))

    def _matches(self, attempts: Sequence[tuple[Task, Attempt]], text: str, any_case: bool) -> Iterator[LogMatch]:
        wanted = text.casefold() if any_case else text
        for task, attempt in attempts:
            for rank, number, line in self._lines(attempt):
                if wanted in (line.casefold() if any_case else line):
                    yield LogMatch(
                        task=task.path,
                        task_id=task.task_id,
                        attempt=attempt.number,
                        rank=rank,
                        line=number,
                        text=line[:SHOWN],
                    )

    def _lines(self, attempt: Attempt) -> Iterator[tuple[int, int, str]]:
        """What the attempt printed, with rank and line number; nothing where it has no log (any more)."""
        for rank in count():
            try:
                file = self.services.home.log(attempt.attempt_id, rank).open("rb")
            except FileNotFoundError:
                return
            with file:
                for number, line in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
                    yield rank, number, line.decode(errors="replace").rstrip("\r\n")
