"""Recurring runs: triggers of a request as the model has them, and schedules as messages."""

from msgspec import Raw

from headrace.api.convert.common import status
from headrace.api.proto_json import Int64, Timestamp, read_time, timestamp
from headrace.api.wire import recurring as wire
from headrace.api.wire.run import PipelineVersionReference, RuntimeConfig
from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject
from headrace.model.schedule import CronTrigger, PeriodicTrigger, Schedule, Trigger
from headrace.spec.schedule.cron import Cron, parse, split_zone
from headrace.spec.schedule.zone import first_after, load_zone

_MOST_SECONDS = 100 * 366 * 86_400


def trigger(asked: wire.Trigger | None, default_zone: str, now: Instant) -> Trigger:
    """The trigger that a request asks for. Raises InvalidInput that names the field."""
    cron = asked.cron_schedule if asked is not None else None
    periodic = asked.periodic_schedule if asked is not None else None
    if cron is not None and periodic is None:
        return _cron(cron, default_zone, now)
    if periodic is not None and cron is None:
        return _periodic(periodic)
    raise InvalidInput(
        "the recurring run has no trigger, or two",
        where="trigger",
        hint="Give one of cron_schedule and periodic_schedule",
    )


def _cron(asked: wire.CronSchedule, default_zone: str, now: Instant) -> CronTrigger:
    where = "trigger.cron_schedule"
    start, end = _bounds(asked, where)
    zone = split_zone(asked.cron)[0]
    if zone and asked.timezone not in ("", zone):
        raise InvalidInput(
            f"it is {asked.timezone[:80]}, but the expression says {zone[:80]}", where=f"{where}.timezone"
        )
    name = zone or asked.timezone or default_zone
    try:
        cron = parse(asked.cron)
    except InvalidInput as error:
        raise InvalidInput(error.message, where=f"{where}.cron", hint=error.hint) from error
    try:
        found = load_zone(name)
    except InvalidInput as error:
        raise InvalidInput(error.message, where=f"{where}.timezone", hint=error.hint) from error
    if isinstance(cron, Cron) and first_after(cron, found, now) is None:
        raise InvalidInput(f"{asked.cron[:80]!r} is never due", where=f"{where}.cron", hint="No month has such a day")
    return CronTrigger(asked.cron, name, start, end)


def _periodic(asked: wire.PeriodicSchedule) -> PeriodicTrigger:
    where = "trigger.periodic_schedule"
    start, end = _bounds(asked, where)
    seconds = int(asked.interval_second)
    if not 1 <= seconds <= _MOST_SECONDS:
        hint = f"Give 1 to {_MOST_SECONDS}"
        raise InvalidInput(f"{seconds} is no interval", where=f"{where}.interval_second", hint=hint)
    return PeriodicTrigger(seconds, start, end)


def _bounds(asked: wire.CronSchedule | wire.PeriodicSchedule, where: str) -> tuple[Instant, Instant]:
    start, end = _instant(asked.start_time, f"{where}.start_time"), _instant(asked.end_time, f"{where}.end_time")
    if end and end < start:
        raise InvalidInput("it is before start_time", where=f"{where}.end_time", hint="Give a later time")
    return start, end


def _instant(text: Timestamp, where: str) -> Instant:
    """The instant, 0 for none. Before the epoch there is none: 0 itself stands for unset."""
    instant = read_time(text) if text else Instant(0)
    if instant < 0:
        raise InvalidInput("it is before 1970", where=where, hint="Give a later time")
    return instant


def recurring_run(found: Schedule, *, document: JsonObject | Raw | None = None) -> wire.RecurringRun:
    """The schedule. `document` is the pipeline of one that names no version, None in lists."""
    reference = PipelineVersionReference(pipeline_id=found.pipeline_id, pipeline_version_id=found.pipeline_version_id)
    return wire.RecurringRun(
        recurring_run_id=found.recurring_run_id,
        display_name=found.name,
        description=found.description,
        pipeline_spec=None if found.pipeline_id else document,
        pipeline_version_reference=reference if found.pipeline_id else None,
        runtime_config=_runtime_config(found),
        service_account=found.service_account,
        max_concurrency=Int64(str(found.max_concurrency)),
        trigger=trigger_message(found.trigger),
        mode=wire.Mode.ENABLE if found.enabled else wire.Mode.DISABLE,
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
        status=wire.RecurringRunStatus.ENABLED if found.enabled else wire.RecurringRunStatus.DISABLED,
        error=status(found.failure),
        no_catchup=not found.catch_up,
        namespace=found.namespace,
        experiment_id=found.experiment_id,
        plugins_input=dict(found.plugins_input),
        next_scheduled_at=_time(found.next_tick if found.enabled else Instant(0)),
        last_scheduled_at=_time(found.last_tick),
    )


def trigger_message(found: Trigger) -> wire.Trigger:
    """The trigger, as all versions of the API have it."""
    start, end = _time(found.start_at), _time(found.end_at)
    if isinstance(found, PeriodicTrigger):
        seconds = Int64(str(found.seconds))
        return wire.Trigger(
            periodic_schedule=wire.PeriodicSchedule(start_time=start, end_time=end, interval_second=seconds)
        )
    return wire.Trigger(
        cron_schedule=wire.CronSchedule(start_time=start, end_time=end, cron=found.expression, timezone=found.timezone)
    )


def _runtime_config(found: Schedule) -> RuntimeConfig | None:
    if not found.parameters and not found.pipeline_root:
        return None
    return RuntimeConfig(parameters=dict(found.parameters), pipeline_root=found.pipeline_root)


def _time(instant: Instant) -> Timestamp:
    """Unset where there is none."""
    return timestamp(instant) if instant else Timestamp("")
