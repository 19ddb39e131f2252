"""Recurring runs as the 2.17 API has them. Ours beside that: `timezone`, `next_scheduled_at`, `last_scheduled_at`."""

# ruff: noqa: RUF012 (msgspec copies a default that is an empty list or dict)

from collections.abc import Mapping
from typing import Self

from msgspec import Raw

from headrace.api.proto_json import Int64, Message, ProtoEnum, Timestamp
from headrace.api.wire.common import Status
from headrace.api.wire.run import PipelineVersionReference, RuntimeConfig
from headrace.base.json import JsonObject


class Mode(ProtoEnum):
    MODE_UNSPECIFIED = "MODE_UNSPECIFIED"
    ENABLE = "ENABLE"
    DISABLE = "DISABLE"


class RecurringRunStatus(ProtoEnum):
    STATUS_UNSPECIFIED = "STATUS_UNSPECIFIED"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"

    @classmethod
    def numbers(cls) -> Mapping[int, Self]:
        return dict(zip((0, 1, 3), cls, strict=True))


class CronSchedule(Message):
    start_time: Timestamp = Timestamp("")
    end_time: Timestamp = Timestamp("")
    cron: str = ""
    timezone: str = ""


class PeriodicSchedule(Message):
    start_time: Timestamp = Timestamp("")
    end_time: Timestamp = Timestamp("")
    interval_second: Int64 = Int64("0")


class Trigger(Message):
    cron_schedule: CronSchedule | None = None
    periodic_schedule: PeriodicSchedule | None = None


class RecurringRun(Message):
    recurring_run_id: str = ""
    display_name: str = ""
    description: str = ""
    pipeline_version_id: str = ""
    pipeline_spec: JsonObject | Raw | None = None
    pipeline_version_reference: PipelineVersionReference | None = None
    runtime_config: RuntimeConfig | None = None
    service_account: str = ""
    max_concurrency: Int64 = Int64("0")
    trigger: Trigger | None = None
    mode: Mode = Mode.MODE_UNSPECIFIED
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    status: RecurringRunStatus = RecurringRunStatus.STATUS_UNSPECIFIED
    error: Status | None = None
    no_catchup: bool = False
    namespace: str = ""
    experiment_id: str = ""
    plugins_input: dict[str, JsonObject] = {}
    next_scheduled_at: Timestamp = Timestamp("")
    last_scheduled_at: Timestamp = Timestamp("")


class ListRecurringRuns(Message):
    recurringRuns: list[RecurringRun] = []  # KFP's one key in camelCase
    total_size: int = 0
    next_page_token: str = ""
