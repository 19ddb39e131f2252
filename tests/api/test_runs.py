"""Runs over HTTP: how they are made and refused, shown, stopped, archived and deleted."""

import json
from typing import Any

import pytest
from tests.api.conftest import V2, Api, pipeline
from tests.api.scene import AT, Scene, artifact

from headrace.base.json import JsonValue
from headrace.engine.decision import RunMoved
from headrace.model.artifact import Bindings
from headrace.model.event import TerminateRequested
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.store import runs

COUNT = {"parameters": {"count": 3}}


def refused(api: Api, status: int, body: Any) -> str:
    """The message with which POST /runs refuses; nothing was written."""
    before = api.get("/runs").get("total_size", 0)
    response = api.http.post(f"{V2}/runs", json=body)
    assert response.status_code == status, response.text
    assert api.get("/runs").get("total_size", 0) == before
    assert api.woken.empty()
    message: str = response.json()["message"]
    return message


def test_a_run_of_a_document_is_written_and_its_controller_woken(api: Api, document: dict[str, Any]) -> None:
    run = api.run(document, description="d", runtime_config=COUNT)
    assert api.woken.get(timeout=60) == run["run_id"]
    assert run["state"] == "PENDING"
    assert run["state_history"] == [{"update_time": run["created_at"], "state": "PENDING"}]
    assert run["pipeline_spec"] == document
    assert run["runtime_config"] == COUNT
    assert api.row(run["run_id"]).pipeline_root == api.services.settings.pipeline_root
    assert run["service_account"] == "pipeline-runner"
    assert run["scheduled_at"] == run["created_at"]
    assert run["finished_at"] == "1970-01-01T00:00:00Z"
    assert "run_details" not in run
    assert api.get(f"/runs/{run['run_id']}") == run
    inbox = api.services.database.submit(lambda tx: runs.take_inbox(tx, runs.load_run(tx, run["run_id"]).run)).result()
    assert [type(event).__name__ for event in inbox] == ["RunRequested"]


def test_both_spellings_and_a_platform_are_taken(api: Api, document: dict[str, Any]) -> None:
    wrapped = {"pipeline_spec": document, "platform_spec": {"platforms": {"kubernetes": {}}}}
    body = {"displayName": "r", "pipelineSpec": wrapped, "runtimeConfig": {**COUNT, "pipelineRoot": "minio://b/r"}}
    run = api.post("/runs", body)
    assert run["pipeline_spec"] == wrapped
    assert run["runtime_config"]["pipeline_root"] == "minio://b/r"


def test_the_root_is_the_runs_or_the_servers_and_never_the_documents(api: Api, document: dict[str, Any]) -> None:
    document = {**document, "defaultPipelineRoot": "minio://own/root"}
    ours, given = api.services.settings.pipeline_root, "minio://b/r"
    plain = api.run(document, runtime_config=COUNT)
    assert api.row(plain["run_id"]).pipeline_root == ours
    rooted = api.run(document, runtime_config={**COUNT, "pipeline_root": given})
    assert api.row(rooted["run_id"]).pipeline_root == given
    assert api.get(f"/runs/{rooted['run_id']}")["runtime_config"] == {**COUNT, "pipeline_root": given}


def test_a_run_that_was_given_nothing_has_no_runtime_config(api: Api, document: dict[str, Any]) -> None:
    document["root"]["inputDefinitions"]["parameters"]["count"]["defaultValue"] = 1
    run = api.run(document)
    assert "runtime_config" not in run
    assert "runtime_config" not in api.get(f"/runs/{run['run_id']}", view="FULL")
    assert "runtime_config" not in api.get("/runs")["runs"][0]


def test_macros_in_texts_are_filled_in_when_a_run_is_made(api: Api, document: dict[str, Any]) -> None:
    word = "[[RunUUID]] [[CurrentTime.2006-01-02]] [[ScheduledTime]] [[Index]]"
    config = {"parameters": {"count": 3, "word": word}}
    run = api.run(document, runtime_config=config)
    assert run["runtime_config"]["parameters"] == {
        "count": 3,
        "word": f"{run['run_id']} 2023-11-14 [[ScheduledTime]] [[Index]]",
    }
    assert api.row(run["run_id"]).parameters == run["runtime_config"]["parameters"]
    run = api.run(document, runtime_config=config, scheduled_at="2026-02-03T04:05:06Z")
    assert run["runtime_config"]["parameters"]["word"].endswith(" 20260203040506 [[Index]]")


