"""Between rows and the model's dataclasses: what the columns hold, written and read back exactly.

JSON columns hold compact JSON. A state history is one JSON line a change, so that a move appends to it without reading
it. The inputs and outputs of a task name their artifacts by id; loading puts the artifacts back.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from headrace.base.clock import Instant
from headrace.base.json import JsonValue, compact
from headrace.model.artifact import Artifact, Bindings
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion
from headrace.model.run import Failure, Resume, Run, StateChange
from headrace.model.state import State, StorageState
from headrace.model.task import Attempt, AttemptState, Task, TaskKind, Usage

Values = dict[str, Any]


def to_json(value: object) -> str:
    """Compact JSON that every database can hold: half a surrogate pair, which is no UTF-8, is escaped."""
    text = compact(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def from_json(text: str) -> Any:
    """The value of a JSON column."""
    return json.loads(text)


def failure_json(failure: Failure | None) -> str | None:
    return None if failure is None else to_json([failure.code, failure.message])


def failure_of(text: str | None) -> Failure | None:
    if text is None:
        return None
    code, message = from_json(text)
    return Failure(message, code)


def history_line(change: StateChange) -> str:
    """One line of a history column, its end included."""
    line: list[JsonValue] = [change.at, change.state.value]
    if change.failure is not None:
        line += [change.failure.code, change.failure.message]
    return to_json(line) + "\n"


def history_of(text: str) -> tuple[StateChange, ...]:
    """The whole history column."""
    lines = text.rstrip("\n").replace("\n", ",")
    return tuple(map(_state_change, from_json(f"[{lines}]")))


def _state_change(line: list[Any]) -> StateChange:
    failure = Failure(line[3], line[2]) if len(line) > 2 else None
    return StateChange(Instant(line[0]), State(line[1]), failure)


def bindings_json(bindings: Bindings) -> str:
    """Parameters, and artifacts by id."""
    ids = {name: [each.artifact_id for each in artifacts] for name, artifacts in bindings.artifacts.items()}
    return to_json([bindings.parameters, ids] if ids else [bindings.parameters])


def artifact_ids(text: str) -> list[str]:
    """The artifacts that `bindings_json` named."""
    parts = from_json(text)
    return [each for ids in parts[1].values() for each in ids] if len(parts) > 1 else []


def bindings_of(text: str, artifacts: Mapping[str, Artifact]) -> Bindings:
    """The bindings, with the artifacts of those ids."""
    parts = from_json(text)
    if len(parts) == 1:
        return Bindings(parts[0])
    return Bindings(parts[0], {name: tuple(artifacts[each] for each in ids) for name, ids in parts[1].items()})


def fold(text: str) -> bytes:
    """What a substring is looked for in, whatever the case of its letters: at most 6 bytes for each of them."""
    return text.casefold().encode()


def run_values(run: Run) -> Values:
    parameters = to_json(run.parameters)
    return {
        "run_key": run.key,
        "run_id": run.run_id,
        "namespace": run.namespace,
        "name": run.name,
        "revision": 0,
        "folded_name": fold(run.name),
        "experiment_id": run.experiment_id,
        "state": run.state.value,
        "storage_state": run.storage_state.value,
        "created_at": run.created_at,
        "scheduled_at": run.scheduled_at,
        "finished_at": run.finished_at,
        "plan_id": run.plan_id,
        "pipeline_id": run.pipeline_id,
        "pipeline_version_id": run.pipeline_version_id,
        "recurring_run_id": run.recurring_run_id,
        "pipeline_name": run.pipeline_name,
        "pipeline_root": run.pipeline_root,
        "service_account": run.service_account,
        "description": run.description,
        "failure": failure_json(run.failure),
        "history": "".join(map(history_line, run.history)),
        "parameters_size": len(parameters),
        "parameters": parameters,
        "plugins_input": to_json(run.plugins_input) if run.plugins_input else None,
    }


def run_of(row: Row[Any]) -> Run:
    """A run; its parameters are empty where the row's query left them out (NULL)."""
    return Run(
        run_id=row.run_id,
        key=row.run_key,
        name=row.name,
        namespace=row.namespace,
        experiment_id=row.experiment_id,
        plan_id=row.plan_id,
        pipeline_name=row.pipeline_name,
        created_at=Instant(row.created_at),
        scheduled_at=Instant(row.scheduled_at),
        state=State(row.state),
        storage_state=StorageState(row.storage_state),
        description=row.description,
        pipeline_id=row.pipeline_id,
        pipeline_version_id=row.pipeline_version_id,
        recurring_run_id=row.recurring_run_id,
        parameters={} if row.parameters is None else from_json(row.parameters),
        pipeline_root=row.pipeline_root,
        service_account=row.service_account,
        plugins_input={} if row.plugins_input is None else from_json(row.plugins_input),
        finished_at=Instant(row.finished_at),
        failure=failure_of(row.failure),
        history=history_of(row.history),
    )


def resume_values(run: Run, resume: Resume) -> Values:
    at = to_json(resume.at)
    return {"run_key": run.key, "namespace": run.namespace, "from_run": resume.run_id, "at": at}


