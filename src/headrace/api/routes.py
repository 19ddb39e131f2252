"""The table of routes: method, path, handler. Read top to bottom by the router: what is asked most stands first."""

import asyncio
import functools

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.api import metrics
from headrace.api.answers import Answers
from headrace.api.artifacts import Artifacts
from headrace.api.backfills import Backfills
from headrace.api.cache import Cache
from headrace.api.content import Content
from headrace.api.disk_meter import DiskMeter
from headrace.api.documents import Documents
from headrace.api.errors import Handler, plain
from headrace.api.events import Events
from headrace.api.experiments import Experiments
from headrace.api.log_search import LogSearch
from headrace.api.logs import Logs
from headrace.api.packages import Packages
from headrace.api.pipelines import Pipelines, Versions
from headrace.api.posting import Posting
from headrace.api.recurring import RecurringRuns
from headrace.api.remote import Remote, rules
from headrace.api.resume import Resumes
from headrace.api.run_view import RunView
from headrace.api.runs import Runs
from headrace.api.server_info import ServerInfo
from headrace.api.services import Services
from headrace.api.stream import Stream
from headrace.api.tasks import Tasks
from headrace.api.uploads import TURNS, Uploads
from headrace.api.v1beta1 import V1
from headrace.api.waiting import Closing, Ticker
from headrace.api.why import Why
from headrace.base.egress import Egress
from headrace.controllers.journal import Journal

V2 = "/apis/v2beta1"
OLD = "/apis/v1beta1"
OWN = "/api/v1"
LOG_TICK_SECONDS = 0.2


def routes(services: Services, closing: Closing, scrape: metrics.Scrape) -> list[Route]:
    """All routes, over the services."""
    documents = Documents()
    view = RunView(services, documents)
    runs = Runs(services, view, Answers(services.database, view.encoded))
    return [
        *_runs(services, runs),
        *_followed(services, closing),
        *_recurring(services, documents),
        *_experiments(services),
        *_pipelines(services, documents),
        *_lineage(services),
        *_cache(services),
        *_server(services, scrape),
        *_old(services, documents, runs),
    ]


def _runs(services: Services, runs: Runs) -> list[Route]:
    tasks, posting, why = Tasks(services), Posting(services), Why(services)
    return [
        _route("GET", f"{V2}/runs/{{run_id}}", runs.get),
        _route("GET", f"{V2}/runs", runs.list),
        _route("POST", f"{V2}/runs", runs.create),
        _route("POST", f"{V2}/runs/{{run_id}}:terminate", runs.terminate),
        _route("POST", f"{V2}/runs/{{run_id}}:archive", runs.archive),
        _route("POST", f"{V2}/runs/{{run_id}}:unarchive", runs.unarchive),
        _route("POST", f"{V2}/runs/{{run_id}}:retry", runs.retry),
        _route("POST", f"{OWN}/runs/{{run_id}}:resume", Resumes(services).post),
        _route("DELETE", f"{V2}/runs/{{run_id}}", runs.delete),
        _route("GET", f"{V2}/runs/{{run_id}}/tasks", tasks.list),
        _route("GET", f"{V2}/runs/{{run_id}}/tasks/{{task_id}}", tasks.get),
        _route("POST", f"{V2}/runs/{{run_id}}/tasks", posting.create_task),
        _route("PATCH", f"{V2}/runs/{{run_id}}/tasks/{{task_id}}", posting.update_task),
        _route("POST", f"{V2}/runs/{{run_id}}/tasks:batchUpdate", posting.update_tasks),
        _route("POST", f"{V2}/tasks:findCached", posting.find_cached),
        _route("GET", f"{OWN}/runs/{{run_id}}/tasks/{{node}}/why", why.get),
    ]


def _followed(services: Services, closing: Closing) -> list[Route]:
    journal = Journal(services.database, services.feed)
    stream, logs = Stream(services, closing), Logs(services, closing, Ticker(LOG_TICK_SECONDS))
    return [
        _route("GET", f"{OWN}/events", Events(services, journal, closing).get),
        _route("GET", f"{OWN}/runs/{{run_id}}/events", stream.events),
        _route("GET", f"{OWN}/runs/{{run_id}}/logs", LogSearch(services).get),
        _route("GET", f"{OWN}/runs/{{run_id}}/tasks/{{node}}/log", plain(logs.get)),
        *(
            _route("GET", f"/apis/{version}/runs/{{run_id}}/nodes/{{node}}/log", plain(logs.get))
            for version in ("v1alpha1", "v1beta1", "v2beta1")
        ),
    ]


