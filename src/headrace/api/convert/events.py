"""Lines of a run's history, for streams. `store.history` describes their content; instants become RFC 3339."""

from collections.abc import Mapping

from headrace.api.proto_json import timestamp
from headrace.base.clock import Instant
from headrace.base.json import JsonValue
from headrace.model.state import RUNTIME_STATE
from headrace.store.views import EventRow, RunChange

_INSTANTS = frozenset({"at", "created_at", "started_at", "ended_at"})


def event(row: EventRow) -> dict[str, JsonValue]:
    """`number`, `kind`, `at`, `path` and `state` of the line, and its `event` and `changes` where it has them."""
    head: dict[str, JsonValue] = {
        "number": row.number,
        "kind": row.kind,
        "at": timestamp(row.at),
        "path": row.path,
        "state": row.state,
    }
    return {**head, **{name: _readable(value) for name, value in row.payload.items()}}


def change(row: RunChange) -> dict[str, JsonValue]:
    """A state that a run came to, and what the run is; ids that it does not have are left out."""
    said: dict[str, JsonValue] = {
        "run_id": row.run_id,
        "display_name": row.name,
        "state": RUNTIME_STATE[row.state],
        "at": timestamp(row.at),
        "created_at": timestamp(row.created_at),
    }
    ids = {
        "namespace": row.namespace,
        "experiment_id": row.experiment_id,
        "recurring_run_id": row.recurring_run_id,
        "pipeline_id": row.pipeline_id,
        "pipeline_version_id": row.pipeline_version_id,
    }
    said.update({name: value for name, value in ids.items() if value})
    if row.failure is not None:
        said["error"] = {"code": row.failure.code, "message": row.failure.message}
    return said


def _readable(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {
            name: timestamp(Instant(inner)) if name in _INSTANTS and isinstance(inner, int) else _readable(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    return value
