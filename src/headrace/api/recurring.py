"""`/recurringruns`: make, list, show, enable, disable and delete them. Their runs are the controllers' to make."""

import asyncio
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, limits, listing, proto_json, query, sources
from headrace.api.body import reply
from headrace.api.convert import recurring as convert
from headrace.api.documents import Documents
from headrace.api.handlers import Handlers
from headrace.api.wire import recurring as wire
from headrace.api.wire.common import Empty
from headrace.api.wire.run import RuntimeConfig
from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.engine.ticks import next_tick
from headrace.model.event import TerminateRequested
from headrace.model.schedule import CronTrigger, Schedule
from headrace.spec.schedule import macros
from headrace.spec.values import runtime_parameters
from headrace.store import catalog, runs, schedules
from headrace.store.db import Tx

MOST_AT_ONCE = 10

_POLICIES = {
    **dict.fromkeys(("", "0", "DELETE_PROPAGATION_POLICY_UNSPECIFIED", "3", "ORPHAN"), False),
    **dict.fromkeys(("1", "FOREGROUND", "2", "BACKGROUND"), True),
}
"""Whether its runs that have not ended are terminated too."""


@dataclass(frozen=True, slots=True)
class RecurringRuns(Handlers):
    documents: Documents

    async def create(self, request: Request) -> Response:
        """Everything is checked before anything is written."""
        raw = await body.read(request)
        quick = len(raw) <= body.QUICK
        asked = await body.work(quick, proto_json.read, wire.RecurringRun, raw)
        limits.name(asked.display_name, "display_name")
        limits.pipeline_root(asked.runtime_config)
        limits.plugins(asked.plugins_input)
        source = await sources.source(self, asked, quick)
        schedule = self._schedule(request, asked, source)
        await asyncio.to_thread(self._check, source, asked.runtime_config, schedule)

        def unit(tx: Tx) -> Schedule:
            placed = schedule
            if not placed.experiment_id:
                default = catalog.ensure_default_experiment(tx, placed.namespace, placed.created_at)
                placed = replace(placed, experiment_id=default.experiment_id)
            if placed.plan_id:
                runs.keep_document(tx, placed.plan_id, source.document.as_json())
            return schedules.create_schedule(tx, placed)

        created = await self.write(unit)
        self.services.schedules_changed()
        return reply(convert.recurring_run(created, document=source.document.as_json()))

    def _schedule(self, request: Request, asked: wire.RecurringRun, source: sources.Source) -> Schedule:
        now = self.services.clock.now()
        config = asked.runtime_config or RuntimeConfig()
        at_once = int(asked.max_concurrency)
        if not 1 <= at_once <= MOST_AT_ONCE:
            hint = f"Give 1 to {MOST_AT_ONCE}"
            raise InvalidInput(f"{at_once} is no number of runs at once", where="max_concurrency", hint=hint)
        trigger = convert.trigger(asked.trigger, self.services.settings.schedule_timezone, now)
        return Schedule(
            recurring_run_id=self.services.fresh_id(),
            name=asked.display_name,
            namespace=self.principal(request).namespace,
            experiment_id=asked.experiment_id,
            trigger=trigger,
            created_at=now,
            updated_at=now,
            enabled=asked.mode is wire.Mode.ENABLE,
            catch_up=not asked.no_catchup,
            max_concurrency=at_once,
            plan_id="" if source.newest else source.document.plan_id,
            pipeline_id=source.pipeline_id,
            pipeline_version_id="" if source.newest else source.pipeline_version_id,
            parameters=config.parameters,
            pipeline_root=config.pipeline_root,
            service_account=asked.service_account or "pipeline-runner",
            description=asked.description,
            plugins_input=asked.plugins_input,
            next_tick=next_tick(trigger, now, Instant(0)),
        )

    def _check(self, source: sources.Source, config: RuntimeConfig | None, schedule: Schedule) -> None:
        """The pipeline compiles, and takes the parameters that its first run will have."""
        zone = schedule.trigger.timezone if isinstance(schedule.trigger, CronTrigger) else "UTC"
        first = schedule.next_tick or schedule.created_at
        occasion = macros.Occasion(schedule.recurring_run_id, schedule.created_at, first, 1, zone)
        given = macros.fill(config.parameters, occasion) if config is not None else None
        runtime_parameters(self.services.plans.get(source.document), given)

    async def get(self, request: Request) -> Response:
        recurring_run_id = query.path(request, "recurring_run_id")

        def read(tx: Tx) -> wire.RecurringRun:
            found = schedules.get_schedule(tx, recurring_run_id)
            document = None if found.pipeline_id else self.documents.get(tx, found.plan_id)
            return convert.recurring_run(found, document=document)

        return reply(await self.read(read))

    async def list(self, request: Request) -> Response:
        asked, namespace = listing.asked(request, "RecurringRun"), self.principal(request).namespace
        experiment_id = query.text(request, "experiment_id")
        page = await self.read(lambda tx: schedules.list_schedules(tx, namespace, asked.query, experiment_id))
        return reply(
            wire.ListRecurringRuns(
                recurringRuns=[convert.recurring_run(each) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )
        )

    async def enable(self, request: Request) -> Response:
        return await self._enable(request, enabled=True)

    async def disable(self, request: Request) -> Response:
        return await self._enable(request, enabled=False)

    async def _enable(self, request: Request, *, enabled: bool) -> Response:
        recurring_run_id, now = query.path(request, "recurring_run_id"), self.services.clock.now()
        await self.write(lambda tx: schedules.enable_schedule(tx, recurring_run_id, now, enabled=enabled))
        self.services.schedules_changed()
        return reply(Empty())

    async def delete(self, request: Request) -> Response:
        """Its runs stay; with the policies that KFP has for that, those that have not ended are terminated."""
        recurring_run_id, policy = query.path(request, "recurring_run_id"), query.text(request, "propagation_policy")
        if policy not in _POLICIES:
            hint = "Give FOREGROUND, BACKGROUND or ORPHAN"
            raise InvalidInput(f"{policy[:40]!r} is no policy", where="propagation_policy", hint=hint)
        wish = TerminateRequested(self.services.clock.now())

        def unit(tx: Tx) -> list[str]:
            schedules.delete_schedule(tx, recurring_run_id)
            live = schedules.live_runs(tx, recurring_run_id) if _POLICIES[policy] else []
            for run_id in live:
                runs.post(tx, run_id, wish)
            return live

        for run_id in await self.write(unit):
            self.services.wake(run_id)
        return reply(Empty())
