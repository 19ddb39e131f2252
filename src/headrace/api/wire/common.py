"""What several messages share: google.rpc.Status, states, the empty message."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Message, ProtoEnum, Timestamp
from headrace.base.json import JsonObject


class Empty(Message):
    """No fields; what a verb takes and gives."""


class Status(Message):
    """google.rpc.Status."""

    code: int = 0
    message: str = ""
    details: list[JsonObject] = []


class StorageState(ProtoEnum):
    STORAGE_STATE_UNSPECIFIED = "STORAGE_STATE_UNSPECIFIED"
    AVAILABLE = "AVAILABLE"
    ARCHIVED = "ARCHIVED"


class RuntimeState(ProtoEnum):
    RUNTIME_STATE_UNSPECIFIED = "RUNTIME_STATE_UNSPECIFIED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    PAUSED = "PAUSED"


class RuntimeStatus(Message):
    """One line of a run's state history."""

    update_time: Timestamp = Timestamp("")
    state: RuntimeState = RuntimeState.RUNTIME_STATE_UNSPECIFIED
    error: Status | None = None
