"""Lines of a run's history, for streams. `store.history` describes their content; instants become RFC 3339."""

from collections.abc import Mapping

from headrace.api.proto_json import timestamp
from headrace.base.clock import Instant
from headrace.base.json import JsonValue
from headrace.store.views import EventRow

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


def _readable(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {
            name: timestamp(Instant(inner)) if name in _INSTANTS and isinstance(inner, int) else _readable(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    return value
