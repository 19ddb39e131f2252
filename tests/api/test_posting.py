"""What clients of KFP 3.0 write: tasks, artifacts and links of their own; and what they must leave alone."""

import json
from typing import Any

import httpx2
import pytest
from tests.api.conftest import V2, Api, pipeline
from tests.api.scene import Scene, artifact

from headrace.model.artifact import Bindings
from headrace.store import cache, runs
from headrace.store import query as lists

NUMBER = {"name": "acc", "type": "Metric", "number_value": 0}


@pytest.fixture
def scene(api: Api) -> Scene:
    """A run that is RUNNING."""
    scene = Scene(api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"])
    api.advance(scene.run_id, *scene.started())
    return scene


def patch(api: Api, path: str, body: Any) -> httpx2.Response:
    return api.http.request("PATCH", V2 + path, json=body)


def post(api: Api, path: str, body: Any) -> httpx2.Response:
    return api.http.post(V2 + path, json=body)


def test_a_task_of_a_client_lives_beside_the_planners(api: Api, scene: Scene) -> None:
    given = {
        "name": "say",
        "type": "RUNTIME",
        "inputs": {"parameters": [{"parameterKey": "x", "value": {"a_b": 1}, "type": "RUNTIME_VALUE_INPUT"}]},
        "pods": [{"name": "p", "uid": "u", "type": "EXECUTOR"}],
        "cache_fingerprint": "f",
        "type_attributes": {"iteration_index": 2},
    }
    made = api.post(f"/runs/{scene.run_id}/tasks", given)
    assert made["state"] == "RUNNING"
    assert made["scope_path"] == "root.say"
    assert made["parent_task_id"] == scene.task_id("root")
    assert made["inputs"]["parameters"][0]["value"] == {"a_b": 1}
    assert made["type_attributes"] == {"iteration_index": "2"}
    assert api.get(f"/runs/{scene.run_id}/tasks/{made['task_id']}") == made
    inner = api.post(f"/runs/{scene.run_id}/tasks", {"name": "inner", "parent_task_id": made["task_id"]})
    shown = api.get(f"/runs/{scene.run_id}/tasks/{made['task_id']}")
    assert shown["child_tasks"] == [{"task_id": inner["task_id"], "name": "inner"}]
    listed = api.get(f"/runs/{scene.run_id}/tasks", parent_id=made["task_id"])["tasks"]
    assert [each["task_id"] for each in listed] == [inner["task_id"]]
    assert api.get(f"/runs/{scene.run_id}", view="FULL")["task_count"] == 4
    assert len(api.get(f"/runs/{scene.run_id}")["run_details"]["task_details"]) == 4
    tasks = api.services.database.read(lambda tx: runs.load_run(tx, scene.run_id)).tasks
    assert {task.path for task in tasks} == {"root", "root.say"}  # what the planner knows
    assert api.get(f"/runs/{scene.run_id}/tasks/say")["task_id"] == scene.task_id()


@pytest.mark.parametrize(
    ("key", "operation", "value"),
    [
        ("scope_path", "EQUALS", {"string_value": "root.par"}),
        ("type_attributes", "EQUALS", {"int_value": 3}),
        ("pods", "EQUALS", {"string_value": "a-pod"}),
        ("status_metadata", "EQUALS", {"string_value": "it waits"}),
        ("inputs", "IS_SUBSTRING", {"string_value": "an input"}),
        ("outputs", "IS_SUBSTRING", {"string_value": "an output"}),
        ("start_time", "EQUALS", {"timestamp_value": "2026-01-31T08:00:00Z"}),
    ],
)
def test_it_is_found_by_what_it_shows(api: Api, scene: Scene, key: str, operation: str, value: dict[str, Any]) -> None:
    """As it was posted, and as it was changed."""
    shown: dict[str, Any] = {
        "type_attributes": {"iteration_index": 3},
        "pods": [{"name": "a-pod"}],
        "status_metadata": {"message": "it waits"},
        "inputs": {"parameters": [{"parameter_key": "x", "value": "an input"}]},
        "outputs": {"parameters": [{"parameter_key": "x", "value": {"y": "an output"}}]},
        "start_time": "2026-01-31T08:00:00Z",
    }
    made = [
        api.post(f"/runs/{scene.run_id}/tasks", {"name": "par", **shown})["task_id"],
        api.post(f"/runs/{scene.run_id}/tasks", {"name": "par"})["task_id"],
    ]
    assert patch(api, f"/runs/{scene.run_id}/tasks/{made[1]}", shown).status_code == 200
    asked = json.dumps({"predicates": [{"key": key, "operation": operation, **value}]})
    assert [each["task_id"] for each in api.get(f"/runs/{scene.run_id}/tasks", filter=asked)["tasks"]] == made


def test_its_place_is_told_by_names(api: Api, scene: Scene) -> None:
    above = {"task_id": ""}
    for name, place in (("par", "root.par"), ("kid", "root.par.kid"), ("kid", "root.par.kid.kid")):
        above = api.post(f"/runs/{scene.run_id}/tasks", {"name": name, "parent_task_id": above["task_id"]})
        assert above["scope_path"] == place
    own = api.post(f"/runs/{scene.run_id}/tasks", {"name": "t", "scope_path": "mine"})
    inner = api.post(f"/runs/{scene.run_id}/tasks", {"name": "t", "parent_task_id": own["task_id"]})
    assert (own["scope_path"], inner["scope_path"]) == ("mine", "mine.t")


def test_it_is_changed_field_by_field(api: Api, scene: Scene) -> None:
    first = {"parameter_key": "a", "value": 1, "type": "OUTPUT"}
    made = api.post(f"/runs/{scene.run_id}/tasks", {"name": "t", "outputs": {"parameters": [first]}})
    path = f"/runs/{scene.run_id}/tasks/{made['task_id']}"
    second = [{"parameter_key": "a", "value": 2}, {"parameter_key": "b", "value": None}]
    changed = patch(api, path, {"outputs": {"parameters": second}, "displayName": "T", "name": "t"}).json()
    assert changed["display_name"] == "T"
    assert [(each["parameter_key"], each.get("value")) for each in changed["outputs"]["parameters"]] == [
        ("a", 2),
        ("b", None),
    ]
    ended = patch(api, path, {"state": "FAILED", "status_metadata": {"message": "no"}}).json()
    assert (ended["state"], ended["status_metadata"]) == ("FAILED", {"message": "no"})
    assert [each["state"] for each in ended["state_history"]] == ["RUNNING", "FAILED"]
    assert ended["end_time"] > ended["create_time"]
    assert api.get(path) == ended
    assert patch(api, path, {"state": "FAILED"}).status_code == 200
    assert patch(api, path, {"state": "RUNNING"}).status_code == 400
    [detail] = [
        each
        for each in api.get(f"/runs/{scene.run_id}")["run_details"]["task_details"]
        if each["task_id"] == made["task_id"]
    ]
    assert detail["error"] == {"code": 2, "message": "no"}


def test_several_are_changed_or_none(api: Api, scene: Scene) -> None:
    made = [api.post(f"/runs/{scene.run_id}/tasks", {"name": name})["task_id"] for name in "ab"]
    path = f"/runs/{scene.run_id}/tasks:batchUpdate"
    changed = api.post(path, {"tasks": {each: {"state": "SUCCEEDED"} for each in made}})["tasks"]
    assert {task_id: each["state"] for task_id, each in changed.items()} == dict.fromkeys(made, "SUCCEEDED")
    refused = post(api, path, {"tasks": {made[0]: {"display_name": "x"}, scene.task_id(): {"state": "FAILED"}}})
    assert (refused.status_code, refused.json()["code"]) == (400, 9)
    assert api.get(f"/runs/{scene.run_id}/tasks/{made[0]}")["display_name"] == "a"
    assert post(api, path, {}).status_code == 400


def test_the_newest_good_task_of_a_fingerprint_is_found(api: Api, scene: Scene) -> None:
    assert api.post("/tasks:findCached", {"cache_fingerprint": "f"}) == {}
    for state in ("SUCCEEDED", "SUCCEEDED", "FAILED"):
        last = api.post(f"/runs/{scene.run_id}/tasks", {"name": "t", "cache_fingerprint": "f"})["task_id"]
        patch(api, f"/runs/{scene.run_id}/tasks/{last}", {"state": state})
    found = api.post("/tasks:findCached", {"namespace": "", "cacheFingerprint": "f"})
    assert (found["state"], found["task_id"] != last) == ("SUCCEEDED", True)
    assert api.services.database.read(lambda tx: cache.find_cached(tx, "", "f")) is None  # ours takes none of them
    assert post(api, "/tasks:findCached", {}).status_code == 400


def test_a_deleted_run_that_has_not_ended_has_neither_tasks_nor_links(api: Api, scene: Scene) -> None:
    other = Scene(api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"])
    api.advance(other.run_id, *other.started())
    task = {"name": "t", "cache_fingerprint": "f", "state": "SUCCEEDED"}
    kept, _ = (api.post(f"/runs/{each.run_id}/tasks", task) for each in (scene, other))
    where = {"run_id": other.run_id, "task_id": other.task_id(), "producer_key": "n"}
    number = api.post("/artifacts", {"artifact": NUMBER, **where})
    assert api.delete(f"/runs/{other.run_id}") == {}
    assert api.post("/tasks:findCached", {"cache_fingerprint": "f"}) == kept
    assert api.get("/artifact_tasks", run_ids=other.run_id) == {}
    assert api.get("/artifact_tasks", artifact_ids=number["artifact_id"]) == {}


def test_artifacts_are_made_with_their_link(api: Api, scene: Scene) -> None:
    task = api.post(f"/runs/{scene.run_id}/tasks", {"name": "t"})["task_id"]
    where = {"run_id": scene.run_id, "task_id": task}
    model = {"name": "m", "type": "Model", "uri": "s3://b/k", "description": "d", "metadata": {"k": [1]}}
    made = api.post("/artifacts", {"artifact": model, **where, "producer_key": "out", "iteration_index": "1"})
    assert {key: made[key] for key in model} == model
    assert api.get(f"/artifacts/{made['artifact_id']}") == made
    [link] = api.get("/artifact_tasks", artifact_ids=made["artifact_id"])["artifact_tasks"]
    assert (link["type"], link["key"], link["task_id"]) == ("OUTPUT", "out", task)
    assert link["producer"] == {"task_name": "t", "iteration": "1"}
    again = {"artifact": model, **where, "producer_key": "again", "reuse_if_exists": True}
    assert api.post("/artifacts", again)["artifact_id"] == made["artifact_id"]
    own = {"name": "o", "type": "Artifact", "metadata": {"_kfp_schema_title": "acme.Thing"}}
    numbers = [{**where, "artifact": NUMBER, "producer_key": "n"}, {**where, "artifact": own, "producer_key": "o"}]
    number, thing = api.post("/artifacts:batchCreate", {"artifacts": numbers})["artifacts"]
    assert number["number_value"] == 0
    assert thing["metadata"] == own["metadata"]
    assert api.get("/runs", sort_by="metric:acc desc")["runs"][0]["run_id"] == scene.run_id
    groups = api.get(f"/runs/{scene.run_id}/tasks/{task}")["outputs"]["artifacts"]
    assert [(each["artifact_key"], each["type"]) for each in groups] == [
        (key, "OUTPUT") for key in ("again", "out", "n", "o")
    ]


def test_links_go_to_the_planners_tasks_too_but_not_in_their_own_keys(api: Api, scene: Scene) -> None:
    api.advance(scene.run_id, *scene.ended(Bindings({}, {"model": (artifact(),)})))
    step = {"run_id": scene.run_id, "task_id": scene.task_id()}
    number = api.post("/artifacts", {"artifact": NUMBER, **step, "producer_key": "extra"})
    shown = api.get(f"/runs/{scene.run_id}/tasks/say")["outputs"]["artifacts"]
    assert [each["artifact_key"] for each in shown] == ["model", "extra"]
    taken = post(api, "/artifacts", {"artifact": NUMBER, **step, "producer_key": "model"})
    assert (taken.status_code, taken.json()["code"]) == (409, 6)
    assert api.get("/artifacts")["total_size"] == 2  # nothing is left of what was refused
    used = {**step, "artifact_id": "id-of-model", "type": "COMPONENT_INPUT", "key": "model"}
    link = api.post("/artifact_tasks", {**used, "producer": {"task_name": "say"}})
    assert api.get("/artifact_tasks", task_ids=scene.task_id(), type="COMPONENT_INPUT")["artifact_tasks"] == [link]
    assert post(api, "/artifact_tasks", {"artifact_task": used}).status_code == 409
    more = [{**used, "key": key, "artifact_id": number["artifact_id"]} for key in "ab"]
    assert len(api.post("/artifact_tasks:batchCreate", {"artifact_tasks": more})["artifact_tasks"]) == 2
    rows = api.services.database.read(lambda tx: runs.load_run(tx, scene.run_id))
    say = next(task for task in rows.tasks if task.name == "say")
    assert list(say.outputs.artifacts) == ["model"]
    assert say.inputs.artifacts == {}
    assert api.delete(f"/runs/{scene.run_id}") == {}
    assert api.get("/artifact_tasks", artifact_ids="id-of-model") == {}


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 400, "name"),
        ({"name": "t", "task_id": "mine"}, 400, "task_id"),
        ({"name": "t", "run_id": "other"}, 400, "run_id"),
        ({"name": "t", "type": "ROOT"}, 400, "type"),
        ({"name": "t", "type": 99}, 400, "type"),
        ({"name": "t", "state": "DANCING"}, 400, "state"),
        ({"name": "t", "child_tasks": [{"name": "c"}]}, 400, "child_tasks"),
        ({"name": "t", "parent_task_id": "nope"}, 404, "parent_task_id"),
        ({"name": "t", "inputs": {"parameters": [{"value": 1}]}}, 400, "parameter_key"),
        ({"name": "t", "outputs": {"artifacts": [{"artifact_key": "k"}]}}, 400, "artifact_tasks"),
        ({"name": "t", "surprise": 1}, 400, "surprise"),
        ({"name": "t", "create_time": "yesterday"}, 400, "create_time"),
        ({"name": "t", "type_attributes": {"iteration_index": 2**31}}, 400, "iteration_index"),
    ],
)
def test_tasks_that_are_refused(api: Api, scene: Scene, body: dict[str, Any], status: int, told: str) -> None:
    refused = post(api, f"/runs/{scene.run_id}/tasks", body)
    assert (refused.status_code, told in refused.json()["message"]) == (status, True), refused.text
    assert len(api.services.database.read(lambda tx: lists.get_tasks(tx, scene.run_id))) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [({"name": "other"}, "name"), ({"type": "DAG"}, "type"), ({"parent_task_id": "x"}, "parent_task_id")],
)
def test_what_cannot_change(api: Api, scene: Scene, change: dict[str, Any], told: str) -> None:
    made = api.post(f"/runs/{scene.run_id}/tasks", {"name": "t"})["task_id"]
    refused = patch(api, f"/runs/{scene.run_id}/tasks/{made}", change)
    assert (refused.status_code, told in refused.json()["message"]) == (400, True)