def test_a_run_without_an_experiment_goes_to_the_default_one(api: Api, document: dict[str, Any]) -> None:
    first, second = (api.run(document, runtime_config=COUNT) for _ in range(2))
    assert first["experiment_id"] == second["experiment_id"]
    experiment = api.get(f"/experiments/{first['experiment_id']}")
    assert experiment["display_name"] == "Default"
    assert experiment["last_run_created_at"] == second["created_at"]


def test_a_run_of_a_version_names_it_and_full_view_shows_its_document(api: Api, document: dict[str, Any]) -> None:
    pipeline_id = api.upload(json.dumps(document).encode()).json()["pipeline_id"]
    [version] = api.get(f"/pipelines/{pipeline_id}/versions")["pipeline_versions"]
    reference = {"pipeline_id": pipeline_id, "pipeline_version_id": version["pipeline_version_id"]}
    bodies: list[dict[str, JsonValue]] = [
        {"pipeline_version_reference": reference},
        {"pipeline_version_reference": {"pipeline_id": pipeline_id}},
        {"pipeline_version_id": version["pipeline_version_id"]},
    ]
    for body in bodies:
        run = api.post("/runs", {"display_name": "r", "runtime_config": COUNT, **body})
        assert run["pipeline_version_reference"] == reference
        assert "pipeline_spec" not in run
        assert api.get(f"/runs/{run['run_id']}", view="FULL")["pipeline_spec"] == document


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "pipeline requiring input has no parameter(s) provided"),
        ({}, "parameter count is not optional, yet has neither default value nor user provided value"),
        ({"count": 1, "other": 2}, "parameter(s) provided are not required by pipeline: other"),
        ({"count": "x"}, "input parameter count requires type double or integer"),
        ({"count": 1, "word": 5}, "input parameter word requires type string"),
    ],
)
def test_parameters_are_checked_before_anything_is_written(
    api: Api, document: dict[str, Any], config: dict[str, JsonValue] | None, message: str
) -> None:
    body = {"display_name": "r", "pipeline_spec": document}
    if config is not None:
        body["runtime_config"] = {"parameters": config}
    assert message in refused(api, 400, body)


def test_what_is_no_run_is_refused_with_its_reason(api: Api, document: dict[str, Any]) -> None:
    good = {"display_name": "r", "pipeline_spec": document, "runtime_config": COUNT}
    assert "display_name" in refused(api, 400, {**good, "display_name": ""})
    assert "display_name" in refused(api, 400, {**good, "display_name": "n" * 256})
    assert "Experiment nope not found" in refused(api, 404, {**good, "experiment_id": "nope"})
    assert "several" in refused(api, 400, {**good, "pipeline_version_id": "v"})
    assert "no pipeline" in refused(api, 400, {"display_name": "r"})
    assert "not found" in refused(api, 404, {"display_name": "r", "pipeline_version_id": "v"})
    assert 'unknown field "nam" in Run' in refused(api, 400, {**good, "nam": 1})
    assert "runtime_config.parameters: an object is wanted" in refused(
        api, 400, {**good, "runtime_config": {"parameters": []}}
    )
    assert "no pipeline spec is provided" in refused(api, 400, {**good, "pipeline_spec": {}})
    assert "plugins_output" in refused(api, 409, {**good, "plugins_output": {"x": {}}})
    assert "too many" in refused(api, 400, {**good, "plugins_input": {str(n): {} for n in range(17)}})
    broken = {**document, "root": {"dag": {"tasks": {"say": {"componentRef": {"name": "comp-none"}}}}}}
    assert "comp-none" in refused(api, 400, {**good, "pipeline_spec": broken})


def test_what_plug_ins_are_given_is_kept_and_bounded(api: Api, document: dict[str, Any]) -> None:
    given = {"mlflow": {"experiment_name": "e", "nested": {"Key": [1, 2.5, None]}}}
    run = api.run(document, runtime_config=COUNT, pluginsInput=given)
    assert run["plugins_input"] == given
    assert api.get(f"/runs/{run['run_id']}")["plugins_input"] == given
    assert "plugins_input" not in api.get("/runs")["runs"][0]
    api.woken.get(timeout=60)
    deep: Any = 1
    for _ in range(11):
        deep = {"x": deep}
    for wrong, message in (
        ({str(n): {} for n in range(17)}, "plugins_input: 17 plug-ins are too many. At most 16"),
        ({"p": {"x": "y" * 65_536}}, "plugins_input.p: the value has"),
        ({str(n): {"x": "y" * 60_000} for n in range(5)}, "plugins_input: the values have"),
        ({"p": deep}, "plugins_input.p: the value is nested too deeply"),
        ({"p": 1}, "plugins_input.p: an object is wanted"),
    ):
        body = {"display_name": "r", "pipeline_spec": document, "runtime_config": COUNT, "plugins_input": wrong}
        assert message in refused(api, 400, body)


