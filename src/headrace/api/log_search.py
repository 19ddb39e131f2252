"""`GET /api/v1/runs/{run}/logs?q=TEXT`: the lines that hold a text, in the logs of all attempts of a run.

The files are read through, a line at a time, in a thread; nothing is indexed. Lines are told as they are, but cut. What
overwrites itself may never end its line: a long one is looked through in pieces that overlap.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count, islice
from typing import TextIO

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
PIECE = 64 * 1024
SHOWN = 2000
"""Characters: that are looked through at once, and that are told of a line."""


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
        for task, attempt in attempts:
            for rank, log in self._logs(attempt):
                for number, line in lines_with(text, log, any_case):
                    yield LogMatch(
                        task=task.path,
                        task_id=task.task_id,
                        attempt=attempt.number,
                        rank=rank,
                        line=number,
                        text=line,
                    )

    def _logs(self, attempt: Attempt) -> Iterator[tuple[int, TextIO]]:
        """What the attempt printed, each rank's while it is read; nothing where it has no log (any more)."""
        for rank in count():
            try:
                log = self.services.home.log(attempt.attempt_id, rank).open(
                    encoding="utf-8", errors="replace", newline="\n"
                )
            except FileNotFoundError:
                return
            with log:
                yield rank, log


def lines_with(text: str, log: TextIO, any_case: bool) -> Iterator[tuple[int, str]]:
    """The number, from 1, and the beginning of each line that holds the text, however long the line is."""
    fold = str.casefold if any_case else str
    wanted = fold(text)
    number, begin, tail, holds = 1, "", "", False
    for piece in iter(partial(log.readline, PIECE), ""):
        begin = begin or piece
        seen = tail + fold(piece)
        holds = holds or wanted in seen
        tail = seen[max(0, len(seen) - len(wanted) + 1) :]
        if piece.endswith("\n"):
            if holds:
                yield number, _shown(begin)
            number, begin, tail, holds = number + 1, "", "", False
    if holds:
        yield number, _shown(begin)


def _shown(begin: str) -> str:
    return begin.rstrip("\r\n")[:SHOWN]
