"""`/apis/v1beta1`: what front ends and old tools still call, as a view over the same rows.

Verbs and most deletions are v2beta1's own handlers. What is not here, `old_paths` answers.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from headrace.api import listing_v1, query
from headrace.api.body import reply
from headrace.api.convert import v1 as convert
from headrace.api.documents import Documents
from headrace.api.handlers import Handlers
from headrace.api.packages import Packages
from headrace.api.wire import v1 as wire
from headrace.api.wire.common import Empty
from headrace.base.errors import InvalidInput, NotFound
from headrace.model.catalog import Pipeline, PipelineVersion
from headrace.store import artifacts, catalog, schedules
from headrace.store import query as lists
from headrace.store.db import Tx


@dataclass(frozen=True, slots=True)
class V1(Handlers):
    documents: Documents
    packages: Packages

    async def auth(self, request: Request) -> Response:
        """Whether who asks may: a server without authentication has one user, who may."""
        query.enum(request, "verb", wire.AuthVerb)
        query.enum(request, "resources", wire.AuthResources)
        return reply(Empty())

    async def get_experiment(self, request: Request) -> Response:
        experiment_id = query.path(request, "experiment_id")
        return reply(convert.experiment(await self.read(lambda tx: catalog.get_experiment(tx, experiment_id))))

    async def list_experiments(self, request: Request) -> Response:
        asked, namespace = listing_v1.asked(request, "Experiment"), self.principal(request).namespace
        _owner(request, wire.ResourceType.NAMESPACE)
        page = await self.read(lambda tx: lists.list_experiments(tx, namespace, asked.query))
        shown = [convert.experiment(each) for each in page.items]
        token = asked.token(page.next)
        return reply(wire.ListExperiments(experiments=shown, total_size=page.total, next_page_token=token))

    async def get_run(self, request: Request) -> Response:
        """The run with its document, as `run` and `pipeline_runtime`."""
        run_id = query.path(request, "run_id")

        def read(tx: Tx) -> wire.RunDetail:
            found = lists.get_run(tx, run_id)
            manifest = bytes(self.documents.get(tx, found.plan_id)).decode()
            shown = convert.run(found, manifest=manifest, metrics=artifacts.metrics_of(tx, found.key))
            return wire.RunDetail(run=shown, pipeline_runtime=wire.PipelineRuntime(pipeline_manifest=manifest))

        return reply(await self.read(read))

    async def list_runs(self, request: Request) -> Response:
        asked, namespace = listing_v1.asked(request, "Run"), self.principal(request).namespace
        experiment_id = _owner(request, wire.ResourceType.EXPERIMENT, wire.ResourceType.NAMESPACE)
        page = await self.read(lambda tx: lists.list_runs(tx, namespace, asked.query, experiment_id=experiment_id))
        shown = [convert.run(each) for each in page.items]
        return reply(wire.ListRuns(runs=shown, total_size=page.total, next_page_token=asked.token(page.next)))

    async def get_job(self, request: Request) -> Response:
        """A recurring run."""
        job_id = query.path(request, "recurring_run_id")

        def read(tx: Tx) -> wire.Job:
            found = schedules.get_schedule(tx, job_id)
            manifest = bytes(self.documents.get(tx, found.plan_id)).decode() if found.plan_id else ""
            return convert.job(found, manifest=manifest)

        return reply(await self.read(read))

    async def list_jobs(self, request: Request) -> Response:
        asked, namespace = listing_v1.asked(request, "RecurringRun"), self.principal(request).namespace
        experiment_id = _owner(request, wire.ResourceType.EXPERIMENT, wire.ResourceType.NAMESPACE)
        page = await self.read(lambda tx: schedules.list_schedules(tx, namespace, asked.query, experiment_id))
        shown = [convert.job(each) for each in page.items]
        return reply(wire.ListJobs(jobs=shown, total_size=page.total, next_page_token=asked.token(page.next)))

    async def get_pipeline(self, request: Request) -> Response:
        pipeline_id = query.path(request, "pipeline_id")
        return reply(await self.read(lambda tx: self._pipeline(tx, catalog.get_pipeline(tx, pipeline_id))))

    async def delete_pipeline(self, request: Request) -> Response:
        """With its versions, as this version of the API always did."""
        pipeline_id = query.path(request, "pipeline_id")
        await self.packages.forget(await self.write(lambda tx: catalog.delete_pipeline(tx, pipeline_id, cascade=True)))
        return reply(Empty())

    async def delete_version(self, request: Request) -> Response:
        version_id = query.path(request, "version_id")
        await self.write(lambda tx: catalog.delete_version(tx, version_id))
        await self.packages.forget([version_id])
        return reply(Empty())

    async def get_pipeline_by_name(self, request: Request) -> Response:
        """The namespace in the path is the one that there is: it is called `-` where it has no name."""
        name, namespace = query.path(request, "name"), self.principal(request).namespace
        return reply(await self.read(lambda tx: self._pipeline(tx, catalog.get_pipeline_by_name(tx, namespace, name))))

    async def list_pipelines(self, request: Request) -> Response:
        asked, namespace = listing_v1.asked(request, "Pipeline"), self.principal(request).namespace
        _owner(request, wire.ResourceType.NAMESPACE)

        def read(tx: Tx) -> wire.ListPipelines:
            page = lists.list_pipelines(tx, namespace, asked.query)
            shown = [convert.pipeline(each, _latest(tx, each.pipeline_id), None) for each in page.items]
            return wire.ListPipelines(pipelines=shown, total_size=page.total, next_page_token=asked.token(page.next))

        return reply(await self.read(read))

    async def get_version(self, request: Request) -> Response:
        version_id = query.path(request, "version_id")

        def read(tx: Tx) -> wire.PipelineVersion:
            found = catalog.get_version(tx, version_id)
            return convert.version(found, self.plan_if_any(tx, found.plan_id))

        return reply(await self.read(read))

    async def list_versions(self, request: Request) -> Response:
        """Those of the pipeline that `resource_key` names."""
        asked = listing_v1.asked(request, "PipelineVersion")
        pipeline_id = _owner(request, wire.ResourceType.PIPELINE, name="resource_key")
        if not pipeline_id:
            raise InvalidInput(
                "of which pipeline?", where="resource_key.id", hint="Give resource_key.type=PIPELINE, too"
            )
        page = await self.read(lambda tx: lists.list_versions(tx, pipeline_id, asked.query))
        shown = [convert.version(each, None) for each in page.items]
        token = asked.token(page.next)
        return reply(wire.ListPipelineVersions(versions=shown, total_size=page.total, next_page_token=token))

    async def template(self, request: Request) -> Response:
        """The document of a version, or of a pipeline's newest one: as JSON, which is YAML."""
        version_id = request.path_params.get("version_id", "")

        def read(tx: Tx) -> wire.Template:
            if version_id:
                found = catalog.get_version(tx, version_id)
            else:
                found = catalog.latest_version(tx, query.path(request, "pipeline_id"))
            return wire.Template(template=bytes(self.documents.get(tx, found.plan_id)).decode())

        return reply(await self.read(read))

    def _pipeline(self, tx: Tx, found: Pipeline) -> wire.Pipeline:
        latest = _latest(tx, found.pipeline_id)
        return convert.pipeline(found, latest, None if latest is None else self.plan_if_any(tx, latest.plan_id))


def _latest(tx: Tx, pipeline_id: str) -> PipelineVersion | None:
    """The newest version, None where there is none yet."""
    try:
        return catalog.latest_version(tx, pipeline_id)
    except NotFound:
        return None


def _owner(request: Request, *kinds: wire.ResourceType, name: str = "resource_reference_key") -> str:
    """The id of the first of `kinds` that the list is narrowed down to; "" for none, or for another of `kinds`."""
    kind, owner = query.enum(request, f"{name}.type", wire.ResourceType), query.text(request, f"{name}.id")
    if kind is wire.ResourceType.UNKNOWN_RESOURCE_TYPE:
        return ""
    if kind not in kinds:
        raise InvalidInput(f"{kind} does not narrow this list", where=f"{name}.type", hint=f"Give {' or '.join(kinds)}")
    return owner if kind is kinds[0] else ""
