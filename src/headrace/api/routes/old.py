"""v1beta1, a view over the same rows. Its logs stand with the others."""

from headrace.api.documents import Documents
from headrace.api.experiments import Experiments
from headrace.api.operation import Operation, Parameter, choice
from headrace.api.packages import Packages
from headrace.api.proto_json import Message
from headrace.api.recurring import RecurringRuns
from headrace.api.route import OLD, PAGE_V1, ApiRoute
from headrace.api.routes.recurring import POLICY
from headrace.api.runs import Runs
from headrace.api.services import Services
from headrace.api.v1beta1 import V1
from headrace.api.wire import v1 as wire
from headrace.api.wire.common import Empty
from headrace.api.wire.verbs import IdVerb, RunVerb, Verb

_AS_IN_V2 = "as in v2beta1"
_NAMESPACE = Parameter("namespace", "The namespace")


def old_routes(services: Services, documents: Documents, runs: Runs) -> list[ApiRoute]:
    v1 = V1(services, documents, Packages(services))
    return [
        ApiRoute(
            "GET",
            f"{OLD}/auth",
            v1.auth,
            Operation(
                "AuthService_AuthorizeV1",
                "ask whether who asks may; `{}` says so",
                Empty,
                query=(
                    _NAMESPACE,
                    choice("resources", "What of", *wire.AuthResources),
                    choice("verb", "What for", *wire.AuthVerb),
                ),
            ),
        ),
        *_experiments(v1, Experiments(services)),
        *_runs(v1, runs),
        *_jobs(v1, RecurringRuns(services, documents)),
        *_pipelines(v1),
        *_versions(v1),
    ]


def _experiments(v1: V1, experiments: Experiments) -> list[ApiRoute]:
    one, service = f"{OLD}/experiments/{{experiment_id}}", "ExperimentService"
    return [
        ApiRoute(
            "GET",
            f"{OLD}/experiments",
            v1.list_experiments,
            _list("ExperimentService_ListExperimentsV1", "list experiments", wire.ListExperiments, "NAMESPACE"),
        ),
        ApiRoute(
            "GET",
            one,
            v1.get_experiment,
            Operation("ExperimentService_GetExperimentV1", "get an experiment", wire.Experiment),
        ),
        ApiRoute(
            "DELETE",
            one,
            experiments.delete,
            Operation(f"{service}_DeleteExperimentV1", f"remove an experiment; {_AS_IN_V2}", Empty, errors=(409,)),
        ),
        ApiRoute(
            "POST",
            f"{one}:archive",
            experiments.archive,
            _verb(f"{service}_ArchiveExperimentV1", f"archive an experiment; {_AS_IN_V2}"),
        ),
        ApiRoute(
            "POST",
            f"{one}:unarchive",
            experiments.unarchive,
            _verb(f"{service}_UnarchiveExperimentV1", f"put an archived experiment back; {_AS_IN_V2}"),
        ),
    ]


def _runs(v1: V1, runs: Runs) -> list[ApiRoute]:
    one = f"{OLD}/runs/{{run_id}}"
    return [
        ApiRoute(
            "GET",
            f"{OLD}/runs",
            v1.list_runs,
            _list(
                "RunService_ListRunsV1",
                "list runs; `resource_reference_key.type=EXPERIMENT` and `.id` narrow it down",
                wire.ListRuns,
                "EXPERIMENT",
                "NAMESPACE",
            ),
        ),
        ApiRoute(
            "GET",
            one,
            v1.get_run,
            Operation("RunService_GetRunV1", "get a run, with its document and its metrics", wire.RunDetail),
        ),
        ApiRoute("DELETE", one, runs.delete, Operation("RunService_DeleteRunV1", f"remove a run; {_AS_IN_V2}", Empty)),
        ApiRoute(
            "POST",
            f"{one}:archive",
            runs.archive,
            _verb("RunService_ArchiveRunV1", f"archive a run; {_AS_IN_V2}", takes=RunVerb),
        ),
        ApiRoute(
            "POST",
            f"{one}:unarchive",
            runs.unarchive,
            _verb("RunService_UnarchiveRunV1", f"put an archived run back on the lists; {_AS_IN_V2}", takes=RunVerb),
        ),
        ApiRoute(
            "POST",
            f"{one}/terminate",
            runs.terminate,
            _verb("RunService_TerminateRunV1", f"terminate a run; {_AS_IN_V2}", takes=RunVerb),
        ),
        ApiRoute(
            "POST",
            f"{one}/retry",
            runs.retry,
            _verb("RunService_RetryRunV1", f"retry a run; {_AS_IN_V2}", 409, takes=RunVerb),
        ),
    ]


