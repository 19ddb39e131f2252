"""Experiments, pipelines and runs in the shapes of v1beta1."""

from collections.abc import Mapping, Sequence

from headrace.api.convert.recurring import trigger_message
from headrace.api.proto_json import Int64, timestamp
from headrace.api.wire import v1 as wire
from headrace.api.wire.run import RuntimeConfig
from headrace.base.json import JsonValue, compact
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion
from headrace.model.run import Run
from headrace.model.schedule import Schedule
from headrace.model.state import State
from headrace.spec.plan import Plan
from headrace.store.views import RunMetric

STATUS = {
    State.PENDING: "Pending",
    State.RUNNING: "Running",
    State.SUCCEEDED: "Succeeded",
    State.CACHED: "Succeeded",
    State.SKIPPED: "Skipped",
    State.FAILED: "Failed",
    State.CANCELING: "Terminating",
    State.CANCELED: "Failed",
}
"""v1 has no word for a run that was stopped: it calls that a failure."""


def experiment(found: Experiment) -> wire.Experiment:
    return wire.Experiment(
        id=found.experiment_id,
        name=found.name,
        description=found.description,
        created_at=timestamp(found.created_at),
        resource_references=_namespace(found.namespace),
        storage_state=wire.StorageState[f"STORAGESTATE_{found.storage_state.name}"],
        last_run_created_at=timestamp(found.last_run_created_at),
    )


def pipeline(found: Pipeline, latest: PipelineVersion | None, plan: Plan | None) -> wire.Pipeline:
    """`latest` is its newest version, which v1 calls the default one; `plan` is that version's, if it is wanted."""
    return wire.Pipeline(
        id=found.pipeline_id,
        created_at=timestamp(found.created_at),
        name=found.name,
        description=found.description,
        parameters=_declared(plan),
        resource_references=_namespace(found.namespace),
        default_version=None if latest is None else version(latest, plan),
    )


def version(found: PipelineVersion, plan: Plan | None) -> wire.PipelineVersion:
    owner = _reference(wire.ResourceType.PIPELINE, found.pipeline_id, wire.Relationship.OWNER)
    return wire.PipelineVersion(
        id=found.pipeline_version_id,
        name=found.name,
        created_at=timestamp(found.created_at),
        parameters=_declared(plan),
        code_source_url=found.code_source_url,
        package_url=wire.Url(pipeline_url=found.package_url) if found.package_url else None,
        resource_references=[owner],
        description=found.description,
    )


def run(found: Run, *, manifest: str = "", metrics: Sequence[RunMetric] = ()) -> wire.Run:
    """`manifest` is the run's document as JSON, "" in lists."""
    error = found.failure.message if found.failure is not None else ""
    if found.state is State.CANCELED and not error:
        error = "the run was terminated"
    return wire.Run(
        id=found.run_id,
        name=found.name,
        storage_state=wire.StorageState[f"STORAGESTATE_{found.storage_state.name}"],
        description=found.description,
        pipeline_spec=_spec(found, manifest),
        resource_references=_owners(found),
        service_account=found.service_account,
        created_at=timestamp(found.created_at),
        scheduled_at=timestamp(found.scheduled_at),
        finished_at=timestamp(found.finished_at),
        status=STATUS[found.state],
        error=error,
        metrics=[
            wire.RunMetric(name=each.name, node_id=each.task_id, number_value=each.value, format=wire.MetricFormat.RAW)
            for each in metrics
        ],
    )


def job(found: Schedule, *, manifest: str = "") -> wire.Job:
    """A recurring run. `manifest` is its document as JSON, "" in lists and where each tick takes the newest."""
    mode = wire.JobMode.ENABLED if found.enabled else wire.JobMode.DISABLED
    given = (
        (wire.ResourceType.EXPERIMENT, found.experiment_id, wire.Relationship.OWNER),
        (wire.ResourceType.PIPELINE_VERSION, found.pipeline_version_id, wire.Relationship.CREATOR),
    )
    return wire.Job(
        id=found.recurring_run_id,
        name=found.name,
        description=found.description,
        pipeline_spec=wire.PipelineSpec(
            pipeline_id=found.pipeline_id,
            pipeline_manifest=manifest,
            parameters=_texts(found.parameters),
            runtime_config=RuntimeConfig(parameters=dict(found.parameters), pipeline_root=found.pipeline_root),
        ),
        resource_references=[_reference(*each) for each in given if each[1]],
        service_account=found.service_account,
        max_concurrency=Int64(str(found.max_concurrency)),
        trigger=trigger_message(found.trigger),
        mode=mode,
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
        status=mode.value,
        error=found.failure.message if found.failure is not None else "",
        enabled=found.enabled,
        no_catchup=not found.catch_up,
    )


def _spec(found: Run, manifest: str) -> wire.PipelineSpec:
    return wire.PipelineSpec(
        pipeline_id=found.pipeline_id,
        pipeline_name=found.pipeline_name,
        pipeline_manifest=manifest,
        parameters=_texts(found.parameters),
        runtime_config=RuntimeConfig(parameters=dict(found.parameters), pipeline_root=found.pipeline_root),
    )


def _owners(found: Run) -> list[wire.ResourceReference]:
    given = (
        (wire.ResourceType.EXPERIMENT, found.experiment_id, wire.Relationship.OWNER),
        (wire.ResourceType.PIPELINE_VERSION, found.pipeline_version_id, wire.Relationship.CREATOR),
        (wire.ResourceType.JOB, found.recurring_run_id, wire.Relationship.CREATOR),
    )
    return [_reference(*each) for each in given if each[1]]


def _namespace(namespace: str) -> list[wire.ResourceReference]:
    """None on a server of one user, whose namespace has no name."""
    return [_reference(wire.ResourceType.NAMESPACE, namespace, wire.Relationship.OWNER)] if namespace else []


def _reference(kind: wire.ResourceType, id: str, relationship: wire.Relationship) -> wire.ResourceReference:
    return wire.ResourceReference(key=wire.ResourceKey(type=kind, id=id), relationship=relationship)


def _declared(plan: Plan | None) -> list[wire.Parameter]:
    """What the pipeline takes, with its defaults."""
    declared = {} if plan is None else plan.root.interface.input_parameters
    return _texts({name: spec.default if spec.has_default else "" for name, spec in declared.items()})


def _texts(values: Mapping[str, JsonValue]) -> list[wire.Parameter]:
    """v1's parameters are text: strings as they are, the rest as JSON."""
    return [
        wire.Parameter(name=name, value=value if isinstance(value, str) else compact(value))
        for name, value in values.items()
    ]
