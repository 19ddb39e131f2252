"""v1beta1: what old tools and front ends read, and what they are told where it is not there."""

import json
from typing import Any

import pytest
import yaml
from tests.api.conftest import Api, pipeline
from tests.api.scene import AT, Scene, artifact

from headrace.engine.decision import RunMoved
from headrace.model.artifact import Bindings
from headrace.model.event import RunRequested
from headrace.model.run import Failure
from headrace.model.state import State

V1 = "/apis/v1beta1"
COUNT = {"parameters": {"count": 3}}


def get(api: Api, path: str, **params: Any) -> Any:
    answer = api.http.get(V1 + path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def filtered(op: str, key: str, value: str | list[str]) -> str:
    operand = {"string_value": value} if isinstance(value, str) else {"string_values": {"values": value}}
    return json.dumps({"predicates": [{"op": op, "key": key, **operand}]})


@pytest.fixture
def scene(api: Api) -> Scene:
    """A run of a version in an experiment of its own, with metrics."""
    uploaded = api.upload(json.dumps(pipeline()).encode(), name="hello").json()["pipeline_id"]
    experiment = api.post("/experiments", {"display_name": "mine"})["experiment_id"]
    body = {
        "display_name": "first",
        "experiment_id": experiment,
        "pipeline_version_reference": {"pipeline_id": uploaded},
        "runtime_config": {"parameters": {"count": 3, "word": "w"}},
    }
    scene = Scene(api.post("/runs", body)["run_id"])
    api.advance(scene.run_id, *scene.started())
    scores = artifact("scores", "system.Metrics", accuracy=0.5, loss=2)
    api.advance(scene.run_id, *scene.ended(Bindings({}, {"scores": (scores,)})))
    return scene


def test_a_run_in_its_shape(api: Api, scene: Scene) -> None:
    now = api.get(f"/runs/{scene.run_id}")
    found = get(api, f"/runs/{scene.run_id}")
    run = found["run"]
    assert (run["id"], run["name"], run["status"]) == (scene.run_id, "first", "Succeeded")
    assert run["storage_state"] == "STORAGESTATE_AVAILABLE"
    assert (run["created_at"], run["finished_at"]) == (now["created_at"], now["finished_at"])
    assert run["metrics"] == [
        {"name": name, "node_id": scene.task_id(), "number_value": value, "format": "RAW"}
        for name, value in (("accuracy", 0.5), ("loss", 2))
    ]
    keys = {each["key"]["type"]: (each["key"]["id"], each["relationship"]) for each in run["resource_references"]}
    version = now["pipeline_version_reference"]["pipeline_version_id"]
    assert keys == {"EXPERIMENT": (now["experiment_id"], "OWNER"), "PIPELINE_VERSION": (version, "CREATOR")}
    spec = run["pipeline_spec"]
    assert spec["parameters"] == [{"name": "count", "value": "3"}, {"name": "word", "value": "w"}]
    assert json.loads(spec["pipeline_manifest"])["pipelineInfo"] == {"name": "hello"}
    assert found["pipeline_runtime"]["pipeline_manifest"] == spec["pipeline_manifest"]
    failed = Scene(api.run(pipeline(), runtime_config=COUNT)["run_id"])
    api.advance(failed.run_id, *failed.started())
    assert get(api, f"/runs/{failed.run_id}")["run"]["status"] == "Running"
    api.advance(failed.run_id, *failed.ended(failure=Failure("it broke")))
    run = get(api, f"/runs/{failed.run_id}")["run"]
    assert (run["status"], run["error"]) == ("Failed", "it broke")


def test_runs_are_listed_filtered_and_paged(api: Api, scene: Scene) -> None:
    for name in ("second", "third"):
        api.run(pipeline(), name, runtime_config=COUNT)
    listed = get(api, "/runs", page_size=2, sort_by="created_at desc")
    assert ([each["name"] for each in listed["runs"]], listed["total_size"]) == (["third", "second"], 3)
    rest = get(api, "/runs", page_size=2, page_token=listed["next_page_token"])
    assert [each["name"] for each in rest["runs"]] == ["first"]
    assert "pipeline_manifest" not in rest["runs"][0]["pipeline_spec"]
    mine = api.get(f"/runs/{scene.run_id}")["experiment_id"]
    narrowed = {"resource_reference_key.type": "EXPERIMENT", "resource_reference_key.id": mine}
    assert [each["id"] for each in get(api, "/runs", **narrowed)["runs"]] == [scene.run_id]
    assert get(api, "/runs", filter=filtered("EQUALS", "name", "third"))["total_size"] == 1
    assert get(api, "/runs", filter=filtered("EQUALS", "status", "Succeeded"))["total_size"] == 1
    assert api.http.post(f"{V1}/runs/{scene.run_id}:archive").json() == {}
    stored = filtered("NOT_EQUALS", "storage_state", "STORAGESTATE_ARCHIVED")
    assert get(api, "/runs", filter=stored)["total_size"] == 2
    assert get(api, f"/runs/{scene.run_id}")["run"]["storage_state"] == "STORAGESTATE_ARCHIVED"
    refused = api.http.get("/apis/v2beta1/runs", params={"filter": filtered("EQUALS", "name", "x")})
    assert refused.status_code == 400  # there it is `operation`


@pytest.mark.parametrize(
    ("op", "key", "value", "names"),
    [
        ("EQUALS", "status", "Failed", ["broken", "stopped"]),
        ("NOT_EQUALS", "status", "Failed", ["first", "stored"]),
        ("IN", "status", ["Succeeded", "Running"], ["first"]),
        ("IN", "state", ["Pending", "failed"], ["broken", "stopped", "stored"]),
        ("IS_SUBSTRING", "status", "ed", ["broken", "first", "stopped"]),
        ("EQUALS", "status", "Dancing", []),
        ("IN", "storage_state", ["STORAGESTATE_ARCHIVED"], ["stored"]),
        ("EQUALS", "storage_state", "STORAGESTATE_ARCHIVED", ["stored"]),
        ("NOT_EQUALS", "storage_state", "STORAGESTATE_ARCHIVED", ["broken", "first", "stopped"]),
    ],
)
@pytest.mark.usefixtures("scene")
def test_runs_are_filtered_by_the_words_that_they_show(
    api: Api, op: str, key: str, value: str | list[str], names: list[str]
) -> None:
    for name, state in (("broken", State.FAILED), ("stopped", State.CANCELED)):
        ended = Scene(api.run(pipeline(), name, runtime_config=COUNT)["run_id"])
        api.advance(ended.run_id, *ended.started())
        api.advance(ended.run_id, [RunRequested(AT)], [RunMoved(AT, state)])
    stored = api.run(pipeline(), "stored", runtime_config=COUNT)["run_id"]
    api.post(f"/runs/{stored}:archive")
    found = get(api, "/runs", filter=filtered(op, key, value))
    assert sorted(each["name"] for each in found.get("runs", [])) == names


def test_the_verbs(api: Api, scene: Scene) -> None:
    assert api.http.post(f"{V1}/runs/{scene.run_id}/terminate").status_code == 400
    assert api.http.post(f"{V1}/runs/{scene.run_id}/retry").json() == {}
    assert get(api, f"/runs/{scene.run_id}")["run"]["status"] == "Pending"
    live = api.run(pipeline(), runtime_config=COUNT)["run_id"]
    assert api.http.post(f"{V1}/runs/{live}/terminate").json() == {}
    assert get(api, f"/runs/{live}")["run"]["status"] == "Terminating"
    ended = Scene(api.run(pipeline(), runtime_config=COUNT)["run_id"])
    api.advance(ended.run_id, *ended.started())
    api.advance(ended.run_id, *ended.ended())
    assert api.http.post(f"{V1}/runs/{ended.run_id}:archive").json() == {}
    assert api.http.post(f"{V1}/runs/{ended.run_id}:unarchive").json() == {}
    assert api.http.delete(f"{V1}/runs/{ended.run_id}").json() == {}
    assert api.http.get(f"{V1}/runs/{ended.run_id}").status_code == 404


@pytest.mark.usefixtures("scene")
def test_experiments(api: Api) -> None:
    [found] = get(api, "/experiments", filter=filtered("EQUALS", "name", "mine"))["experiments"]
    assert get(api, f"/experiments/{found['id']}") == found
    assert found["storage_state"] == "STORAGESTATE_AVAILABLE"
    assert api.http.post(f"{V1}/experiments/{found['id']}:archive").json() == {}
    assert get(api, f"/experiments/{found['id']}")["storage_state"] == "STORAGESTATE_ARCHIVED"
    assert api.http.post(f"{V1}/experiments/{found['id']}:unarchive").json() == {}
    assert api.http.delete(f"{V1}/experiments/{found['id']}").json() == {}
    assert api.http.get(f"{V1}/experiments/{found['id']}").status_code == 404


@pytest.mark.usefixtures("scene")
def test_pipelines_and_versions(api: Api) -> None:
    [listed] = get(api, "/pipelines")["pipelines"]
    found = get(api, f"/pipelines/{listed['id']}")
    assert found["parameters"] == [{"name": "count"}, {"name": "word", "value": "hi"}]
    assert get(api, "/namespaces/-/pipelines/hello") == found
    version = found["default_version"]
    assert listed["default_version"]["id"] == version["id"]
    of = {"resource_key.type": "PIPELINE", "resource_key.id": listed["id"]}
    page = get(api, "/pipeline_versions", **of)
    assert ([each["id"] for each in page["versions"]], page["total_size"]) == ([version["id"]], 1)
    assert get(api, f"/pipeline_versions/{version['id']}") == version
    for path in (f"/pipelines/{listed['id']}/templates", f"/pipeline_versions/{version['id']}/templates"):
        assert yaml.safe_load(get(api, path)["template"])["pipelineInfo"] == {"name": "hello"}
    assert api.http.delete(f"{V1}/pipeline_versions/{version['id']}").json() == {}
    assert "default_version" not in get(api, f"/pipelines/{listed['id']}")
    assert api.http.get(f"{V1}/pipelines/{listed['id']}/templates").status_code == 404
    assert api.http.delete(f"{V1}/pipelines/{listed['id']}").json() == {}
    assert get(api, "/pipelines") == {}


def test_jobs_are_recurring_runs(api: Api, document: dict[str, Any]) -> None:
    body = {
        "display_name": "nightly",
        "pipeline_spec": document,
        "runtime_config": {"parameters": {"count": 1}},
        "trigger": {"cron_schedule": {"cron": "0 0 3 * * *"}},
        "max_concurrency": "2",
        "mode": "ENABLE",
        "no_catchup": True,
    }
    now = api.post("/recurringruns", body)
    [listed] = get(api, "/jobs", filter=filtered("IS_SUBSTRING", "name", "night"))["jobs"]
    found = get(api, f"/jobs/{now['recurring_run_id']}")
    assert json.loads(found["pipeline_spec"].pop("pipeline_manifest"))["pipelineInfo"] == {"name": "hello"}
    assert found == listed
    assert (found["mode"], found["status"], found["enabled"]) == ("ENABLED", "ENABLED", True)
    assert (found["max_concurrency"], found["no_catchup"]) == ("2", True)
    assert found["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *", "timezone": "UTC"}}
    [owner] = found["resource_references"]
    assert owner["key"] == {"type": "EXPERIMENT", "id": now["experiment_id"]}
    narrowed = {"resource_reference_key.type": "EXPERIMENT", "resource_reference_key.id": "other"}
    assert get(api, "/jobs", **narrowed) == {}
    assert api.http.post(f"{V1}/jobs/{found['id']}/disable").json() == {}
    assert get(api, f"/jobs/{found['id']}")["mode"] == "DISABLED"
    assert api.http.post(f"{V1}/jobs/{found['id']}/enable").json() == {}
    assert get(api, f"/jobs/{found['id']}")["enabled"] is True
    assert api.http.delete(f"{V1}/jobs/{found['id']}").json() == {}
    assert api.http.get(f"{V1}/jobs/{found['id']}").status_code == 404


