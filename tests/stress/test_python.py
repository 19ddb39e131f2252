"""The components of `zoo` run side by side in one pipeline, warm and cold; each is judged on its own."""

import stat
import warnings
from pathlib import Path
from typing import Any

import pytest
from tests.harness import Server, artifacts_of, parameters_of, tasks_of
from tests.stress.kit import alive, compiled, lines, log, message, pids, until
from tests.stress.zoo import ALL, never_ends

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

WELL: dict[str, Any] = {
    "breaks-the-interpreter": "fine",
    "closes-every-file": "fine",
    "forks-and-returns-twice": 7,
    "goes-elsewhere": "fine",
    "ignores-signals": "fine",
    "leaves-a-daemon-thread": "fine",
    "prints-garbage": "fine",
    "removes-its-folder": "fine",
    "returns-much": "x" * 5_000_000,
    "spawns": 3,
}
"""Steps that succeed, and their output."""

BADLY = {
    "closes-stdout": "exit code 1",
    "exits-well": "output parameter Output",
    "exits-with-text": "exit code 1: there is no such column: price",
    "interrupts-itself": "KeyboardInterrupt",
    "leaves-at-once": "exit code 3: last words",
    "raises-the-base": "BaseException: not even an Exception",
    "raises-unprintable": "Odd: <exception str() failed>",
    "recurses": "RecursionError: maximum recursion depth exceeded",
    "returns-a-surrogate": "surrogate",
    "returns-not-a-number": "nan is not a JSON number",
    "returns-nothing": "output parameter Output",
    "returns-the-wrong-type": "want type <class 'int'>",
    "writes-a-pipe": "is a pipe",
}
"""Steps that fail, and what the message has to say."""


@dsl.pipeline(name="zoo")
def warm() -> None:
    for step in ALL:
        step()


@dsl.pipeline(name="zoo")
def cold() -> None:
    """In interpreters of their own: the variable is read at their start."""
    for step in ALL:
        step().set_env_variable("PYTHONHASHSEED", "0")


@pytest.fixture(scope="module", params=[warm, cold], ids=["warm", "cold"])
def run(server: Server, request: pytest.FixtureRequest) -> dict[str, Any]:
    return server.wait(server.submit(compiled(request.param)))


@pytest.fixture
def tasks(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By their names."""
    return {path.removeprefix("root."): task for path, task in tasks_of(run).items()}


@pytest.mark.parametrize("name", WELL)
def test_what_ends_well(tasks: dict[str, dict[str, Any]], name: str) -> None:
    assert tasks[name]["state"] == "SUCCEEDED", message(tasks[name])
    assert parameters_of(tasks[name])["Output"] == WELL[name]


@pytest.mark.parametrize("name", BADLY)
def test_what_ends_badly_says_why(tasks: dict[str, dict[str, Any]], name: str) -> None:
    assert tasks[name]["state"] == "FAILED"
    assert BADLY[name] in message(tasks[name])
    assert not message(tasks[name]).endswith("}")


def test_what_was_printed_is_in_the_log_byte_for_byte(server: Server, run: dict[str, Any]) -> None:
    assert bytes(range(256)) * 100 in log(server, run["run_id"], "prints-garbage")


def test_a_process_that_was_left_ends(tasks: dict[str, dict[str, Any]]) -> None:
    assert not alive(parameters_of(tasks["leaves-a-process"])["Output"])


def test_an_output_file_of_five_megabytes(tasks: dict[str, dict[str, Any]]) -> None:
    assert parameters_of(tasks["writes-much"])["out"] == "\u00e9\n" * 2_500_000


def test_an_artifact_that_was_not_written_has_its_metadata(tasks: dict[str, dict[str, Any]]) -> None:
    (made,) = artifacts_of(tasks["writes-no-artifact"])["data"]
    assert made["metadata"] == {"rows": 0}


def test_odd_metadata_is_kept(tasks: dict[str, dict[str, Any]]) -> None:
    (made,) = artifacts_of(tasks["writes-odd-metadata"])["data"]
    assert made["metadata"] == {"deep": [[[{}]]], "": "empty", "\u00e9\n": None, "large": 2**70}


def test_a_folder_is_kept_with_its_links_and_nothing_outside_is_touched(
    server: Server, tasks: dict[str, dict[str, Any]]
) -> None:
    (made,) = artifacts_of(tasks["writes-a-folder"])["data"]
    folder = server.home / "store" / made["uri"].removeprefix("minio://")
    names = {str(each.relative_to(folder)) for each in folder.rglob("*")}
    assert names == {"part#1", "part#1/empty", "part#1/caf\u00e9 \U0001f600", "inside", "outside", "dangling", "loop"}
    assert not stat.S_IMODE((folder / "part#1").stat().st_mode) & 0o222
    assert (folder / "outside").readlink() == Path("/etc/passwd")
    assert stat.S_IMODE(Path("/etc/passwd").stat().st_mode) & 0o200
    (link,) = artifacts_of(tasks["writes-a-link"])["data"]
    assert (server.home / "store" / link["uri"].removeprefix("minio://")).is_symlink()


@dsl.pipeline(name="forever")
def forever(file: str) -> None:
    never_ends(file=file)


def test_a_thread_that_never_ends_holds_its_step_until_it_is_killed(server: Server, tmp_path: Path) -> None:
    """As it holds any Python; the step has returned, but has not ended."""
    file = tmp_path / "pid"
    run_id = server.submit(compiled(forever), file=str(file))
    until(lambda: bool(lines(file)), "the thread starts", server)
    assert server.run(run_id)["state"] == "RUNNING"
    server.post(f"/apis/v2beta1/runs/{run_id}:terminate")
    assert server.wait(run_id)["state"] == "CANCELED"
    assert not alive(pids(file)[0])
