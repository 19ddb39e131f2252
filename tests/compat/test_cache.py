"""Caching as users of the SDK meet it: what is equal is executed once, at the same time too, and keys of their own."""

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.compat.pipelines import cached
from tests.compat.pipelines.play import Back, lines, until
from tests.compat.pipelines.steps import OWN
from tests.harness import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Back]:
    server = Server(
        tmp_path_factory.mktemp("cache") / "home",
        ["--slots", "4"],
        environment={"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}}), "HEADRACE_KILL_GRACE": "1"},
    )
    try:
        server.start()
        yield Back(server, kfp.Client(host=server.url))
    finally:
        server.stop()


def why(back: Back, run_id: str, task: str) -> str:
    said = back.server.get(f"/api/v1/runs/{run_id}/tasks/{task}/why")
    return " ".join([said["headline"], *(each["text"] for each in said["details"])])


def test_equal_steps_of_two_runs_at_once_are_executed_once(back: Back, tmp_path: Path) -> None:
    file, go = tmp_path / "notes", tmp_path / "go"
    runs = [back.submit(cached.fan, caching=True, file=str(file), wait_for=str(go)) for _ in range(2)]
    until(lambda: lines(file) == ["ran"], "the first step runs")
    until(lambda: all("note-2" in why(back, run_id, "root") for run_id in runs), "both runs have got there")
    go.touch()
    for run_id in runs:
        found = back.end(run_id)
        states = found.states("note") + found.states("note-2")
        assert states.count("SUCCEEDED") + states.count("CACHED") == 21
    assert lines(file) == ["ran"]


def test_the_executed_step_was_terminated_and_another_run_executes_its_own(back: Back, tmp_path: Path) -> None:
    file, go = tmp_path / "notes", tmp_path / "go"
    first = back.submit(cached.fan, caching=True, file=str(file), wait_for=str(go))
    until(lambda: lines(file) == ["ran"], "the first step runs")
    second = back.submit(cached.fan, caching=True, file=str(file), wait_for=str(go))
    until(lambda: f"of run {first}: RUNNING" in why(back, second, "root.note-2"), "the second run waits")
    back.terminate(first)
    back.end(first, "CANCELED")
    until(lambda: lines(file) == ["ran", "ran"], "the second run executes it")
    go.touch()
    back.end(second)
    assert lines(file) == ["ran", "ran"]


def test_a_key_of_the_users_own_stands_for_all_else(back: Back, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    assert back.play(cached.own_key, caching=True, file=str(file), word="one").output() == "one"
    again = back.play(cached.own_key, caching=True, file=str(file), word="another")
    assert (again.output(), again.states("note")) == ("one", ["CACHED"])
    assert lines(file) == ["one"]


def test_steps_of_another_environment_are_not_equal(back: Back, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    back.play(cached.variable, caching=True, file=str(file))
    assert lines(file) == ["x", "x"]
    again = back.play(cached.variable, caching=True, file=str(file))
    assert again.states("note") + again.states("note-2") == ["CACHED", "CACHED"]
