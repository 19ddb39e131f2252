"""Recurring runs over gRPC: made, shown, listed, switched and deleted as over HTTP, but for what KFP does not have."""

import json
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from tests.api.conftest import V2, Api
from tests.api.test_recurring import asked, fire, make
from tests.rpc.conftest import Client, without

from headrace.model.run import Failure
from headrace.rpc.proto import recurring_run_pb2
from headrace.store import schedules

BOUNDS = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-02-01T00:00:00Z"}
CRON = {"cron_schedule": {"cron": "0 30 6 * * *", **BOUNDS}}
PERIODIC = {"periodic_schedule": {"interval_second": "90", **BOUNDS}}
OF_ITS_OWN = ("recurring_run_id", "created_at", "updated_at")
"""What no two recurring runs have the same."""


def message(document: dict[str, Any], **fields: Any) -> recurring_run_pb2.RecurringRun:
    """A good request, with these fields instead, as JSON has them; None leaves one out."""
    return json_format.ParseDict(asked(document, **fields), recurring_run_pb2.RecurringRun())


def kfps(shown: dict[str, Any]) -> dict[str, Any]:
    """What HTTP shows, without the fields that KFP does not have."""
    trigger = {kind: without(schedule, "timezone") for kind, schedule in shown["trigger"].items()}
    return {**without(shown, "next_scheduled_at", "last_scheduled_at"), "trigger": trigger}


@pytest.mark.parametrize("trigger", [CRON, PERIODIC], ids=lambda trigger: next(iter(trigger)))
def test_one_is_made_and_shown_as_over_http(
    api: Api, client: Client, document: dict[str, Any], trigger: dict[str, Any]
) -> None:
    experiment_id = api.post("/experiments", {"display_name": "e"})["experiment_id"]
    fields = {
        "description": "d",
        "experiment_id": experiment_id,
        "max_concurrency": "10",
        "no_catchup": True,
        "runtime_config": {"parameters": {"count": 3, "word": "x"}, "pipeline_root": "minio://b/r"},
        "service_account": "me",
        "trigger": trigger,
    }
    made = client.json("CreateRecurringRun", recurring_run=message(document, **fields))
    assert api.woken.get(timeout=60) == "schedules"
    recurring_run_id = made["recurring_run_id"]
    over_http = api.get(f"/recurringruns/{recurring_run_id}")
    assert made == client.json("GetRecurringRun", recurring_run_id=recurring_run_id) == kfps(over_http)
    assert made == {
        **asked(document, **fields),
        "recurring_run_id": recurring_run_id,
        "created_at": over_http["created_at"],
        "updated_at": over_http["updated_at"],
        "status": "ENABLED",
    }
    twin = make(api, document, **fields)
    assert without(over_http, *OF_ITS_OWN) == without(twin, *OF_ITS_OWN)
    listed = client.json("ListRecurringRuns", experiment_id=experiment_id, sort_by="created_at")
    assert listed["recurringRuns"] == [without(made, "pipeline_spec"), without(kfps(twin), "pipeline_spec")]
    assert listed["total_size"] == 2


def test_one_of_a_version_names_it(api: Api, client: Client, document: dict[str, Any]) -> None:
    pipeline_id = api.upload(json.dumps(document).encode(), name="p").json()["pipeline_id"]
    version_id = api.get(f"/pipelines/{pipeline_id}/versions")["pipeline_versions"][0]["pipeline_version_id"]
    both = {"pipeline_id": pipeline_id, "pipeline_version_id": version_id}
    for source in ({"pipeline_version_reference": both}, {"pipeline_version_id": version_id}):
        made = client.json("CreateRecurringRun", recurring_run=message(document, pipeline_spec=None, **source))
        assert made["pipeline_version_reference"] == both
        assert made == kfps(api.get(f"/recurringruns/{made['recurring_run_id']}"))


