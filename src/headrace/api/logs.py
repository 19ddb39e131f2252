"""What a step printed, as plain text: its last attempt, or the one that is asked for; with `tail=N` its last N lines,
with a `Range` those bytes, with `rank=R` what that process of a training job printed. With `follow=true` all attempts
one after the other, until the task has ended.

KFP's routes name a `node`, ours a `task`: either is a task's id, path or name, or an attempt's id. The bytes are the
attempt's log file as it is. Ends are told by the feed; while a step runs its file is looked at on one shared tick.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from headrace.api import log_file, query
from headrace.api.handlers import Handlers
from headrace.api.log_target import Found, Target, aim, pick
from headrace.api.log_tries import Tries
from headrace.api.ranges import Bytes, respond
from headrace.api.waiting import Closing, Ticker, first
from headrace.base.errors import NotFound
from headrace.model.run import Run
from headrace.model.task import ROOT, AttemptState, Task, task_id
from headrace.spec.plan import Container
from headrace.spec.workers import ANNOTATION
from headrace.store import query as lists
from headrace.store.db import Tx

_RANKS = f"a training job has as many others as its annotation {ANNOTATION} says, less one"
_TYPE = "text/plain; charset=utf-8"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Logs(Handlers):
    closing: Closing
    ticker: Ticker

    async def get(self, request: Request) -> Response:
        run_id, node = query.path(request, "run_id"), query.path(request, "node")
        number, tail = query.number(request, "attempt", 0), query.number(request, "tail", log_file.ALL)
        rank = query.number(request, "rank", 0)
        if query.flag(request, "follow"):
            return _response(self._follow(run_id, await self._aim(run_id, node, number), rank, tail))
        path = await self._log(run_id, node, number, rank)
        size, begin = path.stat().st_size, await log_file.start(path, tail)
        told = Bytes(size - begin, _TYPE, _HEADERS)
        return respond(request, told, lambda start, end: _part(path, begin + start, begin + end))

    async def _log(self, run_id: str, node: str, number: int, rank: int) -> Path:
        """The log file that there is now. Raises NotFound that says why there is none."""

        def read(tx: Tx) -> Found:
            target = aim(lists.get_tasks(tx, run_id), node, number)
            return pick(lists.get_run(tx, run_id), lists.get_task(tx, run_id, target.task_id), target.number)

        attempt = (await self.read(read)).last
        if attempt is None:
            raise NotFound("the task has not been started", where=node, hint="With ?follow=true the log is waited for")
        path = self.services.home.log(attempt.attempt_id, rank)
        if not path.is_file():
            if rank and self.services.home.log(attempt.attempt_id).is_file():
                raise NotFound(
                    f"there is no log of rank {rank}", where=node, hint=f"Rank 0 is the step's own; {_RANKS}"
                )
            why = "the attempt printed nothing yet" if attempt.state is AttemptState.OPEN else "its folder was removed"
            raise NotFound(f"there is no log: {why}", where=node)
        return path

    async def _aim(self, run_id: str, node: str, number: int) -> Target:
        """Who follows may be early: a task that is still to be reached will do. Raises as `_log` does."""

        def read(tx: Tx) -> Target:
            run, tasks = lists.get_run(tx, run_id), lists.get_tasks(tx, run_id)
            path = node if node.startswith(f"{ROOT}.") else f"{ROOT}.{node}"
            if not run.state.ended and self._is_to_come(tx, run, tasks, path):
                return Target(task_id(run_id, path), number)
            target = aim(tasks, node, number)
            pick(run, lists.get_task(tx, run_id, target.task_id), target.number)
            return target

        return await self.read(read)

    def _is_to_come(self, tx: Tx, run: Run, tasks: Sequence[Task], path: str) -> bool:
        """The run's pipeline has a step at that path, which has not been reached."""
        if any(task.path == path for task in tasks):
            return False
        try:
            return isinstance(self.plan(tx, run.plan_id).find(path).component, Container)
        except KeyError:
            return False

    async def _follow(self, run_id: str, target: Target, rank: int, tail: int) -> AsyncIterator[bytes]:
        """The log as it grows. The end is asked for before the files are read, so that nothing is left behind."""
        tries, found = Tries(self.services.home, rank, tail), Found((), False)
        feed = self.services.feed
        news = feed.watch(run_id)
        try:
            fresh = True
            while True:
                if fresh:
                    feed.unwatch(run_id, news)
                    news = feed.watch(run_id)
                    found = await self._look(run_id, target)
                async for chunk in tries.more(found.attempts):
                    yield chunk
                if found.over or self.closing.is_set():
                    return
                await first(self.closing, (news, self.ticker.next()) if found.attempts else (news,))
                fresh = news.done()
        finally:
            feed.unwatch(run_id, news)

    async def _look(self, run_id: str, target: Target) -> Found:
        """The attempts as they are now. The answer has begun: a task that turns out never to run has an empty log."""

        def read(tx: Tx) -> Found:
            run = lists.get_run(tx, run_id)
            try:
                task = lists.get_task(tx, run_id, target.task_id)
            except NotFound:
                return Found((), run.state.ended)
            return pick(run, task, target.number)

        try:
            return await self.read(read)
        except NotFound:
            return Found((), True)


async def _part(path: Path, offset: int, end: int) -> AsyncIterator[bytes]:
    """The file from `offset` on, as long as it was when it was asked for."""
    while offset < end and (chunk := await asyncio.to_thread(log_file.read, path, offset, end - offset)):
        offset += len(chunk)
        yield chunk


def _response(content: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(content, media_type=_TYPE, headers=_HEADERS)
