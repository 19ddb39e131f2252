"""Recurring runs over HTTP: how they are made and refused, shown, listed, switched and deleted."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.api.conftest import V2, Api, start

from headrace.base.clock import Instant
from headrace.base.settings import Settings
from headrace.controllers.fire import Fire
from headrace.model.run import Run
from headrace.store import runs, schedules

CONFIG = {"parameters": {"count": 3}}
CRON = {"cron_schedule": {"cron": "0 30 6 * * *"}}


def asked(document: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A good request, with these fields instead; None leaves one out."""
    good = {
        "display_name": "nightly",
        "pipeline_spec": document,
        "runtime_config": CONFIG,
        "max_concurrency": 1,
        "mode": "ENABLE",
        "trigger": CRON,
    }
    return {key: value for key, value in {**good, **fields}.items() if value is not None}


def make(api: Api, document: dict[str, Any], **fields: Any) -> Any:
    return api.post("/recurringruns", asked(document, **fields))


def refused(api: Api, document: dict[str, Any], **fields: Any) -> tuple[int, str]:
    """The status and message with which POST refuses; nothing was written."""
    response = api.http.post(f"{V2}/recurringruns", json=asked(document, **fields))
    assert api.get("/recurringruns") == {}
    return response.status_code, response.json()["message"]


def test_one_is_made_and_shown_as_kfp_shows_it(api: Api, document: dict[str, Any]) -> None:
    made = make(
        api,
        document,
        description="d",
        no_catchup=True,
        max_concurrency="10",
        plugins_input={"mlflow": {"a": 1}},
        runtime_config={**CONFIG, "pipeline_root": "minio://b/r"},
        trigger={
            "cron_schedule": {
                "cron": "0 30 6 * * *",
                "start_time": "2026-01-01T00:00:00Z",
                "end_time": "2026-02-01T00:00:00+01:00",
            }
        },
    )
    experiment = api.get("/experiments")["experiments"][0]
    assert (made.pop("experiment_id"), experiment["display_name"]) == (experiment["experiment_id"], "Default")
    recurring_run_id, created = made.pop("recurring_run_id"), made.pop("created_at")
    assert made == {
        "display_name": "nightly",
        "description": "d",
        "pipeline_spec": document,
        "runtime_config": {**CONFIG, "pipeline_root": "minio://b/r"},
        "service_account": "pipeline-runner",
        "max_concurrency": "10",
        "trigger": {
            "cron_schedule": {
                "cron": "0 30 6 * * *",
                "start_time": "2026-01-01T00:00:00Z",
                "end_time": "2026-01-31T23:00:00Z",
                "timezone": "UTC",
            }
        },
        "mode": "ENABLE",
        "status": "ENABLED",
        "updated_at": created,
        "no_catchup": True,
        "plugins_input": {"mlflow": {"a": 1}},
        "next_scheduled_at": "2026-01-01T06:30:00Z",
    }
    assert api.woken.get(timeout=60) == "schedules"
    shown = api.get(f"/recurringruns/{recurring_run_id}")
    assert shown["pipeline_spec"] == document
    assert shown["next_scheduled_at"] == "2026-01-01T06:30:00Z"


def test_a_periodic_one_has_its_interval_as_text(api: Api, document: dict[str, Any]) -> None:
    made = make(api, document, trigger={"periodicSchedule": {"intervalSecond": 60}}, mode=None)
    assert made["trigger"] == {"periodic_schedule": {"interval_second": "60"}}
    assert (made["mode"], made["status"]) == ("DISABLE", "DISABLED")
    assert "next_scheduled_at" not in made


@pytest.mark.parametrize(
    ("trigger", "zone"),
    [
        ({"cron": "0 0 6 * * *", "timezone": "Europe/Berlin"}, "Europe/Berlin"),
        ({"cron": "TZ=Europe/Berlin 0 0 6 * * *"}, "Europe/Berlin"),
        ({"cron": "CRON_TZ=Europe/Berlin 0 0 6 * * *", "timezone": "Europe/Berlin"}, "Europe/Berlin"),
        ({"cron": "0 0 6 * * *", "timezone": "UTC"}, "UTC"),
        ({"cron": "0 0 6 * * *"}, "UTC"),
    ],
)
def test_the_time_zone(api: Api, document: dict[str, Any], trigger: dict[str, str], zone: str) -> None:
    made = make(api, document, trigger={"cron_schedule": trigger})
    assert made["trigger"]["cron_schedule"]["timezone"] == zone
    assert made["trigger"]["cron_schedule"]["cron"] == trigger["cron"]
    assert made["next_scheduled_at"].endswith("T06:00:00Z" if zone == "UTC" else "T05:00:00Z")


