"""Time limits of tasks and of runs through the SDK, also across a `kill -9` of the server."""

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.compat.pipelines import limits
from tests.compat.pipelines.play import Back, lines, until
from tests.compat.pipelines.steps import OWN
from tests.harness import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp

STEP = "timed out after 1 s, its time limit (activeDeadlineSeconds)"
RUN = "the run timed out after 4 s, its time limit (activeDeadlineSeconds)"


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    environment = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}}), "HEADRACE_KILL_GRACE": "1"}
    server = Server(tmp_path_factory.mktemp("limits") / "home", ["--slots", "4"], environment=environment)
    try:
        server.start()
        yield Back(server, kfp.Client(host=server.url))
    finally:
        server.stop()


def test_a_step_has_its_time_at_each_try(back: Back, tmp_path: Path) -> None:
    file = tmp_path / "file"
    found = back.play(limits.slow_step, "FAILED", file=str(file), release=str(tmp_path / "release"))
    assert lines(file) == ["held", "held"]
    assert found.states("hold") == ["FAILED"]
    assert found.message("hold") == STEP
    assert (found.states("text"), found.states("text-2")) == (["SKIPPED"], ["SUCCEEDED"])
    (said,) = found.outputs("told")
    assert said.startswith("exit FAILED exit-handler-1 2 task hold failed")
    assert STEP in said


def test_a_run_over_its_time_ends_failed_after_its_exit_tasks(back: Back, tmp_path: Path) -> None:
    file = tmp_path / "file"
    found = back.play(limits.slow_run, "FAILED", file=str(file), release=str(tmp_path / "release"))
    assert found.run["error"]["message"] == RUN
    assert sorted(lines(file)[:2]) == ["a", "beside"]
    assert lines(file)[2:] == ["bye"]
    assert {found.message(name) for name in ("root", "hold-2")} == {RUN}
    assert found.states("text") == ["SUCCEEDED"]
    (said,) = found.outputs("told")
    assert said.startswith("exit FAILED exit-handler-1")
    states = [each["state"] for each in found.run["state_history"]]
    assert states[-2:] == ["CANCELING", "FAILED"]


def test_a_run_in_time_knows_nothing_of_it(back: Back) -> None:
    assert back.play(limits.quick_run).said() == ["quick 'none'"]


def test_a_limit_outlives_the_server(back: Back, tmp_path: Path) -> None:
    file = tmp_path / "file"
    run_id = back.submit(limits.slow_step, file=str(file), release=str(tmp_path / "release"))
    until(lambda: lines(file) != [], "the step runs")
    back.server.kill()
    back.server.start()
    found = back.end(run_id, "FAILED")
    assert found.message("hold") == STEP
    assert lines(file) == ["held", "held"]