def _recurring(services: Services, documents: Documents) -> list[Route]:
    recurring, backfills = RecurringRuns(services, documents), Backfills(services)
    one, ours = f"{V2}/recurringruns/{{recurring_run_id}}", f"{OWN}/recurringruns/{{recurring_run_id}}"
    return [
        _route("GET", f"{V2}/recurringruns", recurring.list),
        _route("POST", f"{V2}/recurringruns", recurring.create),
        _route("GET", one, recurring.get),
        _route("DELETE", one, recurring.delete),
        _route("POST", f"{one}:enable", recurring.enable),
        _route("POST", f"{one}:disable", recurring.disable),
        _route("GET", f"{ours}/ticks", backfills.ticks),
        _route("POST", f"{ours}/backfills", backfills.create),
        _route("GET", f"{ours}/backfills", backfills.list),
        _route("GET", f"{ours}/backfills/{{backfill_id}}", backfills.get),
        _route("POST", f"{ours}/backfills/{{backfill_id}}:stop", backfills.stop),
    ]


def _experiments(services: Services) -> list[Route]:
    experiments = Experiments(services)
    return [
        _route("GET", f"{V2}/experiments", experiments.list),
        _route("POST", f"{V2}/experiments", experiments.create),
        _route("GET", f"{V2}/experiments/{{experiment_id}}", experiments.get),
        _route("DELETE", f"{V2}/experiments/{{experiment_id}}", experiments.delete),
        _route("POST", f"{V2}/experiments/{{experiment_id}}:archive", experiments.archive),
        _route("POST", f"{V2}/experiments/{{experiment_id}}:unarchive", experiments.unarchive),
    ]


def _pipelines(services: Services, documents: Documents) -> list[Route]:
    turns, packages = asyncio.Semaphore(TURNS), Packages(services)
    remote = Remote(packages, Egress(rules(services.settings)), turns)
    pipelines, versions = Pipelines(services, packages, remote), Versions(services, documents, packages, remote)
    uploads = Uploads(services, packages, turns)
    one, all_versions = f"{V2}/pipelines/{{pipeline_id}}", f"{V2}/pipelines/{{pipeline_id}}/versions"
    return [
        _route("POST", f"{V2}/pipelines/upload", plain(uploads.pipeline)),
        _route("POST", f"{V2}/pipelines/upload_version", plain(uploads.version)),
        _route("POST", f"{V2}/pipelines/create", pipelines.create_from_url),
        _route("GET", f"{V2}/pipelines/names/{{name:path}}", pipelines.get_by_name),
        _route("GET", f"{V2}/pipelines", pipelines.list),
        _route("POST", f"{V2}/pipelines", pipelines.create),
        _route("GET", one, pipelines.get),
        _route("PATCH", one, pipelines.update),
        _route("DELETE", one, pipelines.delete),
        _route("GET", all_versions, versions.list),
        _route("POST", all_versions, versions.create),
        _route("GET", f"{all_versions}/{{version_id}}", versions.get),
        _route("PATCH", f"{all_versions}/{{version_id}}", versions.update),
        _route("DELETE", f"{all_versions}/{{version_id}}", versions.delete),
    ]


def _lineage(services: Services) -> list[Route]:
    artifacts, posting, content = Artifacts(services), Posting(services), Content(services)
    return [
        _route("GET", f"{V2}/artifacts", artifacts.list),
        _route("GET", f"{V2}/artifacts/{{artifact_id}}", artifacts.get),
        _route("POST", f"{V2}/artifacts", posting.create_artifact),
        _route("POST", f"{V2}/artifacts:batchCreate", posting.create_artifacts),
        _route("GET", f"{V2}/artifact_tasks", artifacts.list_links),
        _route("POST", f"{V2}/artifact_tasks", posting.create_link),
        _route("POST", f"{V2}/artifact_tasks:batchCreate", posting.create_links),
        _route("GET", f"{OWN}/artifacts/{{artifact_id}}/content", plain(content.get)),
        _route("GET", f"{OWN}/artifacts/{{artifact_id}}/files", plain(content.files)),
        _route("GET", f"{V2}/runs/{{run_id}}/nodes/{{node}}/artifacts/{{name}}:read", content.read_base64),
        _route("GET", "/artifacts/get", plain(content.stored)),
        _route("GET", "/artifacts/{source}/{bucket}/{key:path}", plain(content.stored)),
    ]