def test_its_time_zone_is_in_front_of_the_expression(api: Api, client: Client, document: dict[str, Any]) -> None:
    for cron, zone in (("0 0 6 * * *", "UTC"), ("TZ=Asia/Tokyo 0 0 6 * * *", "Asia/Tokyo")):
        made = client.call(
            "CreateRecurringRun", recurring_run=message(document, trigger={"cron_schedule": {"cron": cron}})
        )
        assert made.trigger.cron_schedule.cron == cron
        assert api.get(f"/recurringruns/{made.recurring_run_id}")["trigger"]["cron_schedule"]["timezone"] == zone


def test_one_that_has_a_time_zone_is_shown_without_it(api: Api, client: Client, document: dict[str, Any]) -> None:
    made = make(api, document, trigger={"cron_schedule": {"cron": "@daily", "timezone": "Europe/Berlin"}})
    shown = client.json("GetRecurringRun", recurring_run_id=made["recurring_run_id"])
    assert shown == kfps(made)
    assert shown["trigger"] == {"cron_schedule": {"cron": "@daily"}}


def test_it_says_why_its_last_tick_gave_no_run(api: Api, client: Client, document: dict[str, Any]) -> None:
    recurring_run_id = make(api, document)["recurring_run_id"]

    def unit(tx: Any) -> None:
        schedules.advance(tx, replace(schedules.get_schedule(tx, recurring_run_id), failure=Failure("no", 3)))

    api.services.database.submit(unit).result()
    shown = client.json("GetRecurringRun", recurring_run_id=recurring_run_id)
    assert shown == kfps(api.get(f"/recurringruns/{recurring_run_id}"))
    assert shown["error"] == {"code": 3, "message": "no"}


def test_it_is_disabled_enabled_and_deleted(api: Api, client: Client, document: dict[str, Any]) -> None:
    made = client.call("CreateRecurringRun", recurring_run=message(document, mode=None))
    one = {"recurring_run_id": made.recurring_run_id}
    assert (made.mode, made.status) == (recurring_run_pb2.RecurringRun.DISABLE, recurring_run_pb2.RecurringRun.DISABLED)
    for verb in ("Enable", "Disable", "Enable"):
        assert client.json(f"{verb}RecurringRun", **one) == {}
        shown = client.json("GetRecurringRun", **one)
        assert shown == kfps(api.get(f"/recurringruns/{made.recurring_run_id}"))
        assert (shown["mode"], shown["status"]) == (verb.upper(), f"{verb.upper()}D")
    run_id = fire(api, made.recurring_run_id).run_id
    assert client.json("DeleteRecurringRun", **one, propagation_policy="FOREGROUND") == {}
    assert client.refused("GetRecurringRun", **one)[0] is grpc.StatusCode.NOT_FOUND
    assert api.get(f"/runs/{run_id}")["state"] == "CANCELING"


@pytest.mark.parametrize(
    "fields",
    [
        {"display_name": None},
        {"max_concurrency": 11},
        {"trigger": None},
        {"trigger": {"periodic_schedule": {}}},
        {"trigger": {"cron_schedule": {"cron": "* * *"}}},
        {"experiment_id": "x"},
    ],
)
def test_it_is_refused_as_over_http(api: Api, client: Client, document: dict[str, Any], fields: dict[str, Any]) -> None:
    code, sentence = client.refused("CreateRecurringRun", recurring_run=message(document, **fields))
    told = api.http.post(f"{V2}/recurringruns", json=asked(document, **fields)).json()
    assert (code.value[0], sentence) == (told["code"], told["message"])
    assert api.get("/recurringruns") == {}


def test_plugins_are_refused(api: Api, client: Client, document: dict[str, Any]) -> None:
    """Their number in KFP, 19, is not one of ours."""
    plugins = bytes([0x9A, 0x01, 0])  # Field 19, length-delimited, empty.
    inner = recurring_run_pb2.RecurringRun.FromString(message(document).SerializeToString() + plugins)
    code, sentence = client.refused("CreateRecurringRun", recurring_run=inner)
    assert (code, "field 19 of RecurringRun" in sentence) == (grpc.StatusCode.INVALID_ARGUMENT, True)
    assert api.get("/recurringruns") == {}
