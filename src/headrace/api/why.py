"""`GET /api/v1/runs/{run}/tasks/{task}/why`: why a task is where it is, or the run (`root`).

What the planner knows comes from `engine.explain`; what an earlier execution has to do with it, from the cache.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import query
from headrace.api.body import reply_own
from headrace.api.cache_reason import of_cache
from headrace.api.handlers import Handlers
from headrace.api.log_target import find_task
from headrace.api.wire import own
from headrace.base.errors import NotFound
from headrace.engine.explain import Explanation, why
from headrace.engine.state import Options, RunState
from headrace.model.task import ROOT, task_id
from headrace.store import runs
from headrace.store.db import Tx


class Why(Handlers):
    async def get(self, request: Request) -> Response:
        run_id, node = query.path(request, "run_id"), query.path(request, "node")

        def read(tx: Tx) -> Explanation:
            rows = runs.load_run(tx, run_id)
            state = RunState.load(self.plan(tx, rows.run.plan_id), Options(), rows.run, rows.tasks, rows.retired)
            explained = why(state, path_of(state, node))
            task = state.tasks.get(explained.path)
            attempt = task.open_attempt if task is not None else None
            if attempt is not None and (reason := self.services.waits_for(attempt.attempt_id)):
                explained = replace(explained, headline=f"it waits {reason}: attempt {attempt.number} is to start")
            if task is None or task.kind.is_group:
                return explained
            return replace(explained, details=(*explained.details, *of_cache(tx, state, task)))

        return reply_own(told(run_id, await self.read(read)))


def path_of(state: RunState, node: str) -> str:
    """The path of the task that `node` names; it may be one that was not reached, by its path."""
    if node == ROOT:
        return ROOT
    try:
        return find_task(list(state.tasks.values()), node).path
    except NotFound:
        path = node if node.startswith(f"{ROOT}.") else f"{ROOT}.{node}"
        try:
            state.plan_of(path)
        except KeyError:
            path = ""
        if not path:
            raise
        return path


def told(run_id: str, explained: Explanation) -> own.Explanation:
    """The answer of the route."""
    return own.Explanation(
        run_id=run_id,
        task_id=task_id(run_id, explained.path),
        path=explained.path,
        state=explained.state,
        headline=explained.headline,
        details=[own.Detail(label=label, text=text) for label, text in explained.details],
    )
