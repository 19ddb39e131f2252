"""Lineage of a pipeline that the SDK compiled, as KFP 3.0's clients read it, from a server that really ran it."""

import base64
import io
import json
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.compat.pipelines import lineage
from tests.compat.pipelines.play import Back, Played, content
from tests.compat.pipelines.steps import OWN
from tests.harness import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp

V2 = "/apis/v2beta1"


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    images = json.dumps({OWN: {"venv": sys.prefix}})
    environment = {"HEADRACE_IMAGES": images, "HEADRACE_PUBLISH_LOGS": "true"}
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
        ("root.make", key, "OUTPUT") for key in ("data", "scores", "folder", "executor-logs")
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
    of_make = back.server.get(f"{V2}/artifact_tasks?task_ids={played.tasks['root.make']['task_id']}")
    assert of_make["total_size"] == 5  # two numbers, two artifacts, a log
    assert (listed["total_size"] >= 5, len(listed["artifacts"])) == (True, 3)


def test_what_each_attempt_printed_is_an_artifact(back: Back, tmp_path: Path) -> None:
    played = back.play(lineage.tries, marker=str(tmp_path / "tried"))
    task = played.tasks["root.flaky"]
    (group,) = (each for each in task["outputs"]["artifacts"] if each["artifact_key"] == "executor-logs")
    uris = [each["uri"] for each in group["artifacts"]]
    assert [uri.rpartition("/")[2] for uri in uris] == ["executor-logs-1", "executor-logs-2"]
    for each, expected in zip(group["artifacts"], ("try 1", "try 2"), strict=True):
        found = httpx2.get(f"{back.server.url}/api/v1/artifacts/{each['artifact_id']}/content").text
        assert expected in found
        assert content(back, each) == found
    failed = back.play(lineage.tries, "FAILED", marker=str(tmp_path / "none" / "tried")).tasks["root.flaky"]
    assert [len(each["artifacts"]) for each in failed["outputs"]["artifacts"]] == [2]
    links = back.server.get(f"{V2}/artifact_tasks?task_ids={failed['task_id']}&type=OUTPUT")
    assert {each["key"] for each in links["artifact_tasks"]} == {"executor-logs"}


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_a_log_does_not_keep_a_step_from_standing_in(back: Back, gone: bool) -> None:
    word = f"word {gone}"
    first = back.play(lineage.lineage, caching=True, count=2, word=word)
    if gone:
        for log in (back.server.home / "store").rglob("executor-logs-*"):
            log.unlink()
    again = back.play(lineage.lineage, caching=True, count=2, word=word)
    assert again.states("make") + again.states("gather") == ["CACHED", "CACHED"]
    resumed = back.server.post(f"/api/v1/runs/{first.run['run_id']}:resume", {"at": ["gather"]})
    assert back.end(resumed["run_id"]).states("make") == ["CACHED"]


def test_one_of_several_says_which(back: Back) -> None:
    played = back.play(lineage.chosen, word="b")
    branches = played.tasks["root.condition-branches-1"]
    [given] = branches["outputs"]["parameters"]
    assert (given["value"], given["type"]) == ("b", "ONE_OF_OUTPUT")
    assert given["producer"] == {"task_name": "condition-3"}
    assert played.tasks["root"]["outputs"]["parameters"][0]["producer"] == {"task_name": "condition-branches-1"}


def test_an_artifact_is_read_in_base64(back: Back, played: Played) -> None:
    found = back.server.get(f"{V2}/runs/{played.run['run_id']}/nodes/make/artifacts/data:read")
    assert base64.b64decode(found["data"]) == b"0123456789"


def test_a_folder_comes_as_one_file(back: Back, played: Played) -> None:
    groups = {each["artifact_key"]: each["artifacts"] for each in played.tasks["root.make"]["outputs"]["artifacts"]}
    [folder] = groups["folder"]
    packed = httpx2.get(f"{back.server.url}/api/v1/artifacts/{folder['artifact_id']}/content")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        names = {name: archive.read(name).decode() for name in archive.namelist()}
    assert names == {name: name for name in ("a.txt", "deep/b <b>.html", "deep/er/é")}


def test_foreign_tasks_do_not_disturb_a_run(back: Back) -> None:
    """A client posts under a run that is carried out, which then ends as it would have, and runs again."""
    run_id = back.submit(lineage.lineage, count=1)
    task = {"name": "make", "type": "RUNTIME", "cache_fingerprint": "f", "state": "RUNNING"}
    posted = back.server.post(f"{V2}/runs/{run_id}/tasks", task)["task_id"]
    number = {"name": "own", "type": "Metric", "number_value": 0.25}
    where = {"run_id": run_id, "task_id": posted, "producer_key": "n"}
    back.server.post(f"{V2}/artifacts", {"artifact": number, **where})
    played = back.end(run_id)
    assert played.output() == "none 0 0"
    [mine] = [each for each in played.run["tasks"] if each["task_id"] == posted]
    assert (mine["state"], mine["scope_path"]) == ("RUNNING", "root.make")
    assert mine["outputs"]["artifacts"][0]["artifacts"][0]["number_value"] == 0.25
    assert back.server.get(f"{V2}/runs?sort_by=metric:own%20desc&page_size=1")["runs"][0]["run_id"] == run_id