def test_a_trigger_means_the_same_on_a_server_in_another_time_zone(
    api: Api, document: dict[str, Any], tmp_path: Path
) -> None:
    answered = make(api, document)
    tokyo = start(tmp_path / "tokyo", Settings(schedule_timezone="Asia/Tokyo"))
    try:
        same, own = make(tokyo, document, trigger=answered["trigger"]), make(tokyo, document)
        assert (same["trigger"], same["next_scheduled_at"]) == (answered["trigger"], answered["next_scheduled_at"])
        assert own["trigger"]["cron_schedule"]["timezone"] == "Asia/Tokyo"
    finally:
        tokyo.http.close()
        tokyo.stop()


def test_of_a_pipeline_it_names_the_newest_version_or_the_one_that_was_asked_for(
    api: Api, document: dict[str, Any]
) -> None:
    pipeline_id = api.upload(json.dumps(document).encode(), name="p").json()["pipeline_id"]
    version_id = api.get(f"/pipelines/{pipeline_id}/versions")["pipeline_versions"][0]["pipeline_version_id"]
    newest = make(api, document, pipeline_spec=None, pipeline_version_reference={"pipeline_id": pipeline_id})
    assert newest["pipeline_version_reference"] == {"pipeline_id": pipeline_id}
    both = {"pipeline_id": pipeline_id, "pipeline_version_id": version_id}
    for reference in ({"pipeline_version_reference": both}, {"pipeline_version_id": version_id}):
        pinned = make(api, document, pipeline_spec=None, **reference)
        assert pinned["pipeline_version_reference"] == both
        assert "pipeline_spec" not in api.get(f"/recurringruns/{pinned['recurring_run_id']}")


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"display_name": None}, 400, "display_name: a name is missing"),
        ({"display_name": "x" * 256}, 400, "display_name: it has 256 characters"),
        ({"max_concurrency": None}, 400, "max_concurrency"),
        ({"max_concurrency": 0}, 400, "max_concurrency: 0"),
        ({"max_concurrency": "11"}, 400, "Give 1 to 10"),
        ({"trigger": None}, 400, "trigger"),
        ({"trigger": {}}, 400, "Give one of cron_schedule and periodic_schedule"),
        ({"trigger": {**CRON, "periodic_schedule": {"interval_second": 1}}}, 400, "trigger"),
        ({"trigger": {"periodic_schedule": {}}}, 400, "trigger.periodic_schedule.interval_second: 0"),
        ({"trigger": {"periodic_schedule": {"interval_second": -5}}}, 400, "interval_second: -5"),
        ({"trigger": {"periodic_schedule": {"interval_second": "9999999999999"}}}, 400, "interval_second"),
        ({"trigger": {"cron_schedule": {"cron": "* * *"}}}, 400, "trigger.cron_schedule.cron: a cron expression has 5"),
        ({"trigger": {"cron_schedule": {"cron": "99 * * * * *"}}}, 400, "not within 0 to 59"),
        ({"trigger": {"cron_schedule": {"cron": "0 0 0 31 2 *"}}}, 400, "never due"),
        ({"trigger": {"cron_schedule": {"cron": "@daily", "timezone": "Mars"}}}, 400, "'Mars' is not a time zone"),
        ({"trigger": {"cron_schedule": {"cron": "TZ=Mars @daily"}}}, 400, "trigger.cron_schedule.timezone"),
        ({"trigger": {"cron_schedule": {"cron": "TZ=UTC @daily", "timezone": "Asia/Tokyo"}}}, 400, "expression says"),
        ({"trigger": {"cron_schedule": {"cron": "@daily", "start_time": "soon"}}}, 400, "start_time"),
        (
            {
                "trigger": {
                    "cron_schedule": {
                        "cron": "@daily",
                        "start_time": "2026-01-02T00:00:00Z",
                        "end_time": "2026-01-01T00:00:00Z",
                    }
                }
            },
            400,
            "end_time: it is before start_time",
        ),
        ({"trigger": {"cron_schedule": {"cron": "@daily", "start_time": "1969-01-01T00:00:00Z"}}}, 400, "before 1970"),
        ({"pipeline_spec": None}, 400, "no pipeline"),
        ({"pipeline_spec": None, "pipeline_version_reference": {"pipeline_id": "x"}}, 404, "Pipeline x not found"),
        ({"pipeline_spec": None, "pipeline_version_id": "x"}, 404, "x not found"),
        ({"pipeline_version_id": "x"}, 400, "or several"),
        ({"pipeline_spec": {"root": {}}}, 400, ""),
        ({"experiment_id": "x"}, 404, "Experiment x not found"),
        ({"runtime_config": None}, 400, "pipeline requiring input has no parameter(s) provided"),
        ({"runtime_config": {}}, 400, "parameter count is not optional"),
        ({"runtime_config": {"parameters": {"count": "x"}}}, 400, "input parameter count requires type"),
        ({"runtime_config": {"parameters": {"count": 1, "z": 1}}}, 400, "not required by pipeline: z"),
        (
            {"runtime_config": {"pipeline_root": "minio://b/../c"}},
            400,
            'runtime_config.pipeline_root: "minio://b/../c"',
        ),
        ({"plugins_input": {str(number): {} for number in range(17)}}, 400, "plugins_input"),
        ({"mode": "SOMETIMES"}, 400, "mode"),
        ({"colour": "red"}, 400, 'unknown field "colour"'),
    ],
)
def test_what_is_refused(api: Api, document: dict[str, Any], fields: dict[str, Any], status: int, said: str) -> None:
    answered, message = refused(api, document, **fields)
    assert (answered, said in message) == (status, True), message


