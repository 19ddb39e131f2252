"""Recurring runs, their ticks and their backfills."""

from collections.abc import Sequence

from headrace.api.backfills import MOST_PARALLEL, MOST_SHOWN, Backfills
from headrace.api.documents import Documents
from headrace.api.operation import Operation, Parameter, choice, number
from headrace.api.proto_json import Message
from headrace.api.recurring import RecurringRuns
from headrace.api.route import OWN, PAGE, V2, ApiRoute
from headrace.api.services import Services
from headrace.api.wire import backfill, recurring
from headrace.api.wire.common import Empty
from headrace.api.wire.verbs import RecurringRunVerb, Verb
from headrace.base.json import JsonObject

POLICY = choice(
    "propagation_policy",
    "What becomes of its runs that have not ended: `FOREGROUND` and `BACKGROUND` terminate them",
    "DELETE_PROPAGATION_POLICY_UNSPECIFIED",
    "FOREGROUND",
    "BACKGROUND",
    "ORPHAN",
)
_RECURRING_RUN: JsonObject = {
    "display_name": "nightly",
    "pipeline_version_reference": {"pipeline_id": "PIPELINE_ID"},
    "trigger": {"cron_schedule": {"cron": "0 0 3 * * *", "timezone": "Europe/Berlin"}},
    "mode": "ENABLE",
    "max_concurrency": "1",
}


def recurring_routes(services: Services, documents: Documents) -> list[ApiRoute]:
    runs, one = RecurringRuns(services, documents), f"{V2}/recurringruns/{{recurring_run_id}}"
    return [
        ApiRoute(
            "GET",
            f"{V2}/recurringruns",
            runs.list,
            _kfp(
                "ListRecurringRuns",
                "list recurring runs, under the key `recurringRuns`; `experiment_id` narrows it down",
                recurring.ListRecurringRuns,
                query=(*PAGE, Parameter("experiment_id", "Only those of this experiment")),
            ),
        ),
        ApiRoute(
            "POST",
            f"{V2}/recurringruns",
            runs.create,
            Operation(
                "RecurringRunService_CreateRecurringRun",
                "make a recurring run, with a `cron_schedule` or a `periodic_schedule`; without `mode: ENABLE` it is "
                "disabled",
                recurring.RecurringRun,
                takes=recurring.RecurringRun,
                needs=("display_name", "trigger", "max_concurrency"),
                errors=(404, 409),
                example=_RECURRING_RUN,
            ),
        ),
        ApiRoute(
            "GET",
            one,
            runs.get,
            _kfp(
                "GetRecurringRun",
                "get a recurring run; `error` says why its last tick could not be made into a run",
                recurring.RecurringRun,
            ),
        ),
        ApiRoute(
            "DELETE",
            one,
            runs.delete,
            _kfp(
                "DeleteRecurringRun",
                "remove a recurring run; its runs stay. `propagation_policy` `FOREGROUND` or `BACKGROUND` also "
                "terminates those that have not ended",
                query=(POLICY,),
            ),
        ),
        ApiRoute("POST", f"{one}:enable", runs.enable, _verb("EnableRecurringRun", "let a recurring run make runs")),
        ApiRoute(
            "POST",
            f"{one}:disable",
            runs.disable,
            _verb("DisableRecurringRun", "keep a recurring run from making runs"),
        ),
        *_backfills(services),
    ]


def _backfills(services: Services) -> list[ApiRoute]:
    backfills, one = Backfills(services), f"{OWN}/recurringruns/{{recurring_run_id}}"
    return [
        ApiRoute(
            "GET",
            f"{one}/ticks",
            backfills.ticks,
            Operation(
                "HeadraceService_ListTicks",
                f"list the times at which a recurring run will be due next; `count` of them (5 unless given, at most "
                f"{MOST_SHOWN})",
                backfill.ListTicks,
                query=(number("count", "How many"),),
            ),
        ),
        ApiRoute(
            "POST",
            f"{one}/backfills",
            backfills.create,
            Operation(
                "HeadraceService_CreateBackfill",
                "backfill a recurring run: make the runs of the due times from `start_time` to `end_time` (now, unless "
                f"given), `max_parallel` at once (1 unless given, at most {MOST_PARALLEL}). `ticks` says which those "
                "are; what has `run_before` gets no second one, but with `again`. With `dry_run` nothing is made",
                backfill.Backfill,
                takes=backfill.CreateBackfill,
                needs=("start_time",),
                example={"start_time": "2026-01-01T00:00:00Z", "max_parallel": 2, "dry_run": True},
            ),
        ),
        ApiRoute(
            "GET",
            f"{one}/backfills",
            backfills.list,
            Operation(
                "HeadraceService_ListBackfills",
                "list the backfills of a recurring run, newest first",
                backfill.ListBackfills,
            ),
        ),
        ApiRoute(
            "GET",
            f"{one}/backfills/{{backfill_id}}",
            backfills.get,
            Operation(
                "HeadraceService_GetBackfill",
                "get a backfill: how many ticks wait, in what states its runs are, and the ticks of which no run "
                "could be made, each with its `error`",
                backfill.Backfill,
            ),
        ),
        ApiRoute(
            "POST",
            f"{one}/backfills/{{backfill_id}}:stop",
            backfills.stop,
            Operation(
                "HeadraceService_StopBackfill",
                "stop a backfill: make no more of its runs; 400 where it has none to make",
                Empty,
                takes=Verb,
            ),
        ),
    ]


def _kfp(name: str, text: str, gives: type[Message] = Empty, query: Sequence[Parameter] = ()) -> Operation:
    return Operation(f"RecurringRunService_{name}", text, gives, query=query)


def _verb(name: str, text: str) -> Operation:
    return Operation(f"RecurringRunService_{name}", text, Empty, takes=RecurringRunVerb)
