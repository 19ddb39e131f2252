"""`/experiments`: make, list, show, archive and delete them."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, limits, listing, proto_json, query
from headrace.api.body import reply
from headrace.api.convert import catalog as convert
from headrace.api.handlers import Handlers
from headrace.api.wire import catalog as wire
from headrace.api.wire.common import Empty
from headrace.model.catalog import Experiment
from headrace.store import backfills, catalog, schedules
from headrace.store import query as lists
from headrace.store.db import Tx


class Experiments(Handlers):
    async def create(self, request: Request) -> Response:
        asked = proto_json.read(wire.Experiment, await body.read(request))
        experiment = Experiment(
            experiment_id=self.services.fresh_id(),
            name=limits.name(asked.display_name, "display_name"),
            namespace=self.principal(request).namespace,
            created_at=self.services.clock.now(),
            description=asked.description,
        )
        await self.write(lambda tx: catalog.create_experiment(tx, experiment))
        return reply(convert.experiment(experiment))

    async def get(self, request: Request) -> Response:
        experiment_id = query.path(request, "experiment_id")
        return reply(convert.experiment(await self.read(lambda tx: catalog.get_experiment(tx, experiment_id))))

    async def list(self, request: Request) -> Response:
        asked, namespace = listing.asked(request, "Experiment"), self.principal(request).namespace
        page = await self.read(lambda tx: lists.list_experiments(tx, namespace, asked.query))
        return reply(
            wire.ListExperiments(
                experiments=[convert.experiment(each) for each in page.items],
                total_size=page.total,
                next_page_token=asked.token(page.next),
            )
        )

    async def delete(self, request: Request) -> Response:
        experiment_id = query.path(request, "experiment_id")
        await self.write(lambda tx: catalog.delete_experiment(tx, experiment_id))
        return reply(Empty())

    async def archive(self, request: Request) -> Response:
        """Its recurring runs are disabled and their backfills stopped, before its runs go: no other one comes then."""
        namespace, now = self.principal(request).namespace, self.services.clock.now()

        def unit(tx: Tx, experiment_id: str) -> None:
            schedules.disable_of_experiment(tx, namespace, experiment_id, now)
            backfills.stop_of_experiment(tx, namespace, experiment_id)
            catalog.archive_experiment(tx, experiment_id)

        return await self._store(request, unit)

    async def unarchive(self, request: Request) -> Response:
        return await self._store(request, catalog.unarchive_experiment)

    async def _store(self, request: Request, verb: Callable[[Tx, str], None]) -> Response:
        experiment_id = query.path(request, "experiment_id")
        await self.write(lambda tx: verb(tx, experiment_id))
        return reply(Empty())
