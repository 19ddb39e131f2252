"""Methods of every service: each does what HTTP does, and what it shows is what HTTP shows."""

import base64
import json
from typing import Any

import grpc
from google.protobuf import json_format
from tests.api.conftest import Api, pipeline
from tests.api.scene import AT, Scene
from tests.rpc.conftest import Client, without

from headrace.model.artifact import Artifact, Bindings
from headrace.rpc.proto import run_pb2

CONFIG = {"parameters": {"count": {"number_value": 3}}}


def test_experiments(api: Api, client: Client) -> None:
    made = client.json("CreateExperiment", experiment={"display_name": "é x", "description": "d"})
    experiment_id = made["experiment_id"]
    assert made == client.json("GetExperiment", experiment_id=experiment_id) == api.get(f"/experiments/{experiment_id}")
    assert made["storage_state"] == "AVAILABLE"
    by_name = json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": "é x"}]})
    assert client.json("ListExperiments", filter=by_name) == {"experiments": [made], "total_size": 1}
    client.call("CreateExperiment", experiment={"display_name": "second"})
    page = client.call("ListExperiments", page_size=1, sort_by="created_at desc")
    assert (page.total_size, page.experiments[0].display_name) == (2, "second")
    rest = client.call("ListExperiments", page_size=1, page_token=page.next_page_token, sort_by="created_at desc")
    assert [each.display_name for each in rest.experiments] == ["é x"]
    for verb, state in (("Archive", "ARCHIVED"), ("Unarchive", "AVAILABLE")):
        assert client.json(f"{verb}Experiment", experiment_id=experiment_id) == {}
        assert api.get(f"/experiments/{experiment_id}")["storage_state"] == state
    client.call("DeleteExperiment", experiment_id=experiment_id)
    assert client.refused("GetExperiment", experiment_id=experiment_id)[0] is grpc.StatusCode.NOT_FOUND


def test_pipelines(api: Api, client: Client) -> None:
    made = client.json("CreatePipeline", pipeline={"name": "a/b", "display_name": "A", "tags": {"team": "x"}})
    pipeline_id = made["pipeline_id"]
    assert made == client.json("GetPipeline", pipeline_id=pipeline_id) == api.get(f"/pipelines/{pipeline_id}")
    assert made == client.json("GetPipelineByName", name="a/b")
    assert made["tags"] == {"team": "x"}
    assert client.json("ListPipelines", sort_by="name") == api.get("/pipelines", sort_by="name")
    whole = client.call("GetPipeline", pipeline_id=pipeline_id)
    whole.display_name = "B"
    changed = client.json("UpdatePipeline", pipeline=whole)
    assert changed == {**made, "display_name": "B"} == api.get(f"/pipelines/{pipeline_id}")
    client.call("DeletePipeline", pipeline_id=pipeline_id)
    assert api.get("/pipelines") == {}


def test_versions(api: Api, client: Client, files: str) -> None:
    source = {"package_url": {"pipeline_url": f"{files}/dir/hello.yaml"}}
    made = client.json("CreatePipelineAndVersion", pipeline={"name": "p"}, pipeline_version={"name": "v1", **source})
    pipeline_id = made["pipeline_id"]
    second = client.json("CreatePipelineVersion", pipeline_id=pipeline_id, pipeline_version={"name": "v2", **source})
    ids = {"pipeline_id": pipeline_id, "pipeline_version_id": second["pipeline_version_id"]}
    over_http = api.get(f"/pipelines/{pipeline_id}/versions/{second['pipeline_version_id']}")
    assert second == client.json("GetPipelineVersion", **ids) == over_http
    assert second["pipeline_spec"] == pipeline()
    listed = client.json("ListPipelineVersions", pipeline_id=pipeline_id, sort_by="name desc", page_size=1)
    assert listed == api.get(f"/pipelines/{pipeline_id}/versions", sort_by="name desc", page_size=1)
    assert listed["total_size"] == 2
    changed = client.json("UpdatePipelineVersion", pipeline_version={**ids, "tags": {"a": "b"}})
    assert changed == {**second, "tags": {"a": "b"}}
    code, message = client.refused("DeletePipeline", pipeline_id=pipeline_id)
    assert (code, "cascade=true" in message) == (grpc.StatusCode.FAILED_PRECONDITION, True)
    client.call("DeletePipelineVersion", **ids)
    assert client.call("ListPipelineVersions", pipeline_id=pipeline_id).total_size == 1
    client.call("DeletePipeline", pipeline_id=pipeline_id, cascade=True)
    assert api.get("/pipelines") == {}


def test_runs(api: Api, client: Client, document: dict[str, Any]) -> None:
    asked = run_pb2.Run(display_name="r", runtime_config=CONFIG, pipeline_spec=document)
    made = client.json("CreateRun", run=asked)
    run_id = made["run_id"]
    assert api.woken.get(timeout=60) == run_id
    assert made == client.json("GetRun", run_id=run_id) == api.get(f"/runs/{run_id}")
    assert (made["pipeline_spec"], made["runtime_config"]) == (document, {"parameters": {"count": 3}})
    assert made["finished_at"] == "1970-01-01T00:00:00Z"
    assert client.json("ListRuns", experiment_id=made["experiment_id"]) == api.get("/runs")
    assert client.json("ListRuns", experiment_id="other") == {}
    for verb, state in (("Archive", "ARCHIVED"), ("Unarchive", "AVAILABLE")):
        assert client.json(f"{verb}Run", run_id=run_id) == {}
        assert api.get(f"/runs/{run_id}")["storage_state"] == state
    assert client.refused("RetryRun", run_id=run_id)[0] is grpc.StatusCode.ABORTED
    client.call("TerminateRun", run_id=run_id, experiment_id="is ignored")
    assert client.call("GetRun", run_id=run_id).state == run_pb2.CANCELING
    client.call("DeleteRun", run_id=run_id)
    assert client.refused("GetRun", run_id=run_id)[0] is grpc.StatusCode.NOT_FOUND


def test_an_ended_run_its_tasks_and_what_they_gave(api: Api, client: Client, document: dict[str, Any]) -> None:
    run_id = api.run(document, runtime_config={"parameters": {"count": 3}})["run_id"]
    scene = Scene(run_id)
    uri = "minio://mlpipeline/v2/table"
    api.services.blobs.write(uri, b"\0\xff")
    table = Artifact("a1", "table", "system.Artifact", uri, created_at=AT)
    api.advance(run_id, *scene.started())
    api.advance(run_id, *scene.ended(Bindings(artifacts={"table": (table,)})))
    shown, over_http = client.json("GetRun", run_id=run_id), api.get(f"/runs/{run_id}")
    details = over_http["run_details"]["task_details"]
    assert any("outputs" in each for each in details)
    without_artifacts = [without(each, "inputs", "outputs") for each in details]
    assert shown == {**without(over_http, "tasks"), "run_details": {"task_details": without_artifacts}}
    assert (shown["state"], shown["task_count"]) == ("SUCCEEDED", over_http["task_count"])
    data = client.call("ReadArtifact", run_id=run_id, node_id="say", artifact_name="table").data
    assert data == base64.b64decode(api.get(f"/runs/{run_id}/nodes/say/artifacts/table:read")["data"]) == b"\0\xff"
    client.call("RetryRun", run_id=run_id)
    assert api.woken.get(timeout=60) == run_id


def test_healthz(client: Client) -> None:
    assert json_format.MessageToDict(client.call("GetHealthz")) == {}
