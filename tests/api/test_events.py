"""The states of all runs as server-sent events."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.conftest import Api, pipeline
from tests.api.scene import Scene
from tests.api.test_stream import events

from headrace.model.run import Failure


def start(api: Api, name: str, **fields: Any) -> Any:
    return api.run(pipeline(), name, runtime_config={"parameters": {"count": 3}}, **fields)


def states(seen: Iterator[tuple[str, str, Any]], count: int) -> list[tuple[str, str]]:
    """(run, state) of so many events of all runs."""
    return [(data["run_id"], data["state"]) for _, name, data in (next(seen) for _ in range(count)) if name == "run"]


def test_the_states_of_all_runs_come_as_they_are_committed(api: Api) -> None:
    before = start(api, "before")["run_id"]
    with api.http.stream("GET", "/api/v1/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        seen = events(response.iter_lines())
        run = start(api, "now")
        api.advance(run["run_id"], *Scene(run["run_id"]).started())
        api.advance(before, *Scene(before).started())
        number, name, data = next(seen)
        assert (number, name) == ("2", "run")
        assert data == {
            "run_id": run["run_id"],
            "display_name": "now",
            "state": "PENDING",
            "at": run["created_at"],
            "created_at": run["created_at"],
            "experiment_id": run["experiment_id"],
        }
        assert sorted(states(seen, 2)) == sorted([(run["run_id"], "RUNNING"), (before, "RUNNING")])
        api.advance(before, *Scene(before).ended(failure=Failure("boom", 9)))
        number, _, data = next(seen)
        assert (number, data["run_id"], data["state"]) == ("5", before, "FAILED")
        assert data["error"] == {"code": 9, "message": "boom"}


def test_the_stream_of_all_runs_goes_on_where_it_was(api: Api) -> None:
    first, second = (start(api, name)["run_id"] for name in ("a", "b"))
    api.advance(first, *Scene(first).started())
    with api.http.stream("GET", "/api/v1/events", params={"after": 0}) as response:
        seen = list(zip(range(3), events(response.iter_lines()), strict=False))
    assert [(number, data["run_id"], data["state"]) for _, (number, _, data) in seen] == [
        ("1", first, "PENDING"),
        ("2", second, "PENDING"),
        ("3", first, "RUNNING"),
    ]
    api.advance(first, *Scene(first).ended())
    with api.http.stream("GET", "/api/v1/events", headers={"Last-Event-ID": "2"}) as response:
        assert states(events(response.iter_lines()), 2) == [(first, "RUNNING"), (first, "SUCCEEDED")]
    api.delete(f"/runs/{first}")
    with api.http.stream("GET", "/api/v1/events", params={"after": 0}) as response:
        seen_of_second = events(response.iter_lines())
        assert states(seen_of_second, 1) == [(second, "PENDING")]
        api.advance(second, *Scene(second).started())
        assert next(seen_of_second)[0] == "5", "a place is never given twice"


def test_the_stream_of_all_runs_is_narrowed_down_and_keeps_its_place(api: Api) -> None:
    experiment = api.post("/experiments", {"display_name": "other"})["experiment_id"]
    plain = start(api, "plain")["run_id"]
    mine = start(api, "mine", experiment_id=experiment)["run_id"]
    for each in (plain, mine):
        api.advance(each, *Scene(each).started())
    for each in (mine, plain):
        api.advance(each, *Scene(each).ended())
    for params, wanted in (
        ({"experiment_id": experiment}, [(mine, "PENDING"), (mine, "RUNNING"), (mine, "SUCCEEDED")]),
        ({"state": ["succeeded", "FAILED"]}, [(mine, "SUCCEEDED"), (plain, "SUCCEEDED")]),
        ({"state": "PENDING,FAILED"}, [(plain, "PENDING"), (mine, "PENDING")]),
    ):
        with api.http.stream("GET", "/api/v1/events", params={"after": 0, **params}) as response:
            lines = response.iter_lines()
            assert states(events(lines), len(wanted)) == wanted
    with api.http.stream("GET", "/api/v1/events", params={"after": 0, "recurring_run_id": "none"}) as response:
        marks = (line for line in response.iter_lines() if line.startswith("id:"))
        assert [next(marks), next(marks)] == ["id: 0", "id: 6"]


def test_a_place_that_is_to_come_is_reset_to_the_last_one(api: Api) -> None:
    start(api, "before")
    with api.http.stream("GET", "/api/v1/events", headers={"Last-Event-ID": "99"}) as response:
        seen = events(response.iter_lines())
        assert next(seen) == ("1", "reset", {"last_event_id": 99})
        run = start(api, "now")["run_id"]
        api.advance(run, *Scene(run).started())
        number, _, data = next(seen)
        assert (number, data["run_id"]) == ("2", run)


@pytest.mark.parametrize(("params", "field"), [({"state": "DONE"}, "state"), ({"after": "-1"}, "after")])
def test_what_the_stream_of_all_runs_does_not_take(api: Api, params: dict[str, str], field: str) -> None:
    refused = api.http.get("/api/v1/events", params=params)
    assert (refused.status_code, refused.json()["message"].partition(":")[0]) == (400, field)
