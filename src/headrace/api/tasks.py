"""KFP 3.0's tasks: `/runs/{run}/tasks`, all of a run or those of one parent, and one of them."""

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import listing, query
from headrace.api.body import reply
from headrace.api.convert import tasks as convert
from headrace.api.handlers import Handlers
from headrace.api.log_target import find_task
from headrace.api.wire import task as wire
from headrace.model.run import Run
from headrace.store import query as lists
from headrace.store import runs
from headrace.store.db import Tx
from headrace.store.posted import links_of
from headrace.store.task_list import list_tasks


class Tasks(Handlers):
    async def list(self, request: Request) -> Response:
        run_id, parent_id = query.path(request, "run_id"), query.text(request, "parent_id")
        asked = listing.asked(request, "PipelineTask", sort="order_by")

        def read(tx: Tx) -> wire.ListTasks:
            page = list_tasks(tx, run_id, asked.query, parent_id=parent_id)
            whole = self.whole(tx, run_id)
            return wire.ListTasks(
                tasks=[convert.pipeline_task(whole, each) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )

        return reply(await self.read(read))

    async def get(self, request: Request) -> Response:
        run_id, node = query.path(request, "run_id"), query.path(request, "task_id")

        def read(tx: Tx) -> wire.PipelineTask:
            whole = self.whole(tx, run_id)
            return convert.pipeline_task(whole, find_task(list(whole.family.by_path.values()), node))

        return reply(await self.read(read))

    def whole(self, tx: Tx, run_id: str) -> convert.Whole:
        """The run with its tasks, and what clients linked to them. Raises NotFound."""
        return whole_run(self, tx, lists.get_run(tx, run_id))


def whole_run(handlers: Handlers, tx: Tx, run: Run) -> convert.Whole:
    """The run with all that its tasks are told against."""
    tasks, plan = runs.load_tasks(tx, run.key), handlers.plan_if_any(tx, run.plan_id)
    return convert.Whole.of(run, tasks, plan, links_of(tx, run.key))