def test_who_asks_may(api: Api) -> None:
    assert get(api, "/auth", namespace="n", resources="VIEWERS", verb="GET") == {}
    assert get(api, "/auth", namespace="n", resources="1", verb="0") == {}
    assert get(api, "/auth", resources="1", verb="3") == {}
    assert get(api, "/auth") == {}
    assert api.http.get(f"{V1}/auth", params={"verb": "DANCE"}).status_code == 400
    assert api.http.get(f"{V1}/auth", params={"resources": "2"}).status_code == 400
    assert "multi_user" in get(api, "/healthz")


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "told"),
    [
        ("POST", "/apis/v1beta1/runs", 501, 12, "/apis/v2beta1/runs"),
        ("POST", "/apis/v1beta1/runs/x:reportMetrics", 501, 12, "/apis/v2beta1/runs"),
        ("POST", "/apis/v1beta1/pipelines/upload", 501, 12, "Use /apis/v2beta1/pipelines/upload"),
        ("POST", "/apis/v1beta1/pipelines/upload_version", 501, 12, "Use /apis/v2beta1/pipelines/upload_version"),
        ("POST", "/apis/v1beta1/jobs", 501, 12, "/apis/v2beta1/recurringruns"),
        ("GET", "/apis/v1beta1/jobs/nope", 404, 5, "nope"),
        ("POST", "/apis/v1beta1/jobs/nope/enable", 404, 5, "nope"),
        ("POST", "/apis/v1beta1/visualizations/ns", 501, 12, "/apis/v2beta1/artifacts"),
        ("POST", "/apis/v1alpha1/tasks", 501, 12, "/apis/v2beta1/runs/{run_id}/tasks"),
        ("PUT", "/apis/v1beta1/nothing", 404, 5, "/apis/v2beta1"),
        ("GET", "/apis/v1beta1/pipeline_versions", 400, 3, "resource_key.id"),
        ("GET", "/apis/v1beta1/runs?resource_reference_key.type=JOB", 400, 3, "resource_reference_key.type"),
        ("GET", "/apis/v1beta1/runs?resource_reference_key.type=2", 400, 3, "JOB does not narrow this list"),
        ("GET", "/apis/v1beta1/runs?resource_reference_key.type=X", 400, 3, "X is not a ResourceType"),
        ("GET", "/apis/v1beta1/runs?filter=%5B1%5D", 400, 3, "filter: an object"),
        ("GET", "/apis/v1beta1/runs?filter=%7B%22predicates%22:%5B1%5D%7D", 400, 3, "filter.predicates[0]"),
        ("GET", f"/apis/v1beta1/runs?filter={filtered('LESS_THAN', 'status', 'Failed')}", 400, 3, "no order"),
        ("GET", "/apis/v1beta1/runs/nope", 404, 5, "nope"),
        ("GET", "/apis/v1beta1/experiments/nope", 404, 5, "nope"),
        ("GET", "/apis/v1beta1/pipelines/nope", 404, 5, "nope"),
        ("GET", "/apis/v1beta1/pipeline_versions/nope/templates", 404, 5, "nope"),
    ],
)
def test_what_is_not_there_says_where_to_go(
    api: Api, method: str, path: str, status: int, code: int, told: str
) -> None:
    answer = api.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert told in answer.json()["message"]
