"""Experiments, pipelines and versions as messages."""

from msgspec import Raw

from headrace.api.proto_json import timestamp
from headrace.api.wire import catalog as wire
from headrace.api.wire.common import StorageState
from headrace.base.json import JsonObject
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion


def experiment(found: Experiment) -> wire.Experiment:
    return wire.Experiment(
        experiment_id=found.experiment_id,
        display_name=found.name,
        description=found.description,
        created_at=timestamp(found.created_at),
        namespace=found.namespace,
        storage_state=StorageState[found.storage_state.name],
        last_run_created_at=timestamp(found.last_run_created_at),
    )


def pipeline(found: Pipeline) -> wire.Pipeline:
    return wire.Pipeline(
        pipeline_id=found.pipeline_id,
        display_name=found.display_name,
        name=found.name,
        description=found.description,
        created_at=timestamp(found.created_at),
        namespace=found.namespace,
        tags=dict(found.tags),
    )


def version(found: PipelineVersion, document: JsonObject | Raw | None) -> wire.PipelineVersion:
    """`document` is the parsed pipeline, None in lists that do not show it."""
    return wire.PipelineVersion(
        pipeline_id=found.pipeline_id,
        pipeline_version_id=found.pipeline_version_id,
        display_name=found.display_name,
        name=found.name,
        description=found.description,
        created_at=timestamp(found.created_at),
        package_url=wire.Url(pipeline_url=found.package_url) if found.package_url else None,
        code_source_url=found.code_source_url,
        pipeline_spec=document,
        tags=dict(found.tags),
    )
