"""What a step printed, as plain text; with `follow=true` until the attempt has ended.

KFP's routes name a `node`, ours a `task`: either is a task's id, path or name, or an attempt's id. The bytes are the
attempt's log file as it is. Ends are told by the feed; while a step runs its file is looked at on one shared tick.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from headrace.api import query
from headrace.api.handlers import Handlers
from headrace.api.waiting import Closing, Ticker, first
from headrace.base.errors import InvalidInput, NotFound
from headrace.model.run import Run
from headrace.model.task import ROOT, Attempt, AttemptState, Task
from headrace.spec.load import document_from_json
from headrace.spec.plan import Container
from headrace.store import query as lists
from headrace.store import runs
from headrace.store.db import Tx

CHUNK = 256 * 1024

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a request for a log leads to: the attempt, if there is one yet; `over` when nothing more will be printed."""

    attempt: Attempt | None
    over: bool


@dataclass(frozen=True, slots=True)
class Logs(Handlers):
    closing: Closing
    ticker: Ticker

    async def get(self, request: Request) -> Response:
        run_id, node = query.path(request, "run_id"), query.path(request, "node")
        number = query.number(request, "attempt", 0)
        follow = query.flag(request, "follow")
        found = await self._find(run_id, node, number, follow=follow)
        if not follow:
            path = self._log(found.attempt, node)
            return _response(_whole(path, path.stat().st_size))
        return _response(self._follow(run_id, node, number))

    async def _find(self, run_id: str, node: str, number: int, *, follow: bool) -> Found:
        """Who follows may be early: a task that is still to be reached is one without an attempt."""

        def read(tx: Tx) -> Found:
            run, tasks = lists.get_run(tx, run_id), lists.get_tasks(tx, run_id)
            if follow and not run.state.ended and self._is_to_come(tx, run, tasks, node):
                return Found(None, False)
            return find(run, tasks, node, number)

        return await self.read(read)

    def _is_to_come(self, tx: Tx, run: Run, tasks: Sequence[Task], node: str) -> bool:
        """The run's pipeline has a task at that path (with or without `root.`), which has not been reached."""
        path = node if node.startswith(f"{ROOT}.") else f"{ROOT}.{node}"
        if any(task.path == path for task in tasks):
            return False
        plans = self.services.plans
        plan = plans.known(run.plan_id) or plans.get(document_from_json(runs.load_document(tx, run.plan_id)))
        try:
            return isinstance(plan.find(path).component, Container)
        except KeyError:
            return False

    def _log(self, attempt: Attempt | None, node: str) -> Path:
        """The log file of the attempt. Raises NotFound that says why there is none."""
        if attempt is None:
            raise NotFound("the task has not been started", where=node, hint="With ?follow=true the log is waited for")
        path = self.services.home.log(attempt.attempt_id)
        if not path.is_file():
            why = "the attempt printed nothing yet" if attempt.state is AttemptState.OPEN else "its folder was removed"
            raise NotFound(f"there is no log: {why}", where=node)
        return path

    async def _follow(self, run_id: str, node: str, number: int) -> AsyncIterator[bytes]:
        """The log as it grows. The end is asked for before the file is read, so that nothing is left behind."""
        offset, found = 0, Found(None, False)
        feed = self.services.feed
        news = feed.watch(run_id)
        try:
            fresh = True
            while True:
                if fresh:
                    feed.unwatch(run_id, news)
                    news = feed.watch(run_id)
                    found = await self._still(run_id, node, number)
                if found.attempt is not None:
                    path = self.services.home.log(found.attempt.attempt_id)
                    while chunk := await asyncio.to_thread(_read, path, offset):
                        offset += len(chunk)
                        yield chunk
                if found.over or self.closing.is_set():
                    return
                running = found.attempt is not None and found.attempt.state is not AttemptState.ENDED
                await first(self.closing, (news, self.ticker.next()) if running else (news,))
                fresh = news.done()
        finally:
            feed.unwatch(run_id, news)

    async def _still(self, run_id: str, node: str, number: int) -> Found:
        """As `_find`, where the answer has begun: a task that turns out never to run has an empty log."""
        try:
            return await self._find(run_id, node, number, follow=True)
        except NotFound:
            return Found(None, True)


def find(run: Run, tasks: Sequence[Task], node: str, number: int = 0) -> Found:
    """The attempt that `node` means: the one with that id, or the task's last, or its `number`th from 1.

    Raises NotFound for a name that the run does not have, InvalidInput for one that several tasks have.
    """
    for task in tasks:
        for attempt in task.attempts:
            if attempt.attempt_id == node:
                return Found(attempt, attempt.state is AttemptState.ENDED or run.state.ended)
    task = find_task(tasks, node)
    if task.kind.is_group:
        inside = ", ".join(each.path for each in tasks if each.parent == task.path)
        raise InvalidInput("the task is a pipeline and prints nothing itself", where=node, hint=f"In it are: {inside}")
    if task.cached_from:
        raise NotFound(
            f"the task was not run: its outputs are those of the task {task.cached_from}",
            where=node,
            hint="That task's log is in the run that it belongs to",
        )
    if number > len(task.attempts) and (number or task.state.ended):
        raise NotFound(f"the task has {len(task.attempts)} attempts, no number {number}", where=node)
    if not task.attempts:
        if task.state.ended:
            reason = task.failure.message if task.failure is not None else task.reason
            raise NotFound(f"the task was never started: it is {task.state}. {reason}".rstrip(" ."), where=node)
        return Found(None, run.state.ended)
    attempt = task.attempts[number - 1 if number else -1]
    return Found(attempt, attempt.state is AttemptState.ENDED or run.state.ended)


def find_task(tasks: Sequence[Task], node: str) -> Task:
    """The task with that id, path (with or without `root.`) or name."""
    paths = (node, f"{ROOT}.{node}")
    for task in tasks:
        if task.task_id == node or task.path in paths:
            return task
    named = [task for task in tasks if node in (task.name, task.display_name)]
    if len(named) == 1:
        return named[0]
    if named:
        hint = f"Give a path: {', '.join(task.path for task in named[:10])}"
        raise InvalidInput(f"{len(named)} tasks have that name", where=node[:200], hint=hint)
    known = ", ".join(task.path for task in tasks if not task.kind.is_group)
    raise NotFound("no task of the run has that name or id", where=node[:200], hint=f"It has: {known[:1000]}")


async def _whole(path: Path, size: int) -> AsyncIterator[bytes]:
    """The file as long as it was when it was asked for."""
    offset = 0
    while offset < size and (chunk := await asyncio.to_thread(_read, path, offset, size - offset)):
        offset += len(chunk)
        yield chunk


def _read(path: Path, offset: int, most: int = CHUNK) -> bytes:
    """What the file holds at `offset`; nothing, where it is not there (yet, or any more)."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(min(most, CHUNK))
    except FileNotFoundError:
        return b""


def _response(content: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(content, media_type="text/plain; charset=utf-8", headers=_HEADERS)
