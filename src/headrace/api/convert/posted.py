"""Tasks that clients post: what they say of one, checked, as a row; and the row as the message again.

The message is kept whole in the row. What follows from other rows (children, artifacts) is put in when it is shown.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import msgspec

from headrace.api import limits, proto_json
from headrace.api.convert.artifacts import artifact
from headrace.api.convert.origins import producer
from headrace.api.proto_json import read_time, timestamp
from headrace.api.wire import task as wire
from headrace.base.clock import Instant
from headrace.base.errors import FailedPrecondition, InvalidInput
from headrace.base.json import JsonObject
from headrace.model.artifact import Bindings
from headrace.model.run import Failure, Run, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, Task, TaskKind, child
from headrace.store.posted import PostedLink

_FIXED = ("name", "task_id", "run_id", "type", "parent_task_id", "create_time", "scope_path")
"""What of a task stays as it was posted."""

_STATES = {
    wire.TaskState.RUNNING: State.RUNNING,
    wire.TaskState.SUCCEEDED: State.SUCCEEDED,
    wire.TaskState.SKIPPED: State.SKIPPED,
    wire.TaskState.FAILED: State.FAILED,
    wire.TaskState.CACHED: State.CACHED,
}
_LINKED = "Artifacts are linked to tasks by POST /apis/v2beta1/artifact_tasks"


def new_task(asked: wire.PipelineTask, run: Run, parent: Task | None, task_id: str, now: Instant) -> Task:
    """The row of a task that a client posts under `parent`. Raises InvalidInput."""
    name = limits.name(asked.name, "name")
    if asked.task_id:
        raise InvalidInput("task_id is the server's to give", where="task_id", hint="Leave it out")
    if asked.run_id not in ("", run.run_id):
        raise InvalidInput(f"{asked.run_id[:80]!r} is not the run in the path", where="run_id", hint="Leave it out")
    if asked.type is wire.TaskType.ROOT:
        raise InvalidInput("a run has one ROOT task, its own", where="type", hint="Post a task under it")
    _refuse_derived(asked)
    state = _STATES.get(asked.state, State.RUNNING)
    asked.task_id, asked.run_id, asked.create_time = task_id, run.run_id, timestamp(now)
    asked.type, asked.display_name = asked.type or wire.TaskType.RUNTIME, asked.display_name or name
    asked.start_time = asked.start_time or timestamp(now)
    asked.parent_task_id = parent.task_id if parent is not None else ""
    asked.scope_path = asked.scope_path or child(_place(parent), name)
    above = parent.path if parent is not None else ROOT
    task = Task(
        task_id=task_id,
        path=child(above, task_id),
        parent=above,
        name=name,
        display_name=asked.display_name,
        kind=TaskKind.__members__.get(asked.type.name, TaskKind.RUNTIME),
        state=state,
        created_at=now,
        posted={},
    )
    return _settled(task, asked, now, moved=True)


def changed_task(task: Task, asked: wire.PipelineTask, given: Collection[str], now: Instant) -> Task:
    """The row after a client changed the fields that are `given`. Parameters are changed key by key.

    Raises InvalidInput for what cannot change, FailedPrecondition for a task that has ended otherwise.
    """
    kept = message(task)
    for name in _FIXED:
        if name in given and getattr(asked, name) not in (getattr(kept, name), "", None):
            raise InvalidInput("cannot change once the task is there", where=name, hint="Leave it out")
    _refuse_derived(asked)
    moves = "state" in given and asked.state in _STATES and _STATES[asked.state] is not task.state
    if moves and task.state.ended:
        raise FailedPrecondition(f"Task {task.task_id} has ended: it is {kept.state}", hint="Post another task")
    for name in ("display_name", "pods", "cache_fingerprint", "start_time", "end_time", "status_metadata"):
        if name in given:
            setattr(kept, name, getattr(asked, name))
    if "type_attributes" in given:
        kept.type_attributes = asked.type_attributes
    kept.inputs, kept.outputs = _merged(kept.inputs, asked.inputs), _merged(kept.outputs, asked.outputs)
    if moves:
        kept.state = asked.state
        task = replace(task, state=_STATES[asked.state])
    return _settled(task, kept, now, moved=moves)


def message(task: Task) -> wire.PipelineTask:
    """What the client said of the task."""
    return proto_json.from_json(wire.PipelineTask, task.posted)


def _place(parent: Task | None) -> str:
    """Where the parent is, as it is shown."""
    if parent is None:
        return ROOT
    return parent.path if parent.posted is None else message(parent).scope_path


def shown(
    task: Task, run: Run, children: Sequence[Task], parent_id: str, links: Sequence[PostedLink]
) -> wire.PipelineTask:
    """The task as a client sees it, with what has been linked to it since."""
    found = message(task)
    found.parent_task_id = parent_id
    found.child_tasks = [wire.ChildTaskName(task_id=each.task_id, name=each.name) for each in children]
    return linked(found, run, links)


def linked(found: wire.PipelineTask, run: Run, links: Sequence[PostedLink]) -> wire.PipelineTask:
    """The message, with the artifacts that clients linked to the task among its inputs and outputs."""
    for link in links:
        group = wire.IOArtifact(
            artifacts=[artifact(link.artifact, run.namespace)],
            type=wire.IOType[link.origin.type.name],
            artifact_key=link.key,
            producer=producer(link.origin),
        )
        if link.origin.type.is_output:
            found.outputs = _with(found.outputs, group)
        else:
            found.inputs = _with(found.inputs, group)
    return found


def _with(side: wire.InputOutputs | None, added: wire.IOArtifact) -> wire.InputOutputs:
    """The side with a link more: artifacts of one key, type and producer stand together."""
    side = side or wire.InputOutputs(parameters=[], artifacts=[])
    for group in side.artifacts:
        if (group.artifact_key, group.type, group.producer) == (added.artifact_key, added.type, added.producer):
            group.artifacts = [*group.artifacts, *added.artifacts]
            return side
    side.artifacts = [*side.artifacts, added]
    return side


def _settled(task: Task, said: wire.PipelineTask, now: Instant, *, moved: bool) -> Task:
    """The row that says what `said` does; a move is a line of its history."""
    said.state = next(name for name, state in _STATES.items() if state is task.state)
    ended = read_time(said.end_time) if said.end_time else now
    if task.state.ended and not task.ended_at:
        said.end_time = timestamp(ended)
    reason = said.status_metadata.message if said.status_metadata is not None else ""
    failure = Failure(reason or "it failed") if task.state is State.FAILED else None
    history = task.history
    if moved:
        history = (*history, StateChange(now, task.state, failure))
        line = wire.TaskStatus(update_time=timestamp(now), state=said.state)
        said.state_history = [*said.state_history, line]
    attributes = said.type_attributes or wire.TypeAttributes()
    return replace(
        task,
        display_name=said.display_name,
        started_at=read_time(said.start_time) if said.start_time else Instant(0),
        ended_at=read_time(said.end_time) if task.state.ended else Instant(0),
        inputs=_parameters(said.inputs),
        outputs=_parameters(said.outputs),
        fingerprint=said.cache_fingerprint,
        failure=failure,
        reason=reason,
        history=history,
        iteration=limits.iteration(attributes.iteration_index, "type_attributes.iteration_index"),
        iterations=limits.iteration(attributes.iteration_count, "type_attributes.iteration_count"),
        posted=_document(said),
    )


def _document(said: wire.PipelineTask) -> JsonObject:
    found: JsonObject = msgspec.json.decode(proto_json.encode(said))
    return found


def _parameters(side: wire.InputOutputs | None) -> Bindings:
    return Bindings({each.parameter_key: each.value for each in side.parameters} if side is not None else {})


def _merged(kept: wire.InputOutputs | None, given: wire.InputOutputs | None) -> wire.InputOutputs | None:
    """The parameters that were there, and those that are given in their place or besides."""
    if given is None or kept is None:
        return given if kept is None else kept
    new = {each.parameter_key for each in given.parameters}
    old = [each for each in kept.parameters if each.parameter_key not in new]
    return wire.InputOutputs(parameters=[*old, *given.parameters], artifacts=[])


def _refuse_derived(asked: wire.PipelineTask) -> None:
    """What other rows say: children are their own, artifacts are linked."""
    if asked.child_tasks:
        raise InvalidInput("the server tells the children", where="child_tasks", hint="Post them with parent_task_id")
    for where, side in (("inputs", asked.inputs), ("outputs", asked.outputs)):
        if side is not None and side.artifacts:
            raise InvalidInput("artifacts are not taken here", where=f"{where}.artifacts", hint=_LINKED)
        if side is not None and any(not each.parameter_key for each in side.parameters):
            raise InvalidInput("a parameter has no key", where=f"{where}.parameters", hint="Give parameter_key")
