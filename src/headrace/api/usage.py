"""`GET /api/v1/runs/{run}/usage`: what the steps of a run used; of one task, its samples over time."""

import asyncio
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import query
from headrace.api.body import reply_own
from headrace.api.handlers import Handlers
from headrace.api.log_target import aim, pick
from headrace.api.wire import usage as wire
from headrace.base.clock import SECOND, to_rfc3339
from headrace.base.errors import NotFound
from headrace.launch.runner.wire import USAGE
from headrace.model.task import Attempt, Task
from headrace.store import executions
from headrace.store import query as lists
from headrace.store.db import Tx


class UsageOfSteps(Handlers):
    async def of_run(self, request: Request) -> Response:
        run_id = query.path(request, "run_id")
        made = await self.read(lambda tx: executions.of_run(tx, run_id))
        tasks: dict[str, wire.TaskUsage] = {}
        for each in made:
            task = tasks.setdefault(
                each.task_id, wire.TaskUsage(task=each.attempt.path, task_id=each.task_id, attempts=[])
            )
            task.attempts.append(_told(each.attempt))
        return reply_own(wire.RunUsage(run_id=run_id, tasks=list(tasks.values())))

    async def of_task(self, request: Request) -> Response:
        run_id, node = query.path(request, "run_id"), query.path(request, "node")
        number = query.number(request, "attempt", 0)

        def read(tx: Tx) -> tuple[Task, Attempt | None]:
            target = aim(lists.get_tasks(tx, run_id), node, number)
            task = lists.get_task(tx, run_id, target.task_id)
            return task, pick(lists.get_run(tx, run_id), task, target.number).last

        task, attempt = await self.read(read)
        if attempt is None:
            raise NotFound("the task has not been started", where=node)
        file = self.services.home.attempt(attempt.attempt_id) / USAGE
        samples = await asyncio.to_thread(_samples, file)
        return reply_own(
            wire.TaskSamples(task=task.path, task_id=task.task_id, attempt=attempt.number, samples=samples)
        )


def _told(attempt: Attempt) -> wire.AttemptUsage:
    used, ended = attempt.usage, attempt.ended_at
    return wire.AttemptUsage(
        attempt=attempt.number,
        attempt_id=attempt.attempt_id,
        state=attempt.state,
        started_at=to_rfc3339(attempt.started_at) if attempt.started_at else None,
        exit_code=attempt.exit_code,
        seconds=(ended - attempt.started_at) / SECOND if ended and attempt.started_at else None,
        cpu_seconds=None if used is None else used.cpu_seconds,
        peak_cores=None if used is None else used.peak_cores or None,
        peak_memory=None if used is None else used.peak_memory or None,
        average_memory=None if used is None else used.average_memory or None,
        largest_process=None if used is None else used.max_rss or None,
        read_bytes=None if used is None else used.read_bytes,
        written_bytes=None if used is None else used.written_bytes,
    )


def _samples(file: Path) -> list[wire.Sample]:
    """The series that the step's supervisor has written; its last line may not be whole yet."""
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return []  # it ran for less than a second, or its folder was removed
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [_sample(*json.loads(line)) for line in lines]


def _sample(seconds: float, cpu: float, memory: int, read: int, written: int) -> wire.Sample:
    return wire.Sample(seconds=seconds, cpu_seconds=cpu, memory=memory, read_bytes=read, written_bytes=written)
