"""The history of a run, which streams follow: one row per event, with the changes that it led to.

Row `number` counts up per run. Its payload holds what the event said (`event`) and what then changed (`changes`, in
order; a change belongs to the last event of its transaction that is about its task, else to the last of all). A viewer
that folds the changes over the tasks it knows, by `path`, has the live tree:

- `{"what": "run", "at", "state", "failure"?}`
- `{"what": "task", "path", "at", "state", "failure"?, "reason"?, "cached_from"?, "started_at"?, "ended_at"?}`, and for
  a task that is new also `"task_id", "parent", "name", "display_name", "kind", "created_at"`
- `{"what": "removed", "path"}`: as if it had not been reached; it may be new again later
- `{"what": "attempt", "path", "attempt_id", "number", "state", "created_at", "started_at"?, "ended_at"?, "exit_code"?,
  "failure"?}`

Inputs and outputs are not in it: they may be large, and have their rows.
"""

from collections.abc import Sequence
from typing import Any, assert_never

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject, JsonValue
from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskAdded, TaskMoved, TaskRemoved
from headrace.model.event import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CacheAnswered,
    DeadlinePassed,
    EarlierAnswered,
    Event,
    GroupDrained,
    GroupOpened,
    ImportAnswered,
    RetryRequested,
    RunAborted,
    RunRequested,
    TaskEnded,
    TaskReady,
    TerminateRequested,
    WaitEnded,
)
from headrace.model.run import Failure, Run
from headrace.model.state import State
from headrace.model.task import Attempt, Task
from headrace.store.rows import Values, to_json
from headrace.store.views import EventRow

Asked = RunRequested | TerminateRequested | RetryRequested | WaitEnded
"""What may be put in a run's inbox."""


def event_rows(number: int, events: Sequence[Event], changes: Sequence[Change]) -> list[EventRow]:
    """The rows that follow row `number`. Raises ValueError where changes come without an event."""
    if changes and not events:
        raise ValueError("changes without an event would be missing from the run's history")
    latest = {path_of(event): index for index, event in enumerate(events)}
    noted: list[list[JsonObject]] = [[] for _ in events]
    state = [""] * len(events)
    for change in changes:
        path, word = _about(change)
        index = latest.get(path, len(events) - 1)
        noted[index].append(_note(change))
        if path == path_of(events[index]):
            state[index] = word or state[index]
    return [
        EventRow(
            number=number + 1 + index,
            at=event.at,
            kind=type(event).__name__,
            path=path_of(event),
            state=state[index],
            payload=_payload(said(event), noted[index]),
        )
        for index, event in enumerate(events)
    ]


def event_values(run: Run, row: EventRow) -> Values:
    """The columns of a row."""
    return {
        "run_key": run.key,
        "number": row.number,
        "namespace": run.namespace,
        "at": row.at,
        "kind": row.kind,
        "state": row.state,
        "path": row.path,
        "payload": to_json(row.payload),
    }


def path_of(event: Event) -> str:
    """The task that the event is about, "" for the run itself."""
    return "" if isinstance(event, RunRequested | TerminateRequested | RetryRequested | RunAborted) else event.path


def said(event: Event) -> JsonObject:
    """What the event says beside its kind, path and instant; no outputs."""
    match event:
        case TerminateRequested() | RetryRequested():
            return {"by": event.by}
        case RunAborted():
            return {"failure": _failure(event.failure)}
        case AttemptStarted():
            return {"attempt_id": event.attempt_id, "warning": event.warning}
        case AttemptSucceeded():
            return {"attempt_id": event.attempt_id, "started_at": event.started_at, "warning": event.warning}
        case AttemptFailed():
            return {
                "attempt_id": event.attempt_id,
                "started_at": event.started_at,
                "exit_code": event.exit_code,
                "failure": _failure(event.failure),
                "killed": event.killed,
                "infrastructure": event.infrastructure,
            }
        case CacheAnswered():
            return {"source": event.source, "waits": event.waits}
        case EarlierAnswered(earlier=earlier):
            return {"source": earlier.task_id if earlier is not None else ""}
        case ImportAnswered(artifact=artifact):
            return {"source": artifact.artifact_id if artifact is not None else ""}
        case DeadlinePassed():
            return {"attempt_id": event.attempt_id, "since": event.since, "seconds": event.seconds}
        case RunRequested() | WaitEnded() | TaskReady() | TaskEnded() | GroupOpened() | GroupDrained():
            return {}
        case _:
            assert_never(event)