def _cache(services: Services) -> list[Route]:
    cache = Cache(services)
    return [
        _route("GET", f"{OWN}/cache", cache.list),
        _route("DELETE", f"{OWN}/cache", cache.drop),
        _route("GET", f"{OWN}/cache/runs/{{run_id}}/tasks/{{node}}", cache.why),
    ]


def _old(services: Services, documents: Documents, runs: Runs) -> list[Route]:
    """The versions before v2beta1. Their logs stand with the others."""
    v1, experiments = V1(services, documents, Packages(services)), Experiments(services)
    recurring, one_job = RecurringRuns(services, documents), f"{OLD}/jobs/{{recurring_run_id}}"
    one_run, one_experiment = f"{OLD}/runs/{{run_id}}", f"{OLD}/experiments/{{experiment_id}}"
    return [
        _route("GET", f"{OLD}/auth", v1.auth),
        _route("GET", f"{OLD}/experiments", v1.list_experiments),
        _route("GET", one_experiment, v1.get_experiment),
        _route("DELETE", one_experiment, experiments.delete),
        _route("POST", f"{one_experiment}:archive", experiments.archive),
        _route("POST", f"{one_experiment}:unarchive", experiments.unarchive),
        _route("GET", f"{OLD}/runs", v1.list_runs),
        _route("GET", one_run, v1.get_run),
        _route("DELETE", one_run, runs.delete),
        _route("POST", f"{one_run}:archive", runs.archive),
        _route("POST", f"{one_run}:unarchive", runs.unarchive),
        _route("POST", f"{one_run}/terminate", runs.terminate),
        _route("POST", f"{one_run}/retry", runs.retry),
        _route("GET", f"{OLD}/jobs", v1.list_jobs),
        _route("GET", one_job, v1.get_job),
        _route("DELETE", one_job, recurring.delete),
        _route("POST", f"{one_job}/enable", recurring.enable),
        _route("POST", f"{one_job}/disable", recurring.disable),
        _route("GET", f"{OLD}/pipelines", v1.list_pipelines),
        _route("GET", f"{OLD}/pipelines/{{pipeline_id}}", v1.get_pipeline),
        _route("DELETE", f"{OLD}/pipelines/{{pipeline_id}}", v1.delete_pipeline),
        _route("GET", f"{OLD}/pipelines/{{pipeline_id}}/templates", v1.template),
        _route("GET", f"{OLD}/namespaces/{{namespace}}/pipelines/{{name}}", v1.get_pipeline_by_name),
        _route("GET", f"{OLD}/pipeline_versions", v1.list_versions),
        _route("GET", f"{OLD}/pipeline_versions/{{version_id}}", v1.get_version),
        _route("DELETE", f"{OLD}/pipeline_versions/{{version_id}}", v1.delete_version),
        _route("GET", f"{OLD}/pipeline_versions/{{version_id}}/templates", v1.template),
    ]


def _server(services: Services, scrape: metrics.Scrape) -> list[Route]:
    info = ServerInfo(services, DiskMeter(services.home, services.clock))
    return [
        _route("GET", "/", info.root),
        _route("GET", f"{V2}/healthz", info.healthz),
        _route("GET", "/apis/v1beta1/healthz", info.healthz),
        _route("GET", f"{OWN}/server", info.server),
        _route("GET", "/metrics", scrape.get),
    ]


def _route(method: str, path: str, handler: Handler) -> Route:
    """A route that notes its template, for metrics."""

    @functools.wraps(handler)
    async def noted(request: Request) -> Response:
        request.scope[metrics.ROUTE] = path
        return await handler(request)

    return Route(path, noted, methods=[method])
