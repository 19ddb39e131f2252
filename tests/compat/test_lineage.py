"""Lineage of a pipeline that the SDK compiled, as KFP 3.0's clients read it, from a server that really ran it."""

import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from tests.compat.pipelines import lineage
from tests.compat.pipelines.play import Back, Played
from tests.compat.pipelines.steps import OWN
from tests.harness import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp

V2 = "/apis/v2beta1"


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    environment = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}})}
    server = Server(tmp_path_factory.mktemp("lineage") / "home", ["--slots", "2"], environment=environment)
    try:
        server.start()
        yield Back(server, kfp.Client(host=server.url))
    finally:
        server.stop()


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    return back.play(lineage.lineage, count=2)


def inputs(task: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """By key, the type and the producer of each input."""
    groups = task["inputs"]
    found = {each["parameter_key"]: each for each in groups.get("parameters", [])}
    found |= {each["artifact_key"]: each for each in groups.get("artifacts", [])}
    return {key: (each["type"], each.get("producer")) for key, each in found.items()}


def test_inputs_say_where_they_are_from(played: Played) -> None:
    tasks = played.tasks
    given = {"count": ("RUNTIME_VALUE_INPUT", None), "word": ("COMPONENT_DEFAULT_INPUT", None)}
    assert inputs(tasks["root"]) == given
    assert inputs(tasks["root.make"]) == {"count": ("COMPONENT_INPUT", {"task_name": "root"})}
    loop = tasks["root.for-loop-1"]
    made = ("TASK_OUTPUT_INPUT", {"task_name": "make"})
    assert list(inputs(loop).values()) == [made] * 2
    assert loop["type_attributes"] == {"iteration_count": "2"}
    for index in range(2):
        use = tasks[f"root.for-loop-1.{index}.use"]
        assert use["parent_task_id"] == loop["task_id"]
        assert use["type_attributes"] == {"iteration_index": str(index)}
        around = {"task_name": "for-loop-1", "iteration": str(index)}
        expected = {"item": ("ITERATOR_INPUT", around), "data": ("COMPONENT_INPUT", around)}
        assert inputs(use) == {**expected, "word": ("COMPONENT_DEFAULT_INPUT", None)}
        [parameter] = use["outputs"]["parameters"]
        assert parameter["producer"] == {"task_name": "use", "iteration": str(index)}
    (fixed,) = (inputs(task) for path, task in tasks.items() if path.endswith(".use-2"))
    assert fixed["item"][0] == "ITERATOR_INPUT_RAW"
    assert fixed["word"][0] == "COMPONENT_INPUT"
    assert inputs(tasks["root.gather"]) == {"words": ("COLLECTED_INPUTS", {"task_name": "for-loop-1"})}
    [collected] = loop["outputs"]["parameters"]
    assert collected["type"] == "ITERATOR_OUTPUT"
    assert played.output() == "none 0 0, none 1 1"


def test_links_have_the_same_types(back: Back, played: Played) -> None:
    run_id = played.run["run_id"]
    links = back.server.get(f"{V2}/artifact_tasks?run_ids={run_id}&sort_by=id%20asc&page_size=100")
    paths = {task["task_id"]: path for path, task in played.tasks.items()}
    told = {(paths[each["task_id"]], each["key"], each["type"]) for each in links["artifact_tasks"]}
    assert {each for each in told if each[0] == "root.make"} == {
        ("root.make", key, "OUTPUT") for key in ("data", "scores", "folder")
    }
    assert ("root.for-loop-1", "pipelinechannel--make-data", "TASK_OUTPUT_INPUT") in told
    assert ("root.for-loop-1.1.use", "data", "COMPONENT_INPUT") in told
    only = back.server.get(f"{V2}/artifact_tasks?run_ids={run_id}&type=COMPONENT_INPUT")
    assert only["total_size"] == sum(each["type"] == "COMPONENT_INPUT" for each in links["artifact_tasks"])


def test_numbers_are_artifacts_of_their_own(back: Back, played: Played) -> None:
    groups = {each["artifact_key"]: each["artifacts"] for each in played.tasks["root.make"]["outputs"]["artifacts"]}
    assert {each["name"]: each["number_value"] for each in groups["scores"]} == {"accuracy": 0.5, "loss": 2}
    for each in groups["scores"]:
        assert back.server.get(f"{V2}/artifacts/{each['artifact_id']}") == each
    listed = back.server.get(f"{V2}/artifacts?page_size=3")
    assert (listed["total_size"], len(listed["artifacts"])) == (4, 3)