def _jobs(v1: V1, recurring: RecurringRuns) -> list[ApiRoute]:
    one = f"{OLD}/jobs/{{recurring_run_id}}"
    return [
        ApiRoute(
            "GET",
            f"{OLD}/jobs",
            v1.list_jobs,
            _list("JobService_ListJobs", "list recurring runs", wire.ListJobs, "EXPERIMENT", "NAMESPACE"),
        ),
        ApiRoute("GET", one, v1.get_job, Operation("JobService_GetJob", "get a recurring run", wire.Job)),
        ApiRoute(
            "DELETE",
            one,
            recurring.delete,
            Operation("JobService_DeleteJob", f"remove a recurring run; {_AS_IN_V2}", Empty, query=(POLICY,)),
        ),
        ApiRoute(
            "POST",
            f"{one}/enable",
            recurring.enable,
            _verb("JobService_EnableJob", f"let a recurring run make runs; {_AS_IN_V2}"),
        ),
        ApiRoute(
            "POST",
            f"{one}/disable",
            recurring.disable,
            _verb("JobService_DisableJob", f"keep a recurring run from making runs; {_AS_IN_V2}"),
        ),
    ]


def _pipelines(v1: V1) -> list[ApiRoute]:
    one = f"{OLD}/pipelines/{{pipeline_id}}"
    return [
        ApiRoute(
            "GET",
            f"{OLD}/pipelines",
            v1.list_pipelines,
            _list(
                "PipelineService_ListPipelinesV1",
                "list pipelines, each with its newest version",
                wire.ListPipelines,
                "NAMESPACE",
            ),
        ),
        ApiRoute(
            "GET", one, v1.get_pipeline, Operation("PipelineService_GetPipelineV1", "get a pipeline", wire.Pipeline)
        ),
        ApiRoute(
            "DELETE",
            one,
            v1.delete_pipeline,
            Operation("PipelineService_DeletePipelineV1", "remove a pipeline with its versions", Empty),
        ),
        ApiRoute(
            "GET",
            f"{one}/templates",
            v1.template,
            Operation("PipelineService_GetTemplate", "get the document of a pipeline's newest version", wire.Template),
        ),
        ApiRoute(
            "GET",
            f"{OLD}/namespaces/{{namespace}}/pipelines/{{name}}",
            v1.get_pipeline_by_name,
            Operation("PipelineService_GetPipelineByNameV1", "get a pipeline by its name", wire.Pipeline),
        ),
    ]


def _versions(v1: V1) -> list[ApiRoute]:
    one = f"{OLD}/pipeline_versions/{{version_id}}"
    return [
        ApiRoute(
            "GET",
            f"{OLD}/pipeline_versions",
            v1.list_versions,
            Operation(
                "PipelineService_ListPipelineVersionsV1",
                "list the versions of the pipeline `resource_key.id`",
                wire.ListPipelineVersions,
                query=(
                    *PAGE_V1,
                    choice("resource_key.type", "What `resource_key.id` is the id of", "PIPELINE"),
                    Parameter("resource_key.id", "The pipeline", required=True),
                ),
                errors=(404,),
            ),
        ),
        ApiRoute(
            "GET",
            one,
            v1.get_version,
            Operation("PipelineService_GetPipelineVersionV1", "get a version", wire.PipelineVersion),
        ),
        ApiRoute(
            "DELETE",
            one,
            v1.delete_version,
            Operation("PipelineService_DeletePipelineVersionV1", "remove a version", Empty),
        ),
        ApiRoute(
            "GET",
            f"{one}/templates",
            v1.template,
            Operation("PipelineService_GetPipelineVersionTemplate", "get a version's document", wire.Template),
        ),
    ]


def _list(name: str, text: str, gives: type[Message], *owners: str) -> Operation:
    """A list that may be narrowed down to what belongs to one of `owners`."""
    owner = (
        choice("resource_reference_key.type", "What `resource_reference_key.id` is the id of", *owners),
        Parameter("resource_reference_key.id", "Only what belongs to this"),
    )
    return Operation(name, text, gives, query=(*PAGE_V1, *owner))


def _verb(name: str, text: str, *errors: int, takes: type[Verb] = IdVerb) -> Operation:
    return Operation(name, text, Empty, takes=takes, errors=errors)