def resume_of(row: Row[Any]) -> Resume:
    return Resume(row.from_run, tuple(from_json(row.at)))


def task_values(task: Task) -> Values:
    """All columns but `task_key`, `run_key` and `namespace`."""
    return {
        "task_id": task.task_id,
        "kind": task.kind.value,
        "state": task.state.value,
        "created_at": task.created_at,
        "started_at": task.started_at,
        "ended_at": task.ended_at,
        "fingerprint": task.fingerprint,
        "cached_from": task.cached_from,
        "sources": task.sources,
        "path": task.path,
        "parent": task.parent,
        "name": task.name,
        "display_name": task.display_name,
        "failure": failure_json(task.failure),
        "reason": task.reason,
        "history": "".join(map(history_line, task.history)),
        "iteration": task.iteration,
        "iterations": task.iterations,
        "posted": None if task.posted is None else to_json(task.posted),
        "inputs": bindings_json(task.inputs),
        "outputs": bindings_json(task.outputs),
    }


def task_of(row: Row[Any], artifacts: Mapping[str, Artifact], attempts: tuple[Attempt, ...]) -> Task:
    return Task(
        task_id=row.task_id,
        path=row.path,
        parent=row.parent,
        name=row.name,
        display_name=row.display_name,
        kind=TaskKind(row.kind),
        state=State(row.state),
        created_at=Instant(row.created_at),
        started_at=Instant(row.started_at),
        ended_at=Instant(row.ended_at),
        inputs=bindings_of(row.inputs, artifacts),
        outputs=bindings_of(row.outputs, artifacts),
        fingerprint=row.fingerprint,
        cached_from=row.cached_from,
        sources=row.sources,
        failure=failure_of(row.failure),
        reason=row.reason,
        history=history_of(row.history),
        attempts=attempts,
        iteration=row.iteration,
        iterations=row.iterations,
        posted=None if row.posted is None else from_json(row.posted),
    )


_USAGE = tuple(each.name for each in fields(Usage))


def attempt_values(attempt: Attempt) -> Values:
    """All columns but `run_key`, `namespace` and `task_id`."""
    usage = attempt.usage
    return {
        "attempt_id": attempt.attempt_id,
        "path": attempt.path,
        "number": attempt.number,
        "state": attempt.state.value,
        "created_at": attempt.created_at,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "exit_code": attempt.exit_code,
        "infrastructure": int(attempt.infrastructure),
        "failure": failure_json(attempt.failure),
        "usage": None if usage is None else to_json([getattr(usage, name) for name in _USAGE]),
    }


def attempt_of(row: Row[Any]) -> Attempt:
    return Attempt(
        attempt_id=row.attempt_id,
        path=row.path,
        number=row.number,
        state=AttemptState(row.state),
        created_at=Instant(row.created_at),
        started_at=Instant(row.started_at),
        ended_at=Instant(row.ended_at),
        exit_code=row.exit_code,
        infrastructure=bool(row.infrastructure),
        failure=failure_of(row.failure),
        usage=None if row.usage is None else Usage(*from_json(row.usage)),
    )


def artifact_values(artifact: Artifact) -> Values:
    """All columns but `artifact_key`, `namespace`, `listed` and who made it."""
    return {
        "artifact_id": artifact.artifact_id,
        "created_at": artifact.created_at,
        "digest": artifact.digest,
        "size": artifact.size,
        "name": artifact.name,
        "type": artifact.type,
        "schema_version": artifact.schema_version,
        "uri": artifact.uri,
        "number_value": artifact.number_value,
        "description": artifact.description or None,
        "metadata": to_json(artifact.metadata),
    }


def artifact_of(row: Row[Any]) -> Artifact:
    return Artifact(
        artifact_id=row.artifact_id,
        name=row.name,
        type=row.type,
        uri=row.uri,
        metadata=from_json(row.metadata),
        schema_version=row.schema_version,
        digest=row.digest,
        size=row.size,
        created_at=Instant(row.created_at),
        number_value=row.number_value,
        description=row.description or "",
    )


def experiment_of(row: Row[Any]) -> Experiment:
    return Experiment(
        experiment_id=row.experiment_id,
        name=row.name,
        namespace=row.namespace,
        created_at=Instant(row.created_at),
        description=row.description,
        storage_state=StorageState(row.storage_state),
        last_run_created_at=Instant(row.last_run_created_at),
    )


def pipeline_of(row: Row[Any], tags: Mapping[str, str]) -> Pipeline:
    return Pipeline(
        pipeline_id=row.pipeline_id,
        name=row.name,
        display_name=row.display_name,
        namespace=row.namespace,
        created_at=Instant(row.created_at),
        description=row.description,
        tags=tags,
    )


def version_of(row: Row[Any], tags: Mapping[str, str]) -> PipelineVersion:
    return PipelineVersion(
        pipeline_version_id=row.pipeline_version_id,
        pipeline_id=row.pipeline_id,
        name=row.name,
        display_name=row.display_name,
        created_at=Instant(row.created_at),
        plan_id=row.plan_id,
        description=row.description,
        code_source_url=row.code_source_url,
        package_url=row.package_url,
        tags=tags,
    )
