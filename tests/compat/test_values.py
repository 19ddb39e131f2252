"""What pipelines of the corpus give, not only how they end: parameters, metrics, and the bytes of artifacts."""

from pathlib import Path
from typing import Any

import httpx2
import kfp
import pytest
from tests.compat.conftest import Sample, corpus
from tests.harness import Server, artifacts_of, parameters_of, tasks_of

SAMPLES: dict[str, Sample] = {each.name: each for each in corpus()}

pytestmark = pytest.mark.skipif(not SAMPLES, reason="the corpus is not there: set HEADRACE_CORPUS to its folder")


def play(server: Server, name: str, *, caching: bool = False, **arguments: Any) -> dict[str, dict[str, Any]]:
    """Run a sample to its end; its tasks by path."""
    client = kfp.Client(host=server.url)
    file = str(SAMPLES[name].file)
    run = client.create_run_from_pipeline_package(file, arguments=arguments, enable_caching=caching)
    found = server.wait(run.run_id)
    assert found["state"] == SAMPLES[name].expected, found.get("error")
    return tasks_of(found)


def output(tasks: dict[str, dict[str, Any]], path: str = "root", key: str = "Output") -> Any:
    return parameters_of(tasks[path])[key]


def content(server: Server, artifact: dict[str, Any]) -> str:
    """The bytes that the artifact's uri names in the embedded store."""
    file: Path = server.home / "store" / artifact["uri"].removeprefix("minio://")
    return file.read_text()


def only(tasks: dict[str, dict[str, Any]], path: str, key: str) -> dict[str, Any]:
    (artifact,) = artifacts_of(tasks[path])[key]
    return artifact


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("critical/add_numbers.yaml", {"a": 5, "b": 5}, 10),
        ("identity.yaml", {"value": "test_value"}, "test_value"),
        ("essential/concat_message.yaml", {"message1": "Hello ", "message2": "World!"}, "Hello World!"),
        ("essential/component_with_env_variable.yaml", {}, "env_var_value"),
        ("nested_return.yaml", {}, [{"A_a": "1", "B_b": "2"}, {"A_a": "10", "B_b": "20"}]),
    ],
)
def test_the_output_of_a_pipeline(server: Server, name: str, arguments: dict[str, Any], expected: Any) -> None:
    found = output(play(server, name, **arguments))
    assert found == expected
    assert type(found) is type(expected)


def test_fields_of_a_named_tuple_are_outputs(server: Server) -> None:
    tasks = play(server, "critical/multiple_parameters_namedtuple.yaml")
    assert parameters_of(tasks["root.mantle.core.core-comp"]) == {"val1": "foo", "val2": "bar"}
    assert "val1:  foo\nval2:  bar" in log(server, tasks["root.crust-comp"])


def test_the_bytes_of_an_artifact_are_what_the_step_wrote(server: Server) -> None:
    tasks = play(server, "critical/artifact_cache.yaml")
    made = only(tasks, "root.mantle.core.core-comp", "dataset")
    assert made["type"] == "Dataset"
    assert content(server, made) == "foo"
    assert artifacts_of(tasks["root.crust-comp"], "inputs")["input"][0]["artifact_id"] == made["artifact_id"]


def test_metrics_are_numbers(server: Server) -> None:
    tasks = play(server, "output_metrics.yaml")
    (metric,) = artifacts_of(tasks["root.output-metrics"])["metrics"]
    assert metric["type"] == "Metric"
    assert metric["name"] == "accuracy"
    assert 0 <= metric.get("number_value", 0) <= 100


def test_every_type_of_output_parameter_keeps_its_type(server: Server) -> None:
    given = {"message": "hello", "input_dict_parameter": {"A": 1, "B": 2}, "input_list_parameter": ["a", "b"]}
    tasks = play(server, "preprocess.yaml", **given)
    made = parameters_of(tasks["root"])
    assert made["output_parameter_path"] == "hello"
    assert made["output_bool_parameter_path"] is True
    assert made["output_dict_parameter_path"] == {"A": 1, "B": 2}
    assert made["output_list_parameter_path"] == ["a", "b"]
    assert content(server, only(tasks, "root", "output_dataset_one")) == "hello"


def test_a_container_writes_an_artifact_by_its_path(server: Server) -> None:
    tasks = play(server, "essential/pipeline_with_outputs.yaml")
    assert content(server, only(tasks, "root", "Output")) == "world\n"


def test_a_command_gets_its_parameters(server: Server) -> None:
    tasks = play(server, "arguments_parameters.yaml", param1="left", param2="right")
    assert log(server, tasks["root.echo"]).strip() == "left-right"


def test_optional_inputs_are_given_or_left_out(server: Server) -> None:
    tasks = play(server, "critical/component_with_optional_inputs.yaml")
    printed = log(server, tasks["root.component-op"])
    assert "input1: Hello, type: <class 'str'>" in printed
    assert "input3: None, type: <class 'NoneType'>" in printed


def test_system_placeholders_are_replaced(server: Server) -> None:
    tasks = play(server, "critical/pipeline_with_placeholders.yaml")
    task = tasks["root.print-all-placeholders"]
    given = parameters_of(task, "inputs")
    assert given["task_id"] == task["task_id"]
    assert given["job_id"] == task["run_id"]


def test_a_second_run_is_cached_and_gives_the_same(server: Server) -> None:
    name = "local_execution/pipeline_with_caching.yaml"
    first = play(server, name, caching=True)
    second = play(server, name, caching=True)
    leaves = [path for path in second if path != "root"]
    assert {second[path]["state"] for path in leaves} == {"CACHED"}
    assert output(first) == output(second)


@pytest.mark.parametrize("spoil", ["removed", "overwritten"])
def test_what_is_no_longer_there_is_not_taken_from_the_cache(server: Server, spoil: str) -> None:
    name = "critical/artifact_cache.yaml"
    made = only(play(server, name, caching=True), "root.mantle.core.core-comp", "dataset")
    again = play(server, name, caching=True)
    assert again["root.mantle.core.core-comp"]["state"] == "CACHED"
    file = server.home / "store" / made["uri"].removeprefix("minio://")
    file.unlink()
    if spoil == "overwritten":
        file.write_text("bar")
    after = play(server, name, caching=True)
    assert after["root.mantle.core.core-comp"]["state"] == "SUCCEEDED"
    assert content(server, only(after, "root.mantle.core.core-comp", "dataset")) == "foo"


def log(server: Server, task: dict[str, Any]) -> str:
    """What the task printed."""
    answer = httpx2.get(f"{server.url}/api/v1/runs/{task['run_id']}/tasks/{task['task_id']}/log", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text
