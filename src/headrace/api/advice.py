"""`GET /api/v1/runs/{run}/advice`: which requests and limits its components should have, from what they used.

A component's history is that of the same name in the same pipeline: in this run and in earlier ones, whose documents
may be others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import query
from headrace.api.body import reply_own
from headrace.api.handlers import Handlers
from headrace.api.wire import usage as wire
from headrace.base.clock import SECOND
from headrace.model.run import Run
from headrace.model.task import ROOT, Attempt, child
from headrace.spec.plan import Container, Dag, Plan
from headrace.spec.sizing import Execution, Sizing, lines, size
from headrace.store import executions
from headrace.store import query as lists
from headrace.store.db import Tx

_RUNS = 50
_ATTEMPTS = 20_000
"""What is looked at, at most: the latest."""


@dataclass(slots=True)
class _History:
    """A component of the run's plan, with its tasks there, and what is known of it."""

    component: Container
    tasks: list[str] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)


class Advices(Handlers):
    async def get(self, request: Request) -> Response:
        run_id = query.path(request, "run_id")
        return reply_own(await self.read(lambda tx: self._advise(tx, run_id)))

    def _advise(self, tx: Tx, run_id: str) -> wire.Advice:
        run = lists.get_run(tx, run_id)
        histories: dict[str, _History] = {}
        for path, component in _containers(self.plan(tx, run.plan_id).root, ROOT):
            histories.setdefault(component.component, _History(component)).tasks.append(path)
        self._collect(tx, run, histories)
        return wire.Advice(
            run_id=run_id, pipeline=run.pipeline_name, components=[_told(each) for each in histories.values()]
        )

    def _collect(self, tx: Tx, run: Run, histories: dict[str, _History]) -> None:
        for executed in executions.of_pipeline(tx, run, runs=_RUNS, attempts=_ATTEMPTS):
            plan = self.plan_if_any(tx, executed.plan_id)
            for attempt in executed.attempts if plan is not None else ():
                history = histories.get(_component(plan, attempt.path)) if plan is not None else None
                found = _execution(attempt)
                if history is not None and found is not None:
                    history.executions.append(found)
                    history.runs.add(executed.run_id)


def _containers(dag: Dag, path: str) -> Iterator[tuple[str, Container]]:
    """The commands of a pipeline, by the paths of their tasks without iterations."""
    for task in dag.tasks.values():
        if isinstance(task.component, Container):
            yield child(path, task.name), task.component
        elif isinstance(task.component, Dag):
            yield from _containers(task.component, child(path, task.name))


def _component(plan: Plan, path: str) -> str:
    try:
        return plan.find(path).component.component
    except KeyError:
        return ""  # of a document that has changed since


def _execution(attempt: Attempt) -> Execution | None:
    """What can be learnt of the attempt: nothing where no process was seen to end."""
    if attempt.usage is None or not attempt.started_at or not attempt.usage.peak_memory:
        return None
    seconds = (attempt.ended_at - attempt.started_at) / SECOND
    return Execution(attempt.usage, seconds, attempt.exit_code == 0)


def _told(history: _History) -> wire.ComponentAdvice:
    sizing, now = size(history.executions), history.component.resources
    name = history.tasks[0].rpartition(".")[2].replace("-", "_")
    return wire.ComponentAdvice(
        component=history.component.component,
        tasks=history.tasks,
        executions=sizing.executions,
        runs=len(history.runs),
        killed=sizing.killed,
        measured=_measured(sizing),
        current=wire.Sizes(
            cpu_request=now.cpu_request,
            cpu_limit=now.cpu_limit,
            memory_request=now.memory_request,
            memory_limit=now.memory_limit,
        ),
        suggested=wire.Sizes(
            cpu_request=sizing.cpu_request,
            cpu_limit=sizing.cpu_limit,
            memory_request=sizing.memory_request,
            memory_limit=sizing.memory_limit,
        ),
        lines=list(lines(name, sizing)),
    )


def _measured(sizing: Sizing) -> wire.Measured:
    return wire.Measured(
        seconds=sizing.seconds,
        cores=sizing.cores,
        peak_cores=sizing.peak_cores,
        memory=sizing.memory,
        peak_memory=sizing.peak_memory,
    )
