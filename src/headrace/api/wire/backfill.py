"""Backfills of recurring runs, a feature of our own."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from headrace.api.proto_json import Message, ProtoEnum, Timestamp
from headrace.api.wire.common import Status


class BackfillState(ProtoEnum):
    BACKFILL_STATE_UNSPECIFIED = "BACKFILL_STATE_UNSPECIFIED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    STOPPED = "STOPPED"


class CreateBackfill(Message):
    start_time: Timestamp = Timestamp("")
    end_time: Timestamp = Timestamp("")
    max_parallel: int = 1
    dry_run: bool = False
    again: bool = False


class Tick(Message):
    """A due time. `run_before` says that it had its run already, or has it to come from another backfill."""

    scheduled_at: Timestamp = Timestamp("")
    run_before: bool = False
    error: Status | None = None


class Backfill(Message):
    backfill_id: str = ""
    recurring_run_id: str = ""
    state: BackfillState = BackfillState.BACKFILL_STATE_UNSPECIFIED
    created_at: Timestamp = Timestamp("")
    start_time: Timestamp = Timestamp("")
    end_time: Timestamp = Timestamp("")
    max_parallel: int = 0
    waiting: int = 0
    runs: dict[str, int] = {}
    ticks: list[Tick] = []


class ListBackfills(Message):
    backfills: list[Backfill] = []


class ListTicks(Message):
    ticks: list[Tick] = []
