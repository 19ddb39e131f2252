"""Retention over HTTP: what is said, changing it for an experiment, pinning a run, and letting go."""

from typing import Any

import pytest
from tests.api.conftest import Api
from tests.api.scene import AT
from tests.api.test_why import caching, execute

from headrace.base.clock import SECOND
from headrace.store.runs import take_inbox

ROUTE = "/api/v1/retention"
NOTHING = {"runs": "", "archived_runs": "", "logs": "", "artifacts": "", "cache": ""}


def experiment_of(api: Api, run_id: str) -> str:
    found: str = api.get(f"/runs/{run_id}")["experiment_id"]
    return f"/api/v1/experiments/{found}/retention"


def prune(api: Api, *, dry_run: bool) -> Any:
    return api.http.post(f"{ROUTE}:run", json={"dry_run": dry_run}).json()


def test_an_experiment_says_how_long_it_keeps(api: Api) -> None:
    path = experiment_of(api, execute(api, caching(), 1))
    assert api.http.get(ROUTE).json() == {"server": NOTHING, "experiments": [], "pinned_runs": []}
    assert api.http.get(path).json()["in_force"] == NOTHING
    said = api.http.patch(path, json={"runs": "90d", "artifacts": "forever"}).json()
    assert said["said"] == said["in_force"] == {**NOTHING, "runs": "90d", "artifacts": "forever"}
    said = api.http.patch(path, json={"artifacts": "", "logs": "36h"}).json()
    assert said["said"] == {**NOTHING, "runs": "90d", "logs": "36h"}
    assert api.http.get(ROUTE).json()["experiments"] == [said]
    api.http.patch(path, json={"runs": "", "logs": ""})
    assert api.http.get(ROUTE).json()["experiments"] == []


def test_a_dry_run_says_what_then_goes(api: Api) -> None:
    runs = [execute(api, caching(), count) for count in range(3)]
    for each in runs:  # as their controller does
        row = api.row(each)
        api.services.database.submit(lambda tx, row=row: take_inbox(tx, row)).result()
    while api.services.clock.now() < AT + 2 * SECOND:
        pass  # a second passes at each look
    assert api.http.post(f"/api/v1/runs/{runs[0]}:pin").json() == {}
    assert api.http.get(ROUTE).json()["pinned_runs"] == [runs[0]]
    api.http.patch(experiment_of(api, runs[0]), json={"runs": "1s"})
    would = prune(api, dry_run=True)
    assert (would["runs"], would["tasks"], would["uncached"]) == (2, 4, 2)
    assert api.http.get(f"/apis/v2beta1/runs/{runs[1]}").status_code == 200
    named = would["would"]
    assert [each["run_id"] for each in named["runs"]] == runs[1:]
    assert {each["run_id"] for each in named["executions"]} == set(runs[1:])
    assert prune(api, dry_run=False) == {**would, "dry_run": False, "would": None}
    assert [api.http.get(f"/apis/v2beta1/runs/{each}").status_code for each in runs] == [200, 404, 404]
    assert api.http.post(f"/api/v1/runs/{runs[0]}:unpin").json() == {}
    assert prune(api, dry_run=False)["runs"] == 1
    assert api.get("/runs") == {}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"runs": "long"}, 400, "runs: 'long' is no age"),
        ({"logs": "-1d"}, 400, "logs: '-1d' is no age"),
        ({"steps": "1d"}, 400, "steps"),
    ],
)
def test_what_is_no_age_is_refused(api: Api, body: dict[str, str], status: int, said: str) -> None:
    answer = api.http.patch(experiment_of(api, execute(api, caching(), 1)), json=body)
    assert answer.status_code == status
    assert said in answer.json()["message"]


def test_what_does_not_exist_is_not_kept(api: Api) -> None:
    for answer in (
        api.http.get("/api/v1/experiments/none/retention"),
        api.http.patch("/api/v1/experiments/none/retention", json={"runs": "1d"}),
        api.http.post("/api/v1/runs/none:pin"),
        api.http.post("/api/v1/runs/none:unpin"),
    ):
        assert answer.status_code == 404
