"""Tasks as messages: `PipelineTaskDetail` of 2.17 and `PipelineTask` of 3.0. Takes all tasks of a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headrace.api.convert import posted
from headrace.api.convert.artifacts import artifacts
from headrace.api.convert.common import history, runtime_state, status
from headrace.api.convert.family import Family
from headrace.api.convert.origins import Origins, producer
from headrace.api.proto_json import Int64, timestamp
from headrace.api.wire import run as wire_run
from headrace.api.wire import task as wire
from headrace.base.json import JsonValue
from headrace.model.artifact import Bindings, Origin
from headrace.model.run import Run
from headrace.model.state import TASK_STATE
from headrace.model.task import Task
from headrace.spec.origins import Side
from headrace.spec.plan import Plan
from headrace.store.posted import PostedLink


@dataclass(frozen=True, slots=True)
class Whole:
    """A run with all its tasks, which each of its tasks is told against."""

    run: Run
    family: Family
    origins: Origins
    links: Mapping[str, Sequence[PostedLink]]

    @classmethod
    def of(
        cls, run: Run, tasks: Iterable[Task], plan: Plan | None, links: Mapping[str, Sequence[PostedLink]]
    ) -> "Whole":
        """`plan` is None where the run's document cannot be compiled; `links` are those of clients, by task id."""
        family = Family(tasks)
        given = frozenset(name for name, value in run.parameters.items() if value is not None)
        return cls(run, family, Origins(plan, family, given), links)


def details(run: Run, tasks: Iterable[Task]) -> list[wire_run.PipelineTaskDetail]:
    """All tasks of a run, as 2.17 has them."""
    family = Family(tasks)
    return [_detail(run, task, family) for task in family.shown]


def full(whole: Whole) -> list[wire.PipelineTask]:
    """All tasks of a run, as 3.0 has them."""
    return [pipeline_task(whole, task) for task in whole.family.shown]


def _detail(run: Run, task: Task, family: Family) -> wire_run.PipelineTaskDetail:
    last = task.attempts[-1].attempt_id if task.attempts else ""
    failed = [each.attempt_id for each in task.attempts if each.failure is not None]
    return wire_run.PipelineTaskDetail(
        run_id=run.run_id,
        task_id=task.task_id,
        display_name=task.display_name,
        create_time=timestamp(task.created_at),
        start_time=timestamp(task.started_at),
        end_time=timestamp(task.ended_at),
        executor_detail=wire_run.ExecutorDetail(main_job=last, failed_main_jobs=failed) if last else None,
        state=runtime_state(task.state),
        error=status(task.failure),
        inputs=_artifact_lists(task.inputs),
        outputs=_artifact_lists(task.outputs),
        parent_task_id=family.parent_id(task),
        state_history=history(task.history),
        pod_name=last,
        child_tasks=[wire_run.ChildTask(task_id=child.task_id) for child in family.inside(task)],
    )


def _artifact_lists(bindings: Bindings) -> dict[str, wire_run.ArtifactList]:
    return {
        name: wire_run.ArtifactList(artifact_ids=[each.artifact_id for each in bound])
        for name, bound in bindings.artifacts.items()
    }


def pipeline_task(whole: Whole, task: Task) -> wire.PipelineTask:
    """One task, as 3.0 has it."""
    links, family = whole.links.get(task.task_id, ()), whole.family
    if task.posted is not None:
        return posted.shown(task, whole.run, family.inside(task), family.parent_id(task), links)
    return posted.linked(_planned(whole, task), whole.run, links)


def _planned(whole: Whole, task: Task) -> wire.PipelineTask:
    """A task of the planner's."""
    run, family, origins = whole.run, whole.family, whole.origins
    return wire.PipelineTask(
        name=task.name,
        display_name=task.display_name,
        task_id=task.task_id,
        run_id=run.run_id,
        pods=[
            wire.Pod(name=each.attempt_id, uid=each.attempt_id, type=wire.PodType.EXECUTOR) for each in task.attempts
        ],
        cache_fingerprint=task.fingerprint,
        create_time=timestamp(task.created_at),
        start_time=timestamp(task.started_at),
        end_time=timestamp(task.ended_at),
        state=wire.TaskState[TASK_STATE[task.state]],
        status_metadata=_status_metadata(task),
        state_history=_history(task),
        type=wire.TaskType[task.kind.name],
        type_attributes=_attributes(task, family.iteration(task), workspace=origins.goes_to_workspace(task)),
        parent_task_id=family.parent_id(task),
        child_tasks=[wire.ChildTaskName(task_id=child.task_id, name=child.name) for child in family.inside(task)],
        inputs=_bindings(run, task.inputs, origins.inputs(task)),
        outputs=_bindings(run, task.outputs, origins.outputs(task)),
        scope_path=task.path,
    )


def _attributes(task: Task, iteration: int, *, workspace: bool) -> wire.TypeAttributes | None:
    """Which iteration the task is of, how many a loop has, whether an importer copies into the workspace."""
    if iteration < 0 and task.iterations < 0 and not workspace:
        return None
    return wire.TypeAttributes(
        iteration_index=Int64(str(iteration)) if iteration >= 0 else None,
        iteration_count=Int64(str(task.iterations)) if task.iterations >= 0 else None,
        download_to_workspace=workspace,
    )


def _status_metadata(task: Task) -> wire.StatusMetadata | None:
    """Why the task is where it is: its failure, or the reason given for a skip or a warning."""
    message = task.failure.message if task.failure is not None else task.reason
    properties = {"cached_from": task.cached_from} if task.cached_from else {}
    if not message and not properties:
        return None
    return wire.StatusMetadata(message=message, custom_properties=dict(properties))


def _history(task: Task) -> list[wire.TaskStatus]:
    return [
        wire.TaskStatus(
            update_time=timestamp(each.at), state=wire.TaskState[TASK_STATE[each.state]], error=status(each.failure)
        )
        for each in task.history
    ]


def _bindings(run: Run, bindings: Bindings, side: Side) -> wire.InputOutputs | None:
    """Parameters and artifacts of one side of a task, and where they are from."""
    if not bindings.parameters and not bindings.artifacts:
        return None
    return wire.InputOutputs(
        parameters=[_parameter(key, value, side.parameter(key)) for key, value in bindings.parameters.items()],
        artifacts=[
            wire.IOArtifact(
                artifacts=[message for each in bound for message in artifacts(each, run.namespace)],
                type=wire.IOType[(origin := side.artifact(key)).type.name],
                artifact_key=key,
                producer=producer(origin),
            )
            for key, bound in bindings.artifacts.items()
        ],
    )


def _parameter(key: str, value: JsonValue, origin: Origin) -> wire.IOParameter:
    return wire.IOParameter(
        value=value, type=wire.IOType[origin.type.name], parameter_key=key, producer=producer(origin)
    )
