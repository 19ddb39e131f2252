"""Runs as messages."""

from collections.abc import Sequence

from msgspec import Raw

from headrace.api.convert import tasks as convert_tasks
from headrace.api.convert.common import history, runtime_state, status
from headrace.api.proto_json import timestamp
from headrace.api.wire import run as wire
from headrace.api.wire.common import StorageState
from headrace.base.json import JsonObject
from headrace.model.run import Run
from headrace.model.task import Task


def run(
    found: Run,
    default_root: str,
    *,
    document: JsonObject | Raw | None = None,
    tasks: Sequence[Task] = (),
    whole: convert_tasks.Whole | None = None,
) -> wire.Run:
    """The run. With its `tasks` it has `run_details`; `whole` asks for 3.0's `tasks` and the document besides.

    `default_root` is the pipeline root of runs that name none.
    """
    from_version = bool(found.pipeline_version_id)
    details = convert_tasks.details(found, tasks)
    return wire.Run(
        experiment_id=found.experiment_id,
        run_id=found.run_id,
        display_name=found.name,
        storage_state=StorageState[found.storage_state.name],
        description=found.description,
        pipeline_spec=document if whole is not None or not from_version else None,
        pipeline_version_reference=_reference(found) if from_version else None,
        runtime_config=_runtime_config(found, default_root),
        service_account=found.service_account,
        created_at=timestamp(found.created_at),
        scheduled_at=timestamp(found.scheduled_at),
        finished_at=timestamp(found.finished_at),
        state=runtime_state(found.state),
        error=status(found.failure),
        run_details=wire.RunDetails(task_details=details) if tasks else None,
        recurring_run_id=found.recurring_run_id,
        state_history=history(found.history),
        plugins_input=dict(found.plugins_input),
        plugins_output=_own(found),
        task_count=len(details),
        tasks=convert_tasks.full(whole) if whole is not None else [],
    )


def _reference(found: Run) -> wire.PipelineVersionReference:
    return wire.PipelineVersionReference(pipeline_id=found.pipeline_id, pipeline_version_id=found.pipeline_version_id)


def _own(found: Run) -> dict[str, JsonObject]:
    """What KFP has no field for, in the place that it has for such: which run this one was resumed from, and where."""
    if found.resume is None:
        return {}
    entries: JsonObject = {"resumed_from": {"value": found.resume.run_id}, "resumed_at": {"value": found.resume.at}}
    return {"headrace": {"entries": entries}}


def _runtime_config(found: Run, default_root: str) -> wire.RuntimeConfig | None:
    """What the user gave, None where that is nothing."""
    root = found.pipeline_root if found.pipeline_root != default_root else ""
    if not found.parameters and not root:
        return None
    return wire.RuntimeConfig(parameters=dict(found.parameters), pipeline_root=root)
