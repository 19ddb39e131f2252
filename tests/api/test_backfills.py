"""Backfills over HTTP: the preview, what is made, what is refused."""

from typing import Any

import pytest
from tests.api.conftest import Api
from tests.api.test_recurring import fire, make

from headrace.base.clock import Instant, from_rfc3339
from headrace.model.schedule import Tick
from headrace.store import schedules

OWN = "/api/v1/recurringruns"
DAILY = {"cron_schedule": {"cron": "@daily"}}
THREE = {"start_time": "2023-01-01T00:00:00Z", "end_time": "2023-01-03T12:00:00Z"}
"""The server's clock is in November 2023."""


def asked(api: Api, recurring_run_id: str, **fields: Any) -> Any:
    response = api.http.post(f"{OWN}/{recurring_run_id}/backfills", json={**THREE, **fields})
    assert response.status_code == 200, response.text
    return response.json()


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(api: Api, document: dict[str, Any]) -> None:
    made = make(api, document, trigger=DAILY)["recurring_run_id"]
    days = [{"scheduled_at": f"2023-01-0{day}T00:00:00Z"} for day in (1, 2, 3)]
    assert asked(api, made, dry_run=True) == {"recurring_run_id": made, "ticks": days}
    assert api.http.get(f"{OWN}/{made}/backfills").json() == {}


def test_what_has_had_its_run_gets_none_unless_asked_again(api: Api, document: dict[str, Any]) -> None:
    trigger = {"cron_schedule": {"cron": "@daily", "start_time": "2023-01-01T12:00:00Z"}}
    made = make(api, document, trigger=trigger)["recurring_run_id"]
    assert api.woken.get(timeout=60) == "schedules"
    fire(api, made)
    begun = asked(api, made, max_parallel=2)
    assert api.woken.get(timeout=60) == "schedules"
    assert [tick.get("run_before", False) for tick in begun["ticks"]] == [False, True, False]
    assert (begun["state"], begun["waiting"], begun["max_parallel"]) == ("RUNNING", 2, 2)
    assert (begun["start_time"], begun["end_time"]) == (THREE["start_time"], THREE["end_time"])
    assert asked(api, made).get("waiting", 0) == 0
    again = asked(api, made, again=True)
    assert again["waiting"] == 3
    listed = api.http.get(f"{OWN}/{made}/backfills").json()["backfills"]
    assert [each["backfill_id"] for each in listed][::2] == [again["backfill_id"], begun["backfill_id"]]


def test_of_an_interval_it_takes_the_times_as_they_were(api: Api, document: dict[str, Any]) -> None:
    trigger = {"periodic_schedule": {"interval_second": 86_400, "start_time": "2023-01-01T00:00:00Z"}}
    made = make(api, document, trigger=trigger, no_catchup=True)["recurring_run_id"]
    late = Tick(made, from_rfc3339("2023-01-03T05:00:00Z"), run_id="late", at=Instant(1))
    api.services.database.submit(lambda tx: schedules.record_tick(tx, "", late)).result()
    stretch = {"start_time": "2022-12-31T00:00:00Z", "end_time": "2023-01-04T12:00:00Z"}
    ticks = asked(api, made, dry_run=True, **stretch)["ticks"]
    assert [(each["scheduled_at"][5:13], each.get("run_before", False)) for each in ticks] == [
        ("12-31T00", False),
        ("01-01T00", False),
        ("01-02T00", False),
        ("01-03T00", False),
        ("01-03T05", True),
        ("01-04T05", False),
    ]
    assert asked(api, made, **stretch)["ticks"] == ticks


def test_one_is_shown_and_stopped(api: Api, document: dict[str, Any]) -> None:
    made = make(api, document, trigger=DAILY)["recurring_run_id"]
    begun = asked(api, made)
    one = f"{OWN}/{made}/backfills/{begun['backfill_id']}"
    shown = api.http.get(one).json()
    assert shown["waiting"] == 3
    assert shown == {key: value for key, value in begun.items() if key != "ticks"}
    assert api.http.post(f"{one}:stop").json() == {}
    stopped = api.http.get(one).json()
    assert (stopped["state"], stopped.get("waiting", 0)) == ("STOPPED", 0)
    assert asked(api, made)["waiting"] == 3
    response = api.http.post(f"{one}:stop")
    assert (response.status_code, response.json()["code"]) == (400, 9)
    other = make(api, document)["recurring_run_id"]
    for path in (f"{OWN}/{made}/backfills/x", f"{OWN}/{other}/backfills/{begun['backfill_id']}", f"{OWN}/x/backfills"):
        assert api.http.get(path).status_code == 404


def test_archiving_its_experiment_stops_it(api: Api, document: dict[str, Any]) -> None:
    experiment = api.post("/experiments", {"display_name": "e"})["experiment_id"]
    inside = make(api, document, trigger=DAILY, experiment_id=experiment, mode="DISABLE")
    outside = make(api, document, trigger=DAILY)
    for each in (inside, outside):
        asked(api, each["recurring_run_id"])
    api.post(f"/experiments/{experiment}:archive")
    told = [
        api.http.get(f"{OWN}/{each['recurring_run_id']}/backfills").json()["backfills"][0] for each in (inside, outside)
    ]
    assert [(each["state"], each.get("waiting", 0)) for each in told] == [("STOPPED", 0), ("RUNNING", 3)]
    assert api.get(f"/recurringruns/{inside['recurring_run_id']}")["updated_at"] == inside["updated_at"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"start_time": None}, "start_time: it is missing"),
        ({"start_time": "2023-02-01T00:00:00Z"}, "start_time: it is after the end"),
        ({"start_time": "1960-02-01T00:00:00Z"}, "before 1970"),
        ({"end_time": "2030-01-01T00:00:00Z"}, "end_time: it is to come"),
        ({"max_parallel": 0}, "max_parallel: 0"),
        ({"max_parallel": 101}, "Give 1 to 100"),
        ({"start_time": "1980-01-01T00:00:00Z"}, "more than 10000 due times"),
        ({"from": "now"}, 'unknown field "from"'),
    ],
)
def test_what_is_refused(api: Api, document: dict[str, Any], fields: dict[str, Any], said: str) -> None:
    made = make(api, document, trigger=DAILY)["recurring_run_id"]
    response = api.http.post(f"{OWN}/{made}/backfills", json={**THREE, **fields})
    assert (response.status_code, said in response.json()["message"]) == (400, True), response.text


def test_of_a_schedule_that_is_not_there(api: Api) -> None:
    assert api.http.post(f"{OWN}/x/backfills", json=THREE).status_code == 404
    assert api.http.get(f"{OWN}/x/ticks").status_code == 404


def test_the_ticks_to_come(api: Api, document: dict[str, Any]) -> None:
    made = make(api, document, trigger=DAILY, mode="DISABLE")["recurring_run_id"]
    ticks = api.http.get(f"{OWN}/{made}/ticks", params={"count": 2}).json()["ticks"]
    assert [each["scheduled_at"] for each in ticks] == ["2023-11-15T00:00:00Z", "2023-11-16T00:00:00Z"]
    assert len(api.http.get(f"{OWN}/{made}/ticks").json()["ticks"]) == 5
    assert len(api.http.get(f"{OWN}/{made}/ticks", params={"count": 9999}).json()["ticks"]) == 100
