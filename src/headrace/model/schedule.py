"""A recurring run (schedule): what it runs, when, and how far it has come; its ticks, and backfills of earlier ones.

A tick is an instant at which the schedule says that a run is due. 0 stands for an instant that there is none of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from headrace.base.clock import Instant
from headrace.base.json import JsonObject, JsonValue
from headrace.model.run import Failure


@dataclass(frozen=True, slots=True)
class CronTrigger:
    """By the calendar, in the time zone of that name. `end_at` is the last instant at which a run may be due."""

    expression: str
    timezone: str = "UTC"
    start_at: Instant = Instant(0)
    end_at: Instant = Instant(0)


@dataclass(frozen=True, slots=True)
class PeriodicTrigger:
    """Every so many seconds."""

    seconds: int
    start_at: Instant = Instant(0)
    end_at: Instant = Instant(0)


Trigger: TypeAlias = CronTrigger | PeriodicTrigger


@dataclass(frozen=True, slots=True)
class Schedule:
    """`plan_id` names the pinned document; "" means the newest version that `pipeline_id` has at each tick.

    `last_tick` is the last one that was dealt with, `next_tick` the one to come, `fired` how many runs it has made.
    `failure` is why the last tick could not be made into a run.
    """

    recurring_run_id: str
    name: str
    namespace: str
    experiment_id: str
    trigger: Trigger
    created_at: Instant
    updated_at: Instant
    enabled: bool = True
    catch_up: bool = True
    max_concurrency: int = 1
    plan_id: str = ""
    pipeline_id: str = ""
    pipeline_version_id: str = ""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    pipeline_root: str = ""
    service_account: str = ""
    description: str = ""
    plugins_input: Mapping[str, JsonObject] = field(default_factory=dict)
    last_tick: Instant = Instant(0)
    next_tick: Instant = Instant(0)
    fired: int = 0
    failure: Failure | None = None


class BackfillState(StrEnum):
    """Ticks wait their turn; all have had it; it was stopped before."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Backfill:
    """Runs for the ticks from `begin_at` to `end_at`, at most `max_parallel` at once."""

    backfill_id: str
    recurring_run_id: str
    namespace: str
    created_at: Instant
    begin_at: Instant
    end_at: Instant
    max_parallel: int
    state: BackfillState = BackfillState.RUNNING


@dataclass(frozen=True, slots=True)
class Tick:
    """What became of a due time: `at` is when it was dealt with, 0 while a backfill has it still to do.

    `run_id` is "" where no run came of it: `failure` says why. Only a backfill keeps such ones. A schedule, which has
    no end of them, shows the failure of its last one.
    """

    recurring_run_id: str
    tick: Instant
    backfill_id: str = ""
    run_id: str = ""
    at: Instant = Instant(0)
    failure: Failure | None = None