def test_the_planners_tasks_cannot_be_changed(api: Api, scene: Scene) -> None:
    refused = patch(api, f"/runs/{scene.run_id}/tasks/{scene.task_id()}", {"state": "SUCCEEDED"})
    assert (refused.status_code, refused.json()["code"]) == (400, 9)
    assert "this server" in refused.json()["message"]
    assert patch(api, f"/runs/{scene.run_id}/tasks/nope", {}).status_code == 404
    assert post(api, "/runs/nope/tasks", {"name": "t"}).status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"artifact": None}, 400, "artifact.name"),
        ({"artifact": {"name": "x"}}, 400, "artifact.type"),
        ({"artifact": {"name": "x", "type": "Metric"}}, 400, "artifact.number_value"),
        ({"artifact": {"name": "x", "type": "Model", "number_value": 1}}, 400, "artifact.number_value"),
        *(
            ({"artifact": {**NUMBER, "number_value": number}}, 400, "artifact.number_value: a finite number is wanted")
            for number in ("NaN", "Infinity", "-Infinity", "1e400", "1_0", " 3 ", "\u0661")
        ),
        ({"artifact": {**NUMBER, "artifact_id": "mine"}}, 400, "artifact.artifact_id"),
        ({"run_id": ""}, 400, "run_id"),
        ({"task_id": ""}, 400, "task_id"),
        ({"task_id": "nope"}, 404, "task_id"),
        ({"run_id": "nope"}, 404, "nope"),
        ({"producer_key": ""}, 400, "producer_key"),
        ({"iteration_index": 2**31}, 400, "iteration_index"),
    ],
)
def test_artifacts_that_are_refused(api: Api, scene: Scene, changed: dict[str, Any], status: int, told: str) -> None:
    whole = {"artifact": NUMBER, "run_id": scene.run_id, "task_id": scene.task_id(), "producer_key": "k"}
    for path, body in (("", {**whole, **changed}), (":batchCreate", {"artifacts": [whole, {**whole, **changed}]})):
        refused = post(api, f"/artifacts{path}", body)
        assert (refused.status_code, told in refused.json()["message"]) == (status, True), refused.text
    assert api.get("/artifacts") == {}


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"id": "mine"}, 400, "id"),
        ({"artifact_id": ""}, 400, "artifact_id"),
        ({"artifact_id": "nope"}, 404, "artifact_id"),
        ({"key": ""}, 400, "key"),
        ({"type": "UNSPECIFIED"}, 400, "type"),
        ({"task_id": "nope"}, 404, "task_id"),
        ({"producer": {"iteration": 2**31}}, 400, "producer.iteration"),
    ],
)
def test_links_that_are_refused(api: Api, scene: Scene, changed: dict[str, Any], status: int, told: str) -> None:
    made = api.post(
        "/artifacts", {"artifact": NUMBER, "run_id": scene.run_id, "task_id": scene.task_id(), "producer_key": "k"}
    )
    link = {
        "run_id": scene.run_id,
        "task_id": scene.task_id(),
        "artifact_id": made["artifact_id"],
        "key": "i",
        "type": 3,
    }
    refused = post(api, "/artifact_tasks", {**link, **changed})
    assert (refused.status_code, told in refused.json()["message"]) == (status, True), refused.text
    assert post(api, "/artifact_tasks:batchCreate", {"artifact_tasks": []}).status_code == 400
