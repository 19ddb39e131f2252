"""Tasks as messages: `PipelineTaskDetail` of 2.17 and `PipelineTask` of 3.0. Takes all tasks of a run."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from headrace.api.convert.artifacts import artifacts
from headrace.api.convert.common import history, runtime_state, status
from headrace.api.proto_json import Int64, timestamp
from headrace.api.wire import run as wire_run
from headrace.api.wire import task as wire
from headrace.model.artifact import Bindings
from headrace.model.run import Run
from headrace.model.state import TASK_STATE
from headrace.model.task import Task, TaskKind


class Family:
    """The tasks of one run, and who is in whom. KFP has no task for an iteration: its tasks are their loop's."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.by_path = {task.path: task for task in tasks}
        self.shown = [task for task in self.by_path.values() if task.kind is not TaskKind.ITERATION]
        self.children: dict[str, list[Task]] = defaultdict(list)
        for task in self.shown:
            self.children[self._parent(task)].append(task)

    def parent_id(self, task: Task) -> str:
        parent = self.by_path.get(self._parent(task))
        return parent.task_id if parent is not None else ""

    def iteration(self, task: Task) -> int:
        """Which iteration of the loop that it is in the task belongs to; -1 for none."""
        parent = self.by_path.get(task.parent)
        return parent.iteration if parent is not None and parent.kind is TaskKind.ITERATION else task.iteration

    def _parent(self, task: Task) -> str:
        parent = self.by_path.get(task.parent)
        return parent.parent if parent is not None and parent.kind is TaskKind.ITERATION else task.parent

    def inside(self, task: Task) -> Sequence[Task]:
        return self.children.get(task.path, ())


def details(run: Run, tasks: Iterable[Task]) -> list[wire_run.PipelineTaskDetail]:
    """All tasks of a run, as 2.17 has them."""
    family = Family(tasks)
    return [_detail(run, task, family) for task in family.shown]


def full(run: Run, tasks: Iterable[Task]) -> list[wire.PipelineTask]:
    """All tasks of a run, as 3.0 has them."""
    family = Family(tasks)
    return [pipeline_task(run, task, family) for task in family.shown]


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


def pipeline_task(run: Run, task: Task, family: Family) -> wire.PipelineTask:
    """One task, as 3.0 has it."""
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
        type_attributes=_attributes(task, family.iteration(task)),
        parent_task_id=family.parent_id(task),
        child_tasks=[wire.ChildTaskName(task_id=child.task_id, name=child.name) for child in family.inside(task)],
        inputs=_bindings(run, task, task.inputs, wire.IOType.COMPONENT_INPUT),
        outputs=_bindings(run, task, task.outputs, wire.IOType.OUTPUT),
        scope_path=task.path,
    )


def _attributes(task: Task, iteration: int) -> wire.TypeAttributes | None:
    """Which iteration the task is of, how many a loop has."""
    if iteration < 0 and task.iterations < 0:
        return None
    return wire.TypeAttributes(
        iteration_index=Int64(str(iteration)) if iteration >= 0 else None,
        iteration_count=Int64(str(task.iterations)) if task.iterations >= 0 else None,
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


def _bindings(run: Run, task: Task, bindings: Bindings, kind: wire.IOType) -> wire.InputOutputs | None:
    """Parameters and artifacts of one side of a task; outputs name their producer."""
    if not bindings.parameters and not bindings.artifacts:
        return None
    producer = wire.Producer(task_name=task.name) if kind is wire.IOType.OUTPUT else None
    return wire.InputOutputs(
        parameters=[
            wire.IOParameter(value=value, type=kind, parameter_key=key, producer=producer)
            for key, value in bindings.parameters.items()
        ],
        artifacts=[
            wire.IOArtifact(
                artifacts=[message for each in bound for message in artifacts(each, run.namespace)],
                type=kind,
                artifact_key=key,
                producer=producer,
            )
            for key, bound in bindings.artifacts.items()
        ],
    )
