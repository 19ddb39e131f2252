"""Resuming over HTTP, without controllers: what the new run is, and what is refused before anything is written."""

from typing import Any

import httpx2
from tests.api.conftest import Api, pipeline
from tests.api.scene import Scene

from headrace.model.run import Resume


def ended(api: Api, **fields: Any) -> str:
    """A run whose one step succeeded."""
    run_id: str = api.run(pipeline(), runtime_config={"parameters": {"count": 3}}, **fields)["run_id"]
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    api.advance(run_id, *scene.ended())
    return run_id


def resume(api: Api, run_id: str, **body: Any) -> httpx2.Response:
    return api.http.post(f"/api/v1/runs/{run_id}:resume", json=body)


def test_the_new_run_is_like_the_old_one_and_says_where_it_comes_from(api: Api) -> None:
    old = ended(api, name="nightly", description="what it is for")
    while not api.woken.empty():
        api.woken.get()
    answer = resume(api, old, at=["say"], parameters={"count": 4})
    assert answer.status_code == 200, answer.text
    new = answer.json()
    assert api.woken.get(timeout=60) == new["run_id"] != old
    assert (new["display_name"], new["description"]) == ("nightly from say", "what it is for")
    assert new["runtime_config"]["parameters"] == {"count": 4}
    assert new["state"] == "PENDING"
    entries = {"resumed_from": {"value": old}, "resumed_at": {"value": ["root.say"]}}
    shown = api.get(f"/runs/{new['run_id']}")
    assert new["plugins_output"] == shown["plugins_output"] == {"headrace": {"entries": entries}}
    assert api.row(new["run_id"]).resume == Resume(old, ("root.say",))
    assert "plugins_output" not in api.get(f"/runs/{old}")
    assert api.get("/runs")["total_size"] == 2


def test_it_has_the_name_that_is_given(api: Api) -> None:
    assert resume(api, ended(api), at=["root.say"], display_name="again").json()["display_name"] == "again"


def test_one_whose_experiment_was_deleted_is_filed_in_default(api: Api) -> None:
    made = api.post("/experiments", {"display_name": "gone"})["experiment_id"]
    old = ended(api, experiment_id=made)
    api.delete(f"/experiments/{made}")
    new = resume(api, old, at=["say"]).json()
    assert api.get(f"/experiments/{new['experiment_id']}")["display_name"] == "Default"


def test_what_is_refused(api: Api) -> None:
    live: str = api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"]
    assert resume(api, live, at=["say"]).status_code == 409
    old = ended(api)
    for body, status, message in (
        ({}, 400, "at: no task is given"),
        ({"at": "say"}, 400, "an array"),
        ({"at": ["nobody"]}, 404, "It has: say"),
        ({"at": ["say"], "parameters": {"speed": 1}}, 400, "parameters.speed: the pipeline has no such parameter"),
        ({"at": ["say"], "parameters": {"count": "many"}}, 400, "count"),
        ({"at": ["say"], "on": 1}, 400, 'unknown field "on"'),
    ):
        answer = resume(api, old, **body)
        assert (answer.status_code, message in answer.json()["message"]) == (status, True), answer.text
    assert resume(api, "nobody", at=["say"]).status_code == 404
    assert api.get("/runs")["total_size"] == 2, "nothing was written"
