"""`/api/v1/retention`: how long things are kept, what would go, letting it go now; and pinning runs."""

from collections.abc import Callable
from dataclasses import asdict, replace

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import body, proto_json, query
from headrace.api.body import reply, reply_own
from headrace.api.handlers import Handlers
from headrace.api.wire import retention as wire
from headrace.api.wire.common import Empty
from headrace.model import retention as model
from headrace.model.retention import PARTS
from headrace.store import catalog
from headrace.store import retention as store
from headrace.store.db import Tx
from headrace.store.foreseen import Foreseen


class Retention(Handlers):
    async def show(self, request: Request) -> Response:
        """The server's, and those of all experiments that say something."""
        namespace, server = self.principal(request).namespace, self.services.pruner.retention

        def read(tx: Tx) -> wire.RetentionPolicy:
            said = store.of_experiments(tx, namespace)
            experiments = [self._of(tx, experiment_id, each) for experiment_id, each in said.items()]
            return wire.RetentionPolicy(
                server=_kept(server),
                experiments=sorted(experiments, key=lambda each: each.display_name),
                pinned_runs=store.pinned(tx, namespace),
            )

        return reply_own(await self.read(read))

    async def get(self, request: Request) -> Response:
        experiment_id = query.path(request, "experiment_id")
        return reply_own(await self.read(lambda tx: self._of(tx, experiment_id, store.get(tx, experiment_id))))

    async def update(self, request: Request) -> Response:
        """Changes what is given."""
        experiment_id = query.path(request, "experiment_id")
        asked = proto_json.read(wire.ChangeRetention, await body.read(request))
        given = {name: text for name in PARTS if (text := getattr(asked, name)) is not None}
        changed = {name: model.parse(text, name) for name, text in given.items()}

        def unit(tx: Tx) -> wire.ExperimentRetention:
            said = replace(store.get(tx, experiment_id), **changed)
            store.put(tx, experiment_id, said)
            return self._of(tx, experiment_id, said)

        return reply_own(await self.write(unit))

    async def run(self, request: Request) -> Response:
        """Lets go what may go now; answers when it is done."""
        asked = proto_json.read(wire.RunRetention, await body.read(request))
        pruner = self.services.pruner
        if asked.dry_run:
            went, named = await pruner.dry_run()
            return reply_own(wire.RetentionResult(dry_run=True, **asdict(went), would=_would(named)))
        return reply_own(wire.RetentionResult(dry_run=False, **asdict(await pruner.run()), would=None))

    async def pin(self, request: Request) -> Response:
        return await self._pin(request, store.pin)

    async def unpin(self, request: Request) -> Response:
        return await self._pin(request, store.unpin)

    async def _pin(self, request: Request, verb: Callable[[Tx, str], None]) -> Response:
        run_id = query.path(request, "run_id")
        await self.write(lambda tx: verb(tx, run_id))
        return reply(Empty())

    def _of(self, tx: Tx, experiment_id: str, said: model.Retention) -> wire.ExperimentRetention:
        return wire.ExperimentRetention(
            experiment_id=experiment_id,
            display_name=catalog.get_experiment(tx, experiment_id).name,
            said=_kept(said),
            in_force=_kept(said.over(self.services.pruner.retention)),
        )


def _would(named: Foreseen) -> wire.WouldGo:
    return wire.WouldGo(
        runs=[wire.GoingRun(run_id=each.run_id, display_name=each.name) for each in named.runs],
        artifacts=[
            wire.GoingArtifact(artifact_id=each.artifact_id, run_id=each.run_id, uri=each.uri)
            for each in named.artifacts
        ],
        executions=[wire.GoingExecution(**asdict(each)) for each in named.executions],
    )


def _kept(retention: model.Retention) -> wire.RetentionTimes:
    return wire.RetentionTimes(**{name: model.spell(getattr(retention, name)) for name in PARTS})
