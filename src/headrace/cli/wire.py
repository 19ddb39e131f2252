"""The server's JSON, read into what the command line shows.

A run comes with its tasks twice: `tasks` (KFP 3.0) says which are cached and what came out of them, `run_details`
(2.17) tells waiting, stopping and stopped apart, for which 3.0 has no states. Both are taken together here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from headrace.base.clock import Instant, from_rfc3339
from headrace.base.json import JsonValue
from headrace.cli.view import ArtifactView, RunView, TaskView, UsageView
from headrace.model.state import State

_CUSTOM_TYPE = "_kfp_schema_title"


def run_view(document: Mapping[str, Any]) -> RunView:
    """A run, with its tasks if the document has them."""
    details = {
        detail.get("task_id", ""): detail for detail in (document.get("run_details") or {}).get("task_details", ())
    }
    tasks = (task_view(task, details.get(task.get("task_id", ""), {})) for task in document.get("tasks", ()))
    entries = ((document.get("plugins_output") or {}).get("headrace") or {}).get("entries") or {}
    return RunView(
        run_id=document.get("run_id", ""),
        name=document.get("display_name", ""),
        state=_state(document.get("state", "")),
        created_at=_instant(document.get("created_at")),
        finished_at=_instant(document.get("finished_at")),
        experiment_id=document.get("experiment_id", ""),
        message=(document.get("error") or {}).get("message", ""),
        tasks={task.path: task for task in tasks},
        resumed_from=entries.get("resumed_from", {}).get("value", ""),
        resumed_at=tuple(entries.get("resumed_at", {}).get("value", ())),
    )


def task_view(task: Mapping[str, Any], detail: Mapping[str, Any]) -> TaskView:
    """A task, from its two shapes. The older one may be missing."""
    state = _state(task.get("state", ""))
    outputs = task.get("outputs") or {}
    return TaskView(
        path=task.get("scope_path", ""),
        name=task.get("display_name") or task.get("name", ""),
        state=state if state is State.CACHED or "state" not in detail else _state(detail["state"]),
        is_group=_is_group(task.get("type", "")),
        started_at=_instant(task.get("start_time")),
        ended_at=_instant(task.get("end_time")),
        message=(task.get("status_metadata") or {}).get("message", ""),
        parameters=_parameters(outputs.get("parameters", ())),
        artifacts={
            each.get("artifact_key", ""): _artifacts(each.get("artifacts", ())) for each in outputs.get("artifacts", ())
        },
    )


def with_usage(run: RunView, document: Mapping[str, Any]) -> RunView:
    """The run with what the last attempt at each of its tasks used."""
    tasks = dict(run.tasks)
    for each in document.get("tasks", ()):
        known = tasks.get(each["task"])
        if known is not None and each["attempts"]:
            tasks[known.path] = replace(known, usage=_usage(each["attempts"][-1]))
    return replace(run, tasks=tasks)


def _usage(attempt: Mapping[str, Any]) -> UsageView | None:
    seconds, cpu = attempt["seconds"], attempt["cpu_seconds"]
    if cpu is None:
        return None
    return UsageView(
        seconds=seconds,
        cpu_seconds=cpu,
        cores=attempt["peak_cores"] or (cpu / seconds if seconds else None),
        peak_memory=attempt["peak_memory"],
        average_memory=attempt["average_memory"],
        read_bytes=attempt["read_bytes"],
        written_bytes=attempt["written_bytes"],
    )


def moved(run: RunView, event: Mapping[str, Any]) -> RunView:
    """The run after an event of its history: its `changes`, folded over what is known."""
    tasks: dict[str, TaskView] = {}
    removed: set[str] = set()
    for change in event.get("changes", ()):
        if change["what"] == "task":
            path = change["path"]
            known = None if path in removed else run.tasks.get(path)
            tasks[path] = _moved_task(tasks.get(path) or known, change)
        elif change["what"] == "removed":
            removed.add(change["path"])
            tasks.pop(change["path"], None)
        elif change["what"] == "run":
            run = replace(
                run,
                state=_state(change["state"]),
                finished_at=_instant(change["at"]) if _state(change["state"]).ended else Instant(0),
                message=_failure(change) or run.message,
            )
    if removed:
        run = replace(run, tasks={path: task for path, task in run.tasks.items() if path not in removed})
    return replace(run, tasks={**run.tasks, **tasks}) if tasks else run


def _moved_task(task: TaskView | None, change: Mapping[str, Any]) -> TaskView:
    path = change["path"]
    known = task or TaskView(
        path=path,
        name=change.get("display_name") or change.get("name") or path.rpartition(".")[2],
        state=State.PENDING,
        is_group=_is_group(change.get("kind", "")),
    )
    return replace(
        known,
        state=_state(change["state"]),
        started_at=_instant(change.get("started_at")) or known.started_at,
        ended_at=_instant(change.get("ended_at")),
        message=_failure(change) or change.get("reason") or known.message,
    )


def _failure(change: Mapping[str, Any]) -> str:
    message: str = (change.get("failure") or {}).get("message", "")
    return message


def _is_group(kind: str) -> bool:
    return kind not in ("RUNTIME", "IMPORTER")


def _parameters(items: Sequence[Mapping[str, Any]]) -> dict[str, JsonValue]:
    return {each.get("parameter_key", ""): each.get("value") for each in items}


def _artifacts(items: Sequence[Mapping[str, Any]]) -> tuple[ArtifactView, ...]:
    """The artifacts of one output. The metrics of one file come one by one, and are put together again."""
    numbers = {each.get("name", ""): each.get("number_value", 0) for each in items if each.get("type") == "Metric"}
    rest = tuple(_artifact(each) for each in items if each.get("type") != "Metric")
    return (ArtifactView("metrics", "Metrics", "", numbers), *rest) if numbers else rest


def _artifact(item: Mapping[str, Any]) -> ArtifactView:
    metadata = item.get("metadata") or {}
    title = str(metadata.get(_CUSTOM_TYPE) or item.get("type", ""))
    shown = {key: value for key, value in metadata.items() if key != _CUSTOM_TYPE}
    return ArtifactView(item.get("name", ""), title.removeprefix("system."), item.get("uri", ""), shown)


def _state(text: str) -> State:
    """A state by its name; one that we have no name for, as newer servers may send, is a run that goes on."""
    try:
        return State(text)
    except ValueError:
        return State.RUNNING if text else State.PENDING


def _instant(text: str | None) -> Instant:
    return from_rfc3339(text) if text else Instant(0)