def test_a_running_run_shows_its_tasks_in_both_shapes(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    run = api.get(f"/runs/{run_id}")
    assert run["state"] == "RUNNING"
    assert "tasks" not in run
    root, say = run["run_details"]["task_details"]
    assert root["child_tasks"] == [{"task_id": say["task_id"]}]
    assert say["parent_task_id"] == root["task_id"] == scene.task_id("root")
    assert say["state"] == "RUNNING"
    assert say["pod_name"] == scene.attempt_id
    assert say["end_time"] == "1970-01-01T00:00:00Z"
    full = api.get(f"/runs/{run_id}", view="FULL")
    assert full["task_count"] == 2
    [shown] = [task for task in full["tasks"] if task["name"] == "say"]
    assert shown["scope_path"] == "root.say"
    assert shown["type"] == "RUNTIME"
    assert shown["pods"] == [{"name": scene.attempt_id, "uid": scene.attempt_id, "type": "EXECUTOR"}]
    [count] = shown["inputs"]["parameters"]
    assert count["producer"] == {"task_name": "root"}
    assert (count["value"], count["type"], count["parameter_key"]) == (3, "COMPONENT_INPUT", "count")


def test_an_ended_run_shows_outputs_metrics_and_failures(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    metrics = artifact("scores", "system.Metrics", accuracy=0.5, zero=0, note="n")
    outputs = Bindings({"total": 7}, {"model": (artifact(),), "scores": (metrics,)})
    api.advance(run_id, *scene.ended(outputs))
    run = api.get(f"/runs/{run_id}", view="FULL")
    assert run["state"] == "SUCCEEDED"
    assert run["finished_at"] == "2023-11-14T22:21:40Z"
    [say] = [task for task in run["tasks"] if task["name"] == "say"]
    assert say["outputs"]["parameters"] == [
        {"value": 7, "type": "OUTPUT", "parameter_key": "total", "producer": {"task_name": "say"}}
    ]
    model, scores = say["outputs"]["artifacts"]
    assert model["artifacts"][0]["type"] == "Model"
    assert [(each["name"], each["number_value"], each["type"]) for each in scores["artifacts"]] == [
        ("accuracy", 0.5, "Metric"),
        ("zero", 0.0, "Metric"),
    ]
    failed = api.run(document, runtime_config=COUNT)["run_id"]
    api.advance(failed, *Scene(failed).started())
    api.advance(failed, *Scene(failed).ended(failure=Failure("it broke", 2)))
    run = api.get(f"/runs/{failed}", view="FULL")
    assert run["error"] == {"code": 2, "message": "it broke"}
    assert run["run_details"]["task_details"][1]["error"] == {"code": 2, "message": "it broke"}
    assert next(task for task in run["tasks"] if task["name"] == "say")["status_metadata"] == {"message": "it broke"}


def test_terminate_is_a_wish_that_shows_at_once_and_is_granted_once(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    api.advance(run_id, *Scene(run_id).started())
    api.woken.get(timeout=60)
    assert api.post(f"/runs/{run_id}:terminate") == {}
    assert api.woken.get(timeout=60) == run_id
    assert api.get(f"/runs/{run_id}")["state"] == "CANCELING"
    assert api.get("/runs")["runs"][0]["state"] == "CANCELING"
    again = api.http.post(f"{V2}/runs/{run_id}:terminate")
    assert (again.status_code, again.json()["code"]) == (400, 9)
    api.advance(run_id, [TerminateRequested(AT)], [RunMoved(AT, State.CANCELED)])
    assert api.get(f"/runs/{run_id}")["state"] == "CANCELED"
    over = api.http.post(f"{V2}/runs/{run_id}:terminate")
    assert over.status_code == 400
    assert f"Failed to terminate a run: {run_id} is CANCELED" in over.json()["message"]


def test_retry_is_for_runs_that_have_ended(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    api.woken.get(timeout=60)
    early = api.http.post(f"{V2}/runs/{run_id}:retry")
    assert (early.status_code, early.json()["code"]) == (409, 10)
    assert "not in a terminal state" in early.json()["message"]
    api.advance(run_id, [TerminateRequested(AT)], [RunMoved(AT, State.CANCELED)])
    assert api.post(f"/runs/{run_id}:retry") == {}
    assert api.woken.get(timeout=60) == run_id
    assert api.get(f"/runs/{run_id}")["state"] == "PENDING"
    assert api.http.post(f"{V2}/runs/nobody:retry").status_code == 404


def test_a_run_that_is_to_be_retried_is_as_if_it_had_not_ended(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    api.advance(run_id, *Scene(run_id).started())
    api.advance(run_id, *Scene(run_id).ended(failure=Failure("it broke", 2)))
    failed = api.get(f"/runs/{run_id}")
    assert (failed["state"], failed["error"]["message"]) == ("FAILED", "it broke")
    api.post(f"/runs/{run_id}:retry")
    waiting = api.get(f"/runs/{run_id}")
    assert (waiting["state"], waiting["finished_at"], "error" in waiting) == ("PENDING", "1970-01-01T00:00:00Z", False)
    *before, asked = waiting["state_history"]
    assert (before, asked["state"]) == (failed["state_history"], "PENDING")
    assert asked["update_time"] > api.get(f"/experiments/{waiting['experiment_id']}")["created_at"]
    [listed] = api.get("/runs")["runs"]
    shown = ("state", "finished_at", "state_history")
    assert {key: listed[key] for key in shown} == {key: waiting[key] for key in shown}
    assert "error" not in listed


def test_archive_unarchive_and_delete(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    assert api.post(f"/runs/{run_id}:archive") == {}
    assert api.get(f"/runs/{run_id}")["storage_state"] == "ARCHIVED"
    assert api.post(f"/runs/{run_id}:unarchive", {}) == {}
    assert api.get(f"/runs/{run_id}")["storage_state"] == "AVAILABLE"
    api.advance(run_id, *Scene(run_id).started())
    api.advance(run_id, *Scene(run_id).ended())
    assert api.delete(f"/runs/{run_id}") == {}
    assert api.http.get(f"{V2}/runs/{run_id}").status_code == 404


def test_a_run_of_an_archived_experiment_stays_archived(api: Api, document: dict[str, Any]) -> None:
    experiment_id = api.post("/experiments", {"display_name": "e"})["experiment_id"]
    run_id = api.run(document, runtime_config=COUNT, experiment_id=experiment_id)["run_id"]
    api.post(f"/experiments/{experiment_id}:archive")
    assert api.get(f"/runs/{run_id}")["storage_state"] == "ARCHIVED"
    response = api.http.post(f"{V2}/runs/{run_id}:unarchive")
    assert (response.status_code, response.json()["code"]) == (400, 9)


def test_a_live_run_that_is_deleted_is_out_of_sight_and_terminated(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    api.advance(run_id, *Scene(run_id).started())
    api.woken.get(timeout=60)
    assert api.delete(f"/runs/{run_id}") == {}
    assert api.woken.get(timeout=60) == run_id
    assert api.get("/runs") == {}
    for method, path in (
        ("GET", ""),
        ("GET", "/tasks"),
        ("DELETE", ""),
        ("POST", ":terminate"),
        ("POST", ":retry"),
        ("POST", ":archive"),
        ("POST", ":unarchive"),
    ):
        gone = api.http.request(method, f"{V2}/runs/{run_id}{path}")
        assert (gone.status_code, gone.json()["code"]) == (404, 5), (method, path)
    rows = api.services.database.read(lambda tx: runs.load_run(tx, run_id))
    inbox = api.services.database.submit(lambda tx: runs.take_inbox(tx, rows.run)).result()
    assert [type(event).__name__ for event in inbox] == ["RunRequested", "TerminateRequested"]


def test_integers_stay_integers_and_large_values_pass(api: Api) -> None:
    document = pipeline()
    document["root"]["inputDefinitions"]["parameters"]["word"] = {"parameterType": "STRUCT"}
    value = {"n": 9007199254740993, "someKey": {"snake_key": [1, 2.5, None, True]}, "text": "x" * 1_000_000}
    run = api.run(document, runtime_config={"parameters": {"count": 3, "word": value}})
    assert api.get(f"/runs/{run['run_id']}")["runtime_config"]["parameters"]["word"] == value


def test_half_a_character_in_an_output_is_shown_escaped(api: Api, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config=COUNT)["run_id"]
    scene = Scene(run_id)
    api.advance(run_id, *scene.started())
    api.advance(run_id, *scene.ended(Bindings({"text": "\ud800 ü"})))
    run = api.get(f"/runs/{run_id}", view="FULL")
    assert run["pipeline_spec"] == document
    [say] = [task for task in run["tasks"] if task["name"] == "say"]
    assert say["outputs"]["parameters"][0]["value"] == "\ud800 ü"
    assert "inputs" not in run["run_details"]["task_details"][0]