def test_macros_stay_in_the_recurring_run_and_must_fit_when_filled_in(api: Api, document: dict[str, Any]) -> None:
    config = {"parameters": {"count": 1, "word": "[[ScheduledTime.2006]]"}}
    assert make(api, document, runtime_config=config)["runtime_config"] == config
    document["root"]["inputDefinitions"]["parameters"]["word"]["literals"] = ["2023", "2024"]
    assert make(api, document, runtime_config=config)
    config["parameters"]["word"] = "[[ScheduledTime.Jan]]"
    response = api.http.post(f"{V2}/recurringruns", json=asked(document, runtime_config=config))
    assert response.status_code == 400
    assert "literals" in response.json()["message"]


def test_they_are_listed_sorted_filtered_and_paged(api: Api, document: dict[str, Any]) -> None:
    assert api.get("/recurringruns") == {}
    experiment = api.post("/experiments", {"display_name": "e"})["experiment_id"]
    ids = [
        make(api, document, display_name=name, description=f"d{name}", experiment_id=experiment)["recurring_run_id"]
        for name in ("b", "a", "c")
    ]
    other = make(api, document, display_name="z")["recurring_run_id"]

    def listed(**query: Any) -> list[str]:
        return [each["recurring_run_id"] for each in api.get("/recurringruns", **query).get("recurringRuns", [])]

    assert listed() == [*ids, other]
    assert listed(experiment_id=experiment) == ids
    assert listed(experiment_id="none") == []
    assert listed(sort_by="display_name desc", experiment_id=experiment) == [ids[2], ids[0], ids[1]]
    for key in ("id", "recurring_run_id", "name", "created_at", "updated_at", "description"):
        assert len(listed(sort_by=key)) == 4
    equals_a = '{"predicates": [{"operation": "EQUALS", "key": "%s", "string_value": "%s"}]}'
    assert listed(filter=equals_a % ("name", "a")) == [ids[1]]
    assert listed(filter=equals_a % ("description", "dc")) == [ids[2]]
    first = api.get("/recurringruns", page_size=3)
    assert first["total_size"] == 4
    assert "pipeline_spec" not in first["recurringRuns"][0]
    assert listed(page_size=3, page_token=first["next_page_token"]) == [other]
    for bad in ({"sort_by": "status"}, {"filter": equals_a % ("status", "ENABLED")}, {"page_size": -1}):
        assert api.http.get(f"{V2}/recurringruns", params=bad).status_code == 400
    runs_token = api.http.get(f"{V2}/runs", params={"page_token": first["next_page_token"]})
    assert "of a list of RecurringRun" in runs_token.json()["message"]


