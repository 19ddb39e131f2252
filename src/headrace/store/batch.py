"""The changes of one transaction, folded: each row that they touch is written once, however often it changed.

Takes the planner's changes in order. A task that is added and then moves is one insert; a task that moves twice is one
update of the columns that the moves set.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskAdded, TaskMoved, TaskRemoved
from headrace.engine.state import task_after
from headrace.model.artifact import Bindings
from headrace.model.run import StateChange
from headrace.model.state import State
from headrace.model.task import Attempt, Task
from headrace.store.rows import Values, bindings_json, failure_json, history_line


@dataclass(frozen=True, slots=True)
class Use:
    """What went into the task at `path` (`INPUT`), or came out of it (`OUTPUT`)."""

    path: str
    type: str
    bindings: Bindings


@dataclass(slots=True)
class Batch:
    """Rows to remove, to insert, to update. `moves` holds by path the columns that change; `history` is appended."""

    run: Values = field(default_factory=dict)
    added: dict[str, Task] = field(default_factory=dict)
    moves: dict[str, Values] = field(default_factory=dict)
    tried: dict[str, Attempt] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)


def fold(changes: Iterable[Change]) -> Batch:
    """The rows that `changes` write."""
    batch = Batch()
    for change in changes:
        match change:
            case RunMoved():
                _move_run(batch, change)
            case TaskAdded(task):
                _add(batch, task)
            case TaskMoved():
                _move(batch, change)
            case TaskRemoved(path):
                _remove(batch, path)
            case AttemptAdded(attempt):
                batch.tried[attempt.attempt_id] = attempt
            case AttemptMoved(attempt):
                known = batch.tried if attempt.attempt_id in batch.tried else batch.attempts
                known[attempt.attempt_id] = attempt
            case _:
                assert_never(change)
    return batch


def _move_run(batch: Batch, move: RunMoved) -> None:
    values = batch.run
    values["state"] = move.state.value
    values["finished_at"] = move.at if move.state.ended else 0
    if move.failure is not None or move.begins:
        values["failure"] = failure_json(move.failure)
    _append(values, StateChange(move.at, move.state, move.failure))


def _remove(batch: Batch, path: str) -> None:
    """A row that this batch wrote was never needed; one from before goes first."""
    if batch.added.pop(path, None) is None:
        batch.removed.append(path)
    batch.moves.pop(path, None)
    batch.uses[:] = [use for use in batch.uses if use.path != path]


def _add(batch: Batch, task: Task) -> None:
    batch.added[task.path] = task
    _use(batch, task.path, "INPUT", task.inputs)
    _use(batch, task.path, "OUTPUT", task.outputs)


def _move(batch: Batch, move: TaskMoved) -> None:
    if move.outputs is not None:
        _use(batch, move.path, "OUTPUT", move.outputs)
    task = batch.added.get(move.path)
    if task is not None:
        batch.added[move.path] = task_after(task, move)
        return
    values = batch.moves.setdefault(move.path, {})
    values["state"] = move.state.value
    if move.started_at or move.state is State.RUNNING:
        values["started_at"] = move.started_at or move.at
    if move.state.ended:
        values["ended_at"] = move.at
    if move.outputs is not None:
        values["outputs"] = bindings_json(move.outputs)
    if move.cached_from:
        values["cached_from"] = move.cached_from
    if move.failure is not None:
        values["failure"] = failure_json(move.failure)
    if move.reason:
        values["reason"] = move.reason
    _append(values, StateChange(move.at, move.state, move.failure))


def _append(values: Values, change: StateChange) -> None:
    values["history"] = values.get("history", "") + history_line(change)


def _use(batch: Batch, path: str, type: str, bindings: Bindings) -> None:
    if bindings.artifacts:
        batch.uses.append(Use(path, type, bindings))
