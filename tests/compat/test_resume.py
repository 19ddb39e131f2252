"""Going on from an ended run of a pipeline of the real SDK: what runs, what does not, and what links the two runs."""

import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.compat.pipelines import resumes
from tests.compat.pipelines.play import Back, Played, lines, until
from tests.compat.pipelines.steps import OWN
from tests.harness import PATIENCE, Server, artifacts_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp

BEFORE = ["inner", "load", "prepared x", "tune 0.1"]
LOOP = ["first a", "first b"]
"""What notes that it ran, before `train`, and after it."""


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    environment = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}}), "HEADRACE_KILL_GRACE": "1"}
    server = Server(tmp_path_factory.mktemp("resume") / "home", ["--slots", "4"], environment=environment)
    try:
        server.start()
        yield Back(server, kfp.Client(host=server.url))
    finally:
        server.stop()


@dataclass
class Trial:
    """A run of the pipeline that has ended, and what its steps noted since it was last asked."""

    back: Back
    file: Path
    repair: Path
    run: Played
    seen: int = 0

    def noted(self) -> list[str]:
        """The steps that ran, sorted; without the run's id, which `load` notes."""
        new = lines(self.file)[self.seen :]
        self.seen += len(new)
        return sorted("load" if line.startswith("load ") else line for line in new)

    def ask(self, at: list[str], **parameters: Any) -> httpx2.Response:
        body = {"at": at, "parameters": parameters}
        url = f"{self.back.server.url}/api/v1/runs/{self.run.run['run_id']}:resume"
        return httpx2.post(url, json=body, timeout=PATIENCE)

    def resume(self, *at: str, **parameters: Any) -> Played:
        run_id = self.ask(list(at), **parameters).raise_for_status().json()["run_id"]
        return self.back.end(run_id)


@pytest.fixture
def failed(back: Back, tmp_path: Path) -> Trial:
    """Its step `train` failed, the repair is done."""
    file, repair = tmp_path / "file", tmp_path / "repair"
    run = back.play(resumes.training, "FAILED", file=str(file), repair=str(repair))
    trial = Trial(back, file, repair, run)
    assert trial.noted() == sorted([*BEFORE, "train"])
    repair.touch()
    return trial


def test_a_failed_run_goes_on_at_the_step_that_failed(failed: Trial) -> None:
    found = failed.resume("needs")
    assert failed.noted() == [*LOOP, "train"]
    assert Counter(each["state"] for each in found.tasks.values() if each["type"] == "RUNTIME") == Counter(
        CACHED=5, SUCCEEDED=9
    )
    (written,) = artifacts_of(found.named("write")[0])["data"]
    assert written == artifacts_of(failed.run.named("write")[0])["data"][0]
    earlier = failed.run.run["run_id"]
    entries = found.run["plugins_output"]["headrace"]["entries"]
    assert entries["resumed_from"] == {"value": earlier}
    assert entries["resumed_at"] == {"value": ["root.exit-handler-1.needs"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = failed.back.client.get_run(found.run["run_id"])
    assert seen.plugins_output["headrace"].entries["resumed_from"].value == earlier
    path = "exit-handler-1.write"
    said = failed.back.server.get(f"/api/v1/runs/{found.run['run_id']}/tasks/{path}/why")
    assert said["headline"] == f"it was not run: its outputs were taken from run {earlier}"


def test_a_parameter_that_changes_runs_what_it_reaches(failed: Trial) -> None:
    found = failed.resume("needs", rate="0.2")
    assert failed.noted() == [*LOOP, "train", "tune 0.2"]
    assert found.run["runtime_config"]["parameters"]["rate"] == "0.2"
    failed.run = found
    again = failed.resume("many")
    assert failed.noted() == []
    assert (again.states("many"), again.outputs("many")) == (["SUCCEEDED"], found.outputs("many"))


def test_in_a_sub_pipeline_and_in_loops(failed: Trial) -> None:
    failed.run = failed.resume("needs")
    failed.noted()
    failed.resume("exit-handler-1.prepared.note-2")
    assert failed.noted() == [*LOOP, "inner", "train"]
    failed.resume("for-loop-3.1.note-3")
    assert failed.noted() == ["first b"]
    failed.resume("for-loop-3.note-3")
    assert failed.noted() == LOOP
    failed.resume("for-loop-3.0", "for-loop-3.1.text-2")
    assert failed.noted() == ["first a"]
    beyond = failed.ask(["for-loop-3.7.note-3"])
    assert (beyond.status_code, "2 iterations" in beyond.json()["message"]) == (404, True)


def test_what_cannot_be(failed: Trial) -> None:
    unknown = failed.ask(["nobody"])
    assert unknown.status_code == 404
    assert "exit-handler-1.needs" in unknown.json()["message"]
    several = failed.ask(["note"])
    assert (several.status_code, "tasks have that name" in several.json()["message"]) == (400, True)
    assert failed.ask([]).status_code == 400
    assert failed.ask(["needs"], speed="1").status_code == 400
    wrong = failed.ask(["needs"], rate=3)
    assert (wrong.status_code, "rate" in wrong.json()["message"]) == (400, True)
    (made,) = artifacts_of(failed.run.named("write")[0])["data"]
    (failed.back.server.home / "store" / made["uri"].removeprefix("minio://")).unlink()
    lost = failed.ask(["needs"])
    assert lost.status_code == 400
    assert "data of exit-handler-1.write" in lost.json()["message"]
    failed.resume("needs", "write")
    assert failed.noted() == [*LOOP, "train"]


def test_a_run_that_has_not_ended_is_refused(back: Back, tmp_path: Path) -> None:
    file, release = tmp_path / "file", tmp_path / "release"
    run_id = back.submit(resumes.waiting, file=str(file), release=str(release))
    until(lambda: lines(file) != [], "the step runs")
    refused = httpx2.post(f"{back.server.url}/api/v1/runs/{run_id}:resume", json={"at": ["hold"]}, timeout=PATIENCE)
    assert (refused.status_code, "only a run that has ended" in refused.json()["message"]) == (409, True)
    release.touch()
    back.end(run_id)