def test_it_is_disabled_and_enabled_again(api: Api, document: dict[str, Any]) -> None:
    made = make(api, document)
    one = f"/recurringruns/{made['recurring_run_id']}"
    assert api.woken.get(timeout=60) == "schedules"
    assert api.post(f"{one}:disable") == {}
    shown = api.get(one)
    assert (shown["mode"], shown["status"], "next_scheduled_at" in shown) == ("DISABLE", "DISABLED", False)
    assert shown["updated_at"] > made["updated_at"]
    api.post(f"{one}:disable")
    assert api.post(f"{one}:enable", {}) == {}
    assert api.get(one)["status"] == "ENABLED"
    assert api.woken.get(timeout=60) == "schedules"


def test_archiving_its_experiment_disables_it(api: Api, document: dict[str, Any]) -> None:
    experiment = api.post("/experiments", {"display_name": "e"})["experiment_id"]
    inside = make(api, document, experiment_id=experiment)["recurring_run_id"]
    outside = make(api, document)["recurring_run_id"]
    api.post(f"/experiments/{experiment}:archive")
    assert api.get(f"/recurringruns/{inside}")["status"] == "DISABLED"
    assert api.get(f"/recurringruns/{outside}")["status"] == "ENABLED"
    api.post(f"/experiments/{experiment}:unarchive")
    assert api.get(f"/recurringruns/{inside}")["status"] == "DISABLED"
    api.delete(f"/experiments/{experiment}")
    assert api.get(f"/recurringruns/{inside}")["experiment_id"] == experiment


@pytest.mark.parametrize("verb", ["", ":enable", ":disable"])
def test_what_is_not_there(api: Api, verb: str) -> None:
    path = f"{V2}/recurringruns/x{verb}"
    for response in [api.http.post(path)] if verb else [api.http.get(path), api.http.delete(path)]:
        assert (response.status_code, response.json()["code"]) == (404, 5)
        assert "Recurring run x not found" in response.json()["message"]


@pytest.mark.parametrize(
    ("policy", "terminates"),
    [("", False), ("ORPHAN", False), ("BACKGROUND", True), ("FOREGROUND", True), ("1", True)],
)
def test_deleting_it_leaves_its_runs(api: Api, document: dict[str, Any], policy: str, terminates: bool) -> None:
    made = make(api, document)["recurring_run_id"]
    run_id = fire(api, made).run_id
    api.delete(f"/recurringruns/{made}", propagation_policy=policy)
    assert api.http.get(f"{V2}/recurringruns/{made}").status_code == 404
    assert api.get(f"/runs/{run_id}")["state"] == ("CANCELING" if terminates else "PENDING")
    mine = {"predicates": [{"operation": "EQUALS", "key": "recurring_run_id", "string_value": made}]}
    assert [each["run_id"] for each in api.get("/runs", filter=json.dumps(mine))["runs"]] == [run_id]


def test_a_client_may_make_a_run_of_it_once_for_each_name(api: Api, document: dict[str, Any]) -> None:
    made = make(api, document)["recurring_run_id"]
    run = api.run(document, "by hand", runtime_config=CONFIG, recurring_run_id=made)
    assert run["recurring_run_id"] == made
    assert api.run(document, "by hand", runtime_config=CONFIG, recurring_run_id=made)["run_id"] == run["run_id"]
    assert api.run(document, "other", runtime_config=CONFIG, recurring_run_id=made)["run_id"] != run["run_id"]
    assert api.get("/runs")["total_size"] == 2
    body = {"display_name": "r", "pipeline_spec": document, "runtime_config": CONFIG, "recurring_run_id": "x"}
    assert api.http.post(f"{V2}/runs", json=body).status_code == 404


def test_a_policy_that_is_none(api: Api, document: dict[str, Any]) -> None:
    made = make(api, document)["recurring_run_id"]
    response: httpx2.Response = api.http.delete(f"{V2}/recurringruns/{made}", params={"propagation_policy": "MAYBE"})
    assert response.status_code == 400
    assert "FOREGROUND" in response.json()["message"]
    assert api.get(f"/recurringruns/{made}")


def fire(api: Api, recurring_run_id: str) -> Run:
    """The run of its next tick, as the controllers make it."""

    class Later:
        def now(self) -> Instant:
            return Instant(4_000_000_000_000_000)

    plans = api.services.plans

    def unit(tx: Any) -> Run:
        plan_id = schedules.get_schedule(tx, recurring_run_id).plan_id
        known = plans.known(plan_id)
        assert known is not None
        fired = Fire(Later(), lambda _tx, _plan_id: known, "minio://mlpipeline/root").schedule(tx, recurring_run_id)
        return runs.load_run(tx, fired.run_id).run

    made: Run = api.services.database.submit(unit).result()
    return made
