"""Everything that the real `kfp.Client` does, but waiting for steps to run."""

import json
import warnings
from pathlib import Path
from typing import Any

import kfp_server_api
import pytest
import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp
    from kfp import dsl

from tests.api.conftest import Api, pipeline
from tests.api.scene import AT, Scene, artifact

from headrace.engine.decision import RunMoved
from headrace.model.artifact import Bindings
from headrace.model.event import TerminateRequested
from headrace.model.state import State

pytestmark = pytest.mark.filterwarnings("ignore")
COUNT = {"count": 3}


@pytest.fixture
def client(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HOME", str(tmp_path))
    return kfp.Client(host=api.url)


@pytest.fixture
def package(tmp_path: Path) -> str:
    path = tmp_path / "hello.yaml"
    path.write_text(yaml.safe_dump(pipeline()))
    return str(path)


def test_it_finds_a_server_for_one_user(client: Any) -> None:
    health = client.get_kfp_healthz()
    assert health.multi_user is False
    assert health.pipeline_store == "database"


def test_experiments(client: Any) -> None:
    made = client.create_experiment("mine", description="d")
    assert client.create_experiment("mine").experiment_id == made.experiment_id
    assert client.get_experiment(experiment_name="mine").display_name == "mine"
    assert client.get_experiment(experiment_id=made.experiment_id).description == "d"
    assert [each.display_name for each in client.list_experiments(sort_by="created_at desc").experiments] == ["mine"]
    client.archive_experiment(made.experiment_id)
    assert client.get_experiment(experiment_id=made.experiment_id).storage_state == "ARCHIVED"
    client.unarchive_experiment(made.experiment_id)
    client.delete_experiment(made.experiment_id)
    with pytest.raises(ValueError, match="No experiment is found"):
        client.get_experiment(experiment_name="mine")


def test_pipelines_and_versions(client: Any, package: str) -> None:
    made = client.upload_pipeline(package, pipeline_name="p", description="d")
    assert client.get_pipeline_id("p") == made.pipeline_id
    assert client.get_pipeline_id("none") is None
    assert client.get_pipeline(made.pipeline_id).description == "d"
    second = client.upload_pipeline_version(package, "v2", pipeline_id=made.pipeline_id)
    by_name = client.upload_pipeline_version(package, "v3", pipeline_name="p")
    versions = client.list_pipeline_versions(made.pipeline_id, page_size=2, sort_by="created_at desc")
    assert [each.display_name for each in versions.pipeline_versions] == ["v3", "v2"]
    assert versions.total_size == 3
    rest = client.list_pipeline_versions(made.pipeline_id, page_token=versions.next_page_token, page_size=2)
    assert [each.display_name for each in rest.pipeline_versions] == ["p"]
    assert client.get_pipeline_version(made.pipeline_id, second.pipeline_version_id).pipeline_spec == pipeline()
    assert client.list_pipelines().total_size == 1
    client.delete_pipeline_version(made.pipeline_id, by_name.pipeline_version_id)
    with pytest.raises(kfp_server_api.ApiException, match="cascade=true"):
        client.delete_pipeline(made.pipeline_id)


def test_a_refused_upload_says_why(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump({**pipeline(), "schemaVersion": "1.0"}))
    with pytest.raises(Exception, match="schema version"):
        client.upload_pipeline(str(path), pipeline_name="bad")


def test_a_function_is_uploaded_and_run(client: Any) -> None:
    @dsl.component
    def add(a: int, b: int = 2) -> int:
        return a + b

    @dsl.pipeline(name="adding")
    def adding(a: int, b: int = 3) -> int:
        return add(a=a, b=b).output

    made = client.upload_pipeline_from_pipeline_func(adding, pipeline_name="adding")
    assert client.get_pipeline_id("adding") == made.pipeline_id
    run = client.create_run_from_pipeline_func(adding, arguments={"a": 1}, experiment_name="exp", enable_caching=True)
    found = client.get_run(run.run_id)
    assert found.state == "PENDING"
    assert found.runtime_config.parameters == {"a": 1}
    assert found.experiment_id == client.get_experiment(experiment_name="exp").experiment_id
    with pytest.raises(kfp_server_api.ApiException, match="has neither default value"):
        client.create_run_from_pipeline_func(adding, arguments={})


def test_runs(api: Api, client: Any, package: str) -> None:
    experiment = client.create_experiment("e")
    run = client.run_pipeline(experiment.experiment_id, "job", package, params=COUNT, pipeline_root="minio://b/r")
    assert client.get_run(run.run_id).runtime_config.pipeline_root == "minio://b/r"
    assert [each.run_id for each in client.list_runs(experiment_id=experiment.experiment_id).runs] == [run.run_id]
    made = client.upload_pipeline(package, pipeline_name="p")
    [version] = client.list_pipeline_versions(made.pipeline_id).pipeline_versions
    versioned = client.run_pipeline(
        experiment.experiment_id,
        "job2",
        pipeline_id=made.pipeline_id,
        version_id=version.pipeline_version_id,
        params=COUNT,
    )
    assert client.get_run(versioned.run_id).pipeline_version_reference.pipeline_id == made.pipeline_id
    wanted = json.dumps({"predicates": [{"operation": 1, "key": "name", "stringValue": "job2"}]})
    assert [each.display_name for each in client.list_runs(filter=wanted).runs] == ["job2"]
    client.archive_run(run.run_id)
    assert client.get_run(run.run_id).storage_state == "ARCHIVED"
    client.unarchive_run(run.run_id)
    client.terminate_run(run.run_id)
    assert client.get_run(run.run_id).state == "CANCELING"
    api.advance(run.run_id, [TerminateRequested(AT)], [RunMoved(AT, State.CANCELED)])
    assert client.get_run(run.run_id).state == "CANCELED"
    client.delete_run(run.run_id)
    with pytest.raises(kfp_server_api.ApiException) as gone:
        client.get_run(run.run_id)
    assert gone.value.status == 404


def test_an_ended_run_comes_with_its_tasks(api: Api, client: Any, package: str) -> None:
    run = client.create_run_from_pipeline_package(package, arguments=COUNT)
    scene = Scene(run.run_id)
    api.advance(run.run_id, *scene.started())
    api.advance(run.run_id, *scene.ended(Bindings({}, {"model": (artifact(),)})))
    found = client.wait_for_run_completion(run.run_id, timeout=60)
    assert found.state == "SUCCEEDED"
    assert [each.state for each in found.state_history] == ["PENDING", "RUNNING", "SUCCEEDED"]
    say = found.run_details.task_details[1]
    assert (say.display_name, say.state) == ("say", "SUCCEEDED")
    assert say.outputs["model"].artifact_ids == ["id-of-model"]
