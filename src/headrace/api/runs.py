"""`/runs`: make, list, show, terminate, archive and delete them. The state of a run is the controllers' to write."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, limits, listing, proto_json, query, sources
from headrace.api.answers import Answers
from headrace.api.body import reply
from headrace.api.handlers import Handlers, named_in
from headrace.api.run_view import RunView
from headrace.api.wire import run as wire
from headrace.api.wire.common import Empty
from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.errors import Conflict, FailedPrecondition, InvalidInput, NotFound
from headrace.base.json import JsonObject
from headrace.model.event import RetryRequested, RunRequested, TerminateRequested
from headrace.model.run import Run, StateChange
from headrace.model.state import State
from headrace.spec.load import Document
from headrace.spec.schedule import macros
from headrace.spec.values import runtime_parameters
from headrace.store import catalog, runs, schedules, upkeep
from headrace.store import query as lists
from headrace.store.db import Tx

MAX_FULL = 100
"""How many runs a page holds at most where each comes with its tasks."""


@dataclass(frozen=True, slots=True)
class Runs(Handlers):
    view: RunView
    answers: Answers

    async def create(self, request: Request) -> Response:
        """Everything is checked before anything is written."""
        raw = await body.read(request)
        quick = len(raw) <= body.QUICK
        asked = await body.work(quick, proto_json.read, wire.Run, raw)
        name = limits.name(asked.display_name, "display_name")
        limits.pipeline_root(asked.runtime_config)
        limits.plugins(asked.plugins_input)
        if asked.plugins_output:
            raise Conflict("plugins_output is the server's to write", where="plugins_output", hint="Leave it out")
        source = await sources.source(self, asked, quick)
        run = self._run(request, asked, name, source)
        given = run.parameters if asked.runtime_config is not None else None
        compiled = self.services.plans.known(source.document.plan_id) is not None
        await body.work(quick and compiled, self._check, source.document, given)

        def unit(tx: Tx) -> Run:
            placed = run
            if run.recurring_run_id and (before := _made_before(tx, run)) is not None:
                return before
            if not run.experiment_id:
                default = catalog.ensure_default_experiment(tx, run.namespace, run.created_at)
                placed = replace(run, experiment_id=default.experiment_id)
            return runs.create_run(tx, placed, source.document.as_json(), RunRequested(run.created_at))

        created = await self.write(unit)
        self.services.wake(created.run_id)
        return reply(self.view.message(created, document=source.document.as_json()))

    def _run(self, request: Request, asked: wire.Run, name: str, source: sources.Source) -> Run:
        """The run as asked for, the macros in its parameters filled in."""
        now, of = self.services.clock.now(), asked.recurring_run_id
        run_id = ids.derived(of, "run", name) if of else self.services.fresh_id()
        config = asked.runtime_config or wire.RuntimeConfig()
        scheduled_at = proto_json.read_time(asked.scheduled_at) if asked.scheduled_at else Instant(0)
        return Run(
            run_id=run_id,
            key=0,
            name=name,
            namespace=self.principal(request).namespace,
            experiment_id=asked.experiment_id or query.text(request, "experiment_id"),
            plan_id=source.document.plan_id,
            pipeline_name=source.document.name,
            created_at=now,
            scheduled_at=scheduled_at or now,
            description=asked.description,
            pipeline_id=source.pipeline_id,
            pipeline_version_id=source.pipeline_version_id,
            recurring_run_id=of,
            parameters=macros.fill(config.parameters, macros.Occasion(run_id, now, scheduled_at)),
            pipeline_root=config.pipeline_root or self.services.settings.pipeline_root,
            service_account=asked.service_account or "pipeline-runner",
            plugins_input=asked.plugins_input,
            history=(StateChange(now, State.PENDING),),
        )

    def _check(self, document: Document, given: JsonObject | None) -> None:
        """The pipeline compiles, and takes the parameters that are given. Raises InvalidSpec, InvalidInput."""
        runtime_parameters(self.services.plans.get(document), given)

    async def get(self, request: Request) -> Response:
        run_id, full = query.path(request, "run_id"), _is_full(request)
        shown = await self.answers.get(run_id, full)
        return Response(shown, media_type="application/json", headers=body.NO_STORE)

    async def list(self, request: Request) -> Response:
        full = _is_full(request)
        asked = listing.asked(request, "Run", max_size=MAX_FULL if full else listing.MAX_SIZE)
        namespace, experiment_id = self.principal(request).namespace, query.text(request, "experiment_id")

        def read(tx: Tx) -> wire.ListRuns:
            page = lists.list_runs(tx, namespace, asked.query, experiment_id=experiment_id)
            shown = [self.view.shown(tx, each.run_id, True) if full else self.view.message(each) for each in page.items]
            return wire.ListRuns(runs=shown, total_size=page.total, next_page_token=asked.token(page.next))

        return reply(await self.read(read))

    async def terminate(self, request: Request) -> Response:
        """The wish goes to the run's inbox; views say CANCELING from its commit on."""
        run_id, wish = query.path(request, "run_id"), TerminateRequested(self.services.clock.now())

        def unit(tx: Tx) -> None:
            state = lists.get_run(tx, run_id).state
            if state not in (State.PENDING, State.RUNNING):
                raise FailedPrecondition(
                    f"Failed to terminate a run: {run_id} is {state}",
                    hint="Only a run that is pending or running can be",
                )
            runs.post(tx, run_id, wish)

        await self.write(unit)
        self.services.wake(run_id)
        return reply(Empty())

    async def retry(self, request: Request) -> Response:
        """The wish goes to the run's inbox; what succeeded is kept, the rest is run again."""
        run_id, wish = query.path(request, "run_id"), RetryRequested(self.services.clock.now())

        def unit(tx: Tx) -> None:
            state = lists.get_run(tx, run_id).state
            if not state.ended:
                raise Conflict(
                    f"Cannot claim run {run_id}: it is {state}, not in a terminal state", hint="Terminate it first"
                )
            runs.post(tx, run_id, wish)

        await self.write(unit)
        self.services.wake(run_id)
        return reply(Empty())

    async def archive(self, request: Request) -> Response:
        return await self._store(request, upkeep.archive_run)

    async def unarchive(self, request: Request) -> Response:
        return await self._store(request, upkeep.unarchive_run)

    async def _store(self, request: Request, verb: Callable[[Tx, str], None]) -> Response:
        run_id = query.path(request, "run_id")
        await self.write(lambda tx: verb(tx, run_id))
        return reply(Empty())

    async def delete(self, request: Request) -> Response:
        """A run that has not ended is out of sight at once; its controllers terminate it, and remove it at its end."""
        run_id, now = query.path(request, "run_id"), self.services.clock.now()
        for woken in await self.write(lambda tx: upkeep.delete_run(tx, run_id, now)):
            self.services.wake(woken)
        return reply(Empty())


def _made_before(tx: Tx, run: Run) -> Run | None:
    """The run of that name that was made for the same recurring run: asking again makes no second one.

    Raises NotFound where there is no such recurring run.
    """
    with named_in("recurring_run_id", "GET .../recurringruns lists them; leave it out for a run by itself"):
        schedules.get_schedule(tx, run.recurring_run_id)
    try:
        return lists.get_run(tx, run.run_id)
    except NotFound:
        return None


def _is_full(request: Request) -> bool:
    view = query.text(request, "view")
    if view not in ("", "DEFAULT", "FULL", "0", "1"):
        raise InvalidInput(f"{view[:40]!r} is no view", where="view", hint="Give DEFAULT or FULL")
    return view in ("FULL", "1")