def asking(event: Asked) -> JsonObject:
    """What the row of the inbox holds beside the event's kind and instant."""
    return {"path": event.path} if isinstance(event, WaitEnded) else said(event)


def asked(kind: str, at: int, payload: Any) -> Asked:
    """The event of an inbox row. Raises InvalidInput for a kind that this version does not know."""
    match kind:
        case "RunRequested":
            return RunRequested(Instant(at))
        case "TerminateRequested":
            return TerminateRequested(Instant(at), by=payload["by"])
        case "RetryRequested":
            return RetryRequested(Instant(at), by=payload["by"])
        case "WaitEnded":
            return WaitEnded(payload["path"], Instant(at))
        case _:
            raise InvalidInput(f"unknown kind {kind!r}", where="inbox", hint="A newer Headrace wrote it: use that one")


def _payload(event: JsonObject, changes: list[JsonObject]) -> JsonObject:
    payload: dict[str, JsonValue] = {}
    if event:
        payload["event"] = event
    if changes:
        payload["changes"] = changes
    return payload


def _about(change: Change) -> tuple[str, str]:
    """The path that a change is about, and the state that it leaves there, "" for an attempt's."""
    match change:
        case RunMoved():
            return "", change.state.value
        case TaskAdded(task):
            return task.path, task.state.value
        case TaskMoved():
            return change.path, change.state.value
        case TaskRemoved(path):
            return path, ""
        case AttemptAdded(attempt) | AttemptMoved(attempt):
            return attempt.path, ""
        case _:
            assert_never(change)


def _note(change: Change) -> JsonObject:
    match change:
        case RunMoved():
            return _some({"what": "run", "at": change.at, "state": change.state.value}, failure=change.failure)
        case TaskAdded(task):
            return _note_task(task)
        case TaskMoved():
            return _note_move(change)
        case TaskRemoved(path):
            return {"what": "removed", "path": path}
        case AttemptAdded(attempt) | AttemptMoved(attempt):
            return _note_attempt(attempt)
        case _:
            assert_never(change)


def _note_task(task: Task) -> JsonObject:
    note: dict[str, JsonValue] = {
        "what": "task",
        "path": task.path,
        "at": task.created_at,
        "state": task.state.value,
        "task_id": task.task_id,
        "parent": task.parent,
        "name": task.name,
        "display_name": task.display_name,
        "kind": task.kind.value,
        "created_at": task.created_at,
    }
    times = {"started_at": task.started_at, "ended_at": task.ended_at}
    return _some(note, **times, failure=task.failure, reason=task.reason, cached_from=task.cached_from)


def _note_move(move: TaskMoved) -> JsonObject:
    note: dict[str, JsonValue] = {"what": "task", "path": move.path, "at": move.at, "state": move.state.value}
    started = move.started_at or (move.at if move.state is State.RUNNING else 0)
    ended = move.at if move.state.ended else 0
    cause = {"failure": move.failure, "reason": move.reason, "cached_from": move.cached_from}
    return _some(note, started_at=started, ended_at=ended, **cause)


def _note_attempt(attempt: Attempt) -> JsonObject:
    note: dict[str, JsonValue] = {
        "what": "attempt",
        "path": attempt.path,
        "attempt_id": attempt.attempt_id,
        "number": attempt.number,
        "state": attempt.state.value,
        "created_at": attempt.created_at,
    }
    if attempt.exit_code is not None:
        note["exit_code"] = attempt.exit_code
    return _some(note, started_at=attempt.started_at, ended_at=attempt.ended_at, failure=attempt.failure)


def _some(note: dict[str, JsonValue], **optional: int | str | Failure | None) -> JsonObject:
    """The note with those of `optional` that say something."""
    for name, value in optional.items():
        if value:
            note[name] = _failure(value) if isinstance(value, Failure) else value
    return note


def _failure(failure: Failure) -> JsonObject:
    return {"message": failure.message, "code": failure.code}
