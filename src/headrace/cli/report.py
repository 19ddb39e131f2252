"""What is said of a run once it is known whole: outputs, metrics, where its artifacts are, and why steps failed.

`drawn` is for people, `as_json` for programs; both come from one `RunView`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from rich.console import RenderableType

from headrace.base.clock import SECOND, Instant, to_rfc3339
from headrace.base.home import BUCKETS, buckets
from headrace.cli import draw
from headrace.cli.view import ArtifactView, RunView, TaskView
from headrace.model.state import State

_MOST = 20
"""So many artifacts, and so many steps with metrics, are shown at the end of a run: a loop may have thousands."""


def drawn(
    run: RunView, logs: Mapping[str, list[str]], store: Path | None, *, every: bool = False, whole: str = ""
) -> Iterator[RenderableType]:
    """The parts of the report. `logs`: the last lines of failed steps by path; `store`: what `minio://` is here.

    Unless `every` artifact and metric is asked for, long lists are cut, and name the command that shows the `whole`.
    """
    most = None if every else _MOST
    for task in run.steps:
        if task.state is State.FAILED:
            yield draw.failure(task.path.removeprefix("root."), task.message, logs.get(task.path, []))
    if run.message and not any(task.state is State.FAILED for task in run.steps):
        yield draw.failure(run.name, run.message, [])
    if run.outputs:
        yield draw.outputs(run.outputs)
    table = draw.metrics(run, most, whole=whole)
    if table is not None:
        yield table
    used = draw.usage(run)
    if used is not None:
        yield used
    found = [(artifact.type, where) for _, _, artifact in artifacts(run) if (where := place(artifact.uri, store))]
    if found:
        base = _shared_folder([where for _, where in found])
        shown = [(kind, where[len(base) :]) for kind, where in found[:most]]
        yield draw.artifacts(shown, base, len(found) - len(shown), whole)


def artifacts(run: RunView) -> Iterator[tuple[TaskView, str, ArtifactView]]:
    """Each artifact that a step made, with the step and the output's name."""
    for task in run.steps:
        for output, made in task.artifacts.items():
            for artifact in made:
                yield task, output, artifact


def place(uri: str, store: Path | None) -> str:
    """The file that a URI is on this machine, else the URI; "" where there is no file, as for metrics."""
    scheme, _, name = uri.partition("://")
    if store is None or scheme not in BUCKETS:
        return uri
    file = buckets(store, scheme) / name
    return str(file) if file.exists() else ""


def _shared_folder(places: list[str]) -> str:
    """The folder that all are in, with its slash; "" if there is none."""
    shared = []
    for parts in zip(*(where.split("/")[:-1] for where in places), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(f"{parts[0]}/")
    return "".join(shared)


def as_json(run: RunView, store: Path | None) -> dict[str, object]:
    """The run as one JSON document."""
    return {
        **summary_json(run),
        "resumed_from": run.resumed_from or None,
        "resumed_at": [path.removeprefix("root.") for path in run.resumed_at],
        "outputs": dict(run.outputs),
        "metrics": {task.path.removeprefix("root."): dict(task.metrics) for task in run.steps if task.metrics},
        "tasks": [_task_json(task, store) for task in run.tasks.values() if task.path != "root"],
    }


def summary_json(run: RunView) -> dict[str, object]:
    """The run without its tasks, as lists have it."""
    return {
        "run_id": run.run_id,
        "name": run.name,
        "state": run.state.value,
        "experiment_id": run.experiment_id,
        "created_at": time_json(run.created_at),
        "finished_at": time_json(run.finished_at),
        "seconds": (run.finished_at - run.created_at) / SECOND if run.finished_at else None,
        "error": run.message or None,
    }


def _task_json(task: TaskView, store: Path | None) -> dict[str, object]:
    return {
        "task": task.path.removeprefix("root."),
        "name": task.name,
        "kind": "group" if task.is_group else "step",
        "state": task.state.value,
        "started_at": time_json(task.started_at),
        "ended_at": time_json(task.ended_at),
        "message": task.message or None,
        "parameters": dict(task.parameters),
        "usage": None if task.usage is None else asdict(task.usage),
        "artifacts": {
            output: [_artifact_json(each, store) for each in made] for output, made in task.artifacts.items()
        },
    }


def _artifact_json(artifact: ArtifactView, store: Path | None) -> dict[str, object]:
    return {
        "name": artifact.name,
        "type": artifact.type,
        "uri": artifact.uri or None,
        "place": place(artifact.uri, store) or None,
        "metadata": dict(artifact.metadata),
    }


def time_json(instant: Instant) -> str | None:
    """RFC 3339, or None where it has not happened."""
    return to_rfc3339(instant) if instant else None
