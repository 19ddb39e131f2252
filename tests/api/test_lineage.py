"""KFP 3.0's tasks, artifacts and links; and the bytes of artifacts."""

import json

import pytest
from tests.api.conftest import V2, Api, pipeline
from tests.api.scene import Scene, artifact

from headrace.model.artifact import Bindings

HOSTILE = 'we"ird\r\nX-Evil: 1;é#?.html'


@pytest.fixture
def scene(api: Api) -> Scene:
    """A run that has ended, with a model, a page and metrics."""
    scene = Scene(api.run(pipeline(), runtime_config={"parameters": {"count": 3}})["run_id"])
    api.advance(scene.run_id, *scene.started())
    uri = f"minio://mlpipeline/v2/{HOSTILE}"
    outputs = {
        "model": (artifact(framework="none"),),
        "page": (artifact("page", "system.HTML", uri),),
        "scores": (artifact("scores", "system.Metrics", **{"accuracy": 0.5, "loss/train": 2}),),
        "own": (artifact("own", "acme.Thing"),),
    }
    api.advance(scene.run_id, *scene.ended(Bindings({}, outputs)))
    api.services.blobs.write("minio://mlpipeline/v2/model", b"weights" * 1_000_000)
    api.services.blobs.write(uri, b"<script>")
    return scene


def test_tasks_are_listed_and_shown(api: Api, scene: Scene) -> None:
    page = api.get(f"/runs/{scene.run_id}/tasks", page_size=1, order_by="create_time asc")
    assert page["total_size"] == 2
    rest = api.get(f"/runs/{scene.run_id}/tasks", page_size=1, page_token=page["next_page_token"])
    tasks = {each["scope_path"]: each for each in page["tasks"] + rest["tasks"]}
    assert set(tasks) == {"root", "root.say"}
    assert tasks["root"]["type"] == "ROOT"
    assert tasks["root"]["child_tasks"] == [{"task_id": scene.task_id(), "name": "say"}]
    inside = api.get(f"/runs/{scene.run_id}/tasks", parent_id=scene.task_id("root"))
    assert [each["name"] for each in inside["tasks"]] == ["say"]
    assert api.get(f"/runs/{scene.run_id}/tasks/{scene.task_id()}") == inside["tasks"][0]
    assert api.http.get(f"{V2}/runs/{scene.run_id}/tasks/nope").status_code == 404


@pytest.mark.usefixtures("scene")
def test_artifacts_are_listed_metrics_one_by_one(api: Api) -> None:
    found = {each["name"]: each for each in api.get("/artifacts")["artifacts"]}
    assert set(found) == {"model", "page", "own", "accuracy", "loss/train"}
    assert found["model"]["type"] == "Model"
    assert found["model"]["metadata"] == {"framework": "none"}
    assert found["own"]["type"] == "Artifact"
    assert found["own"]["metadata"] == {"_kfp_schema_title": "acme.Thing"}
    assert found["loss/train"]["number_value"] == 2
    assert "uri" not in found["accuracy"]
    for each in found.values():
        assert api.get(f"/artifacts/{each['artifact_id']}") == each
    whole = api.get("/artifacts/id-of-scores")
    assert (whole["type"], whole["metadata"]) == ("Metric", {"accuracy": 0.5, "loss/train": 2})
    assert api.http.get(f"{V2}/artifacts/id-of-nothing").status_code == 404


