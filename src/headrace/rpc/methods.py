"""Which HTTP request each gRPC method is, so that both are one handler.

A rule has the verb, the path with the fields of the request that stand in it, and the field that is the body: `*` is
the whole message. All other fields are the query. `descriptors` gives the methods that the .proto files declare.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor

from headrace.rpc.proto import experiment_pb2, healthz_pb2, pipeline_pb2, recurring_run_pb2, run_pb2

FILES: tuple[FileDescriptor, ...] = (
    experiment_pb2.DESCRIPTOR,
    pipeline_pb2.DESCRIPTOR,
    run_pb2.DESCRIPTOR,
    recurring_run_pb2.DESCRIPTOR,
    healthz_pb2.DESCRIPTOR,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """`path` is below `/apis/v2beta1`; of a `{field:path}` the value may hold slashes."""

    verb: str
    path: str
    body: str = ""


_EXPERIMENT = "/experiments/{experiment_id}"
_PIPELINE = "/pipelines/{pipeline_id}"
_VERSION = f"{_PIPELINE}/versions/{{pipeline_version_id}}"
_CHANGED = "/pipelines/{pipeline.pipeline_id}"
_CHANGED_VERSION = "/pipelines/{pipeline_version.pipeline_id}/versions/{pipeline_version.pipeline_version_id}"
_RUN = "/runs/{run_id}"
_RECURRING_RUN = "/recurringruns/{recurring_run_id}"

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "CreateExperiment": Rule("POST", "/experiments", "experiment"),
        "GetExperiment": Rule("GET", _EXPERIMENT),
        "ListExperiments": Rule("GET", "/experiments"),
        "ArchiveExperiment": Rule("POST", f"{_EXPERIMENT}:archive"),
        "UnarchiveExperiment": Rule("POST", f"{_EXPERIMENT}:unarchive"),
        "DeleteExperiment": Rule("DELETE", _EXPERIMENT),
        "CreatePipeline": Rule("POST", "/pipelines", "pipeline"),
        "GetPipeline": Rule("GET", _PIPELINE),
        "GetPipelineByName": Rule("GET", "/pipelines/names/{name:path}"),
        "ListPipelines": Rule("GET", "/pipelines"),
        "UpdatePipeline": Rule("PATCH", _CHANGED, "pipeline"),
        "DeletePipeline": Rule("DELETE", _PIPELINE),
        "CreatePipelineAndVersion": Rule("POST", "/pipelines/create", "*"),
        "CreatePipelineVersion": Rule("POST", f"{_PIPELINE}/versions", "pipeline_version"),
        "GetPipelineVersion": Rule("GET", _VERSION),
        "ListPipelineVersions": Rule("GET", f"{_PIPELINE}/versions"),
        "UpdatePipelineVersion": Rule("PATCH", _CHANGED_VERSION, "pipeline_version"),
        "DeletePipelineVersion": Rule("DELETE", _VERSION),
        "CreateRun": Rule("POST", "/runs", "run"),
        "GetRun": Rule("GET", _RUN),
        "ListRuns": Rule("GET", "/runs"),
        "ArchiveRun": Rule("POST", f"{_RUN}:archive"),
        "UnarchiveRun": Rule("POST", f"{_RUN}:unarchive"),
        "DeleteRun": Rule("DELETE", _RUN),
        "ReadArtifact": Rule("GET", f"{_RUN}/nodes/{{node_id}}/artifacts/{{artifact_name}}:read"),
        "TerminateRun": Rule("POST", f"{_RUN}:terminate"),
        "RetryRun": Rule("POST", f"{_RUN}:retry"),
        "CreateRecurringRun": Rule("POST", "/recurringruns", "recurring_run"),
        "GetRecurringRun": Rule("GET", _RECURRING_RUN),
        "ListRecurringRuns": Rule("GET", "/recurringruns"),
        "EnableRecurringRun": Rule("POST", f"{_RECURRING_RUN}:enable"),
        "DisableRecurringRun": Rule("POST", f"{_RECURRING_RUN}:disable"),
        "DeleteRecurringRun": Rule("DELETE", _RECURRING_RUN),
        "GetHealthz": Rule("GET", "/healthz"),
    }
)
"""By the names of the methods, of which no two services have the same."""


def descriptors() -> Iterator[MethodDescriptor]:
    """Every method of every service."""
    for file in FILES:
        for service in file.services_by_name.values():
            yield from service.methods