@pytest.mark.usefixtures("scene")
def test_metrics_are_counted_sorted_and_paged_one_by_one(api: Api) -> None:
    names, token = [], ""
    for _ in range(5):
        page = api.get("/artifacts", page_size=1, page_token=token, sort_by="name desc")
        assert page["total_size"] == 5
        names += [each["name"] for each in page["artifacts"]]
        token = page.get("next_page_token", "")
    assert (names, token) == (["page", "own", "model", "loss/train", "accuracy"], "")
    by_value = api.get("/artifacts", sort_by="number_value desc")["artifacts"]
    assert [each.get("number_value") for each in by_value] == [2, 0.5, None, None, None]
    filtered = {"operation": "GREATER_THAN", "key": "number_value", "string_value": "0.75"}
    [loss] = api.get("/artifacts", filter=json.dumps({"predicates": [filtered]}))["artifacts"]
    assert loss["name"] == "loss/train"
    filtered["string_value"] = "much"
    refused = api.http.get(f"{V2}/artifacts", params={"filter": json.dumps({"predicates": [filtered]})})
    assert refused.status_code == 400
    links = api.get("/artifact_tasks", artifact_ids=loss["artifact_id"])["artifact_tasks"]
    assert {(each["key"], each["type"]) for each in links} == {("scores", "OUTPUT")}


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("key", "operation", "value", "names"),
    [
        ("type", "EQUALS", "Model", ["model"]),
        ("type", "EQUALS", "Metric", ["accuracy", "loss/train"]),
        ("type", "EQUALS", "Artifact", ["own"]),
        ("type", "EQUALS", "acme.Thing", []),
        ("type", "EQUALS", "model", []),
        ("type", "EQUALS", "Model ", []),
        ("type", "NOT_EQUALS", "Artifact", ["accuracy", "loss/train", "model", "page"]),
        ("type", "IN", ["Artifact", "HTML"], ["own", "page"]),
        ("type", "IS_SUBSTRING", "system", []),
        ("metadata", "IS_SUBSTRING", "acme.Thing", ["own"]),
        ("uri", "EQUALS", "minio://mlpipeline/v2/model", ["model"]),
    ],
)
def test_artifacts_are_filtered_by_what_they_show(
    api: Api, key: str, operation: str, value: str | list[str], names: list[str]
) -> None:
    operand = {"string_value": value} if isinstance(value, str) else {"string_values": {"values": value}}
    text = json.dumps({"predicates": [{"operation": operation, "key": key, **operand}]})
    assert sorted(each["name"] for each in api.get("/artifacts", filter=text).get("artifacts", [])) == names


@pytest.mark.usefixtures("scene")
def test_artifacts_are_sorted_by_the_type_that_they_show(api: Api) -> None:
    found = api.get("/artifacts", sort_by="type desc")["artifacts"]
    assert [each["type"] for each in found] == ["Model", "Metric", "Metric", "HTML", "Artifact"]


def test_all_that_is_at_one_uri_is_one_page(api: Api, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.api.artifacts.AT_ONCE", 2)
    names = [f"a{number}" for number in range(5)]
    for name in names:
        same = {"name": name, "type": "Model", "uri": "s3://there/it"}
        where = {"run_id": scene.run_id, "task_id": scene.task_id(), "producer_key": name}
        api.post("/artifacts", {"artifact": same, **where})
    at_it = {"operation": "EQUALS", "key": "uri", "string_value": "s3://there/it"}
    asked = {"filter": json.dumps({"predicates": [at_it]}), "page_size": 1}
    for sort_by, wanted in (("created_at asc", names), ("name desc", names[::-1])):
        page = api.get("/artifacts", sort_by=sort_by, **asked)
        assert [each["name"] for each in page["artifacts"]] == wanted
        assert (page["total_size"], "next_page_token" in page) == (5, False)


def test_links_say_who_made_and_used_what(api: Api, scene: Scene) -> None:
    page = api.get("/artifact_tasks", artifact_ids="id-of-model", sort_by="id asc")
    assert page["total_size"] == 2  # the step, and the run's own DAG
    [link] = api.get("/artifact_tasks", task_ids=scene.task_id(), artifact_ids="id-of-model")["artifact_tasks"]
    assert link["run_id"] == scene.run_id
    assert (link["type"], link["key"], link["producer"]) == ("OUTPUT", "model", {"task_name": "say"})
    assert api.get("/artifact_tasks", run_ids=scene.run_id, type="TASK_OUTPUT_INPUT") == {}
    for kind in ("OUTPUT", 9, "UNSPECIFIED", 0, ""):
        found = api.get("/artifact_tasks", run_ids=scene.run_id, type=kind)
        assert found["total_size"] == 10  # a number is one
    assert api.get("/artifact_tasks", run_ids=scene.run_id, type=2) == {}
    for wrong in ({}, {"run_ids": "x", "type": "SIDEWAYS"}, {"run_ids": "x", "type": "12"}):
        assert api.http.get(f"{V2}/artifact_tasks", params=wrong).status_code == 400


TASK_KEYS = (
    "name", "display_name", "task_id", "run_id", "pods", "cache_fingerprint", "create_time", "start_time", "end_time",
    "status", "status_metadata", "state_history", "type", "type_attributes", "parent_task_id", "inputs", "outputs",
    "scope_path",
)  # fmt: skip
"""Those of KFP 3.0."""


@pytest.mark.parametrize("key", TASK_KEYS)
def test_tasks_are_sorted_and_paged_by_every_key(api: Api, scene: Scene, key: str) -> None:
    for direction in ("asc", "desc"):
        first = api.get(f"/runs/{scene.run_id}/tasks", page_size=1, order_by=f"{key} {direction}")
        more = {"page_size": 1, "page_token": first["next_page_token"]}
        rest = api.get(f"/runs/{scene.run_id}/tasks", **more)
        assert {each["name"] for each in first["tasks"] + rest["tasks"]} == {"root", "say"}


@pytest.mark.parametrize("order", ["nothing", "nothing desc", "name sideways", "name desc now"])
def test_a_sorting_that_tasks_do_not_have_is_refused_by_its_name(api: Api, scene: Scene, order: str) -> None:
    refused = api.http.get(f"{V2}/runs/{scene.run_id}/tasks", params={"order_by": order})
    assert (refused.status_code, refused.json()["message"].partition(":")[0]) == (400, "order_by")


@pytest.mark.parametrize(
    ("key", "operation", "value", "names"),
    [
        ("name", "EQUALS", "say", ["say"]),
        ("status", "EQUALS", "SUCCEEDED", ["root", "say"]),
        ("status", "EQUALS", "succeeded", []),
        ("state", "NOT_EQUALS", "SUCCEEDED", []),
        ("type", "EQUALS", "RUNTIME", ["say"]),
        ("scope_path", "IS_SUBSTRING", "t.sa", ["say"]),
        ("inputs", "IS_SUBSTRING", "count", ["root", "say"]),
        ("pods", "NOT_EQUALS", "", ["say"]),
        ("run_id", "EQUALS", "another", []),
        ("parent_task_id", "EQUALS", "nobody", []),
    ],
)
def test_tasks_are_filtered(api: Api, scene: Scene, key: str, operation: str, value: str, names: list[str]) -> None:
    predicate = {"operation": operation, "key": key, "string_value": value}
    found = api.get(f"/runs/{scene.run_id}/tasks", filter=json.dumps({"predicates": [predicate]}))
    assert sorted(each["name"] for each in found.get("tasks", [])) == names


def test_tasks_are_filtered_by_their_parent_only_as_a_whole(api: Api, scene: Scene) -> None:
    predicate = {"operation": "EQUALS", "key": "parent_task_id", "string_value": scene.task_id("root")}
    path = f"/runs/{scene.run_id}/tasks"
    [say] = api.get(path, filter=json.dumps({"predicates": [predicate]}))["tasks"]
    assert say["name"] == "say"
    predicate["operation"] = "IS_SUBSTRING"
    refused = api.http.get(V2 + path, params={"filter": json.dumps({"predicates": [predicate]})})
    assert (refused.status_code, "parent_task_id" in refused.json()["message"]) == (400, True)
