"""`kill -9` at every named moment and at random ones: the run ends as if nothing had happened, no step runs twice.

Each step appends its attempt id to a file that all share, which is the proof.
"""

import contextlib
import fcntl
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.crash import flow
from tests.harness import PATIENCE, Server, tasks_of
from tests.ir import pipeline, shell_task
from tests.stress.kit import children

from headrace.controllers.faults import Fault

SCRIPT = Path(__file__).with_name("server.py")

APPEND = 'echo "$KFP_POD_NAME" >> "$0"; echo ran; sleep 0.05'


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return flow.document()


def chain_and_branches(proof: Path) -> dict[str, Any]:
    """Two chains side by side and a join: launches, waits and ends overlap."""
    tasks = [shell_task("a0", APPEND, file=str(proof)), shell_task("b0", APPEND, file=str(proof))]
    for number in range(1, 4):
        tasks.append(shell_task(f"a{number}", APPEND, after=[f"a{number - 1}"], file=str(proof)))
        tasks.append(shell_task(f"b{number}", APPEND, after=[f"b{number - 1}"], file=str(proof)))
    tasks.append(shell_task("join", APPEND, after=["a3", "b3"], file=str(proof)))
    return pipeline(*tasks)


def check(found: dict[str, Any], proof: Path) -> None:
    """All nine steps ran once, in one attempt each, and the run knows it."""
    assert found["state"] == "SUCCEEDED", found.get("error")
    ran = Counter(proof.read_text().split())
    assert len(ran) == 9
    assert set(ran.values()) == {1}, "a step ran twice"
    tasks = tasks_of(found)
    assert {task["state"] for task in tasks.values()} == {"SUCCEEDED"}
    pods = {pod["name"] for path, task in tasks.items() if path != "root" for pod in task["pods"]}
    assert pods == set(ran)


@pytest.mark.parametrize("tree", [False, True], ids=["server", "server-and-fork-server"])
@pytest.mark.parametrize("passing", [1, 4])
@pytest.mark.parametrize("fault", list(Fault))
def test_killed_at_a_named_moment(tmp_path: Path, fault: Fault, passing: int, tree: bool) -> None:
    proof = tmp_path / "proof"
    environment = {"HEADRACE_TEST_FAULT": f"{fault}:{passing}", "HEADRACE_TEST_FAULT_TREE": "1" if tree else "0"}
    home = tmp_path / "home"
    doomed = Server(home, script=SCRIPT, environment=environment).start()
    run_id = doomed.submit(chain_and_branches(proof))
    assert doomed.process is not None
    assert doomed.process.wait(PATIENCE) == -signal.SIGKILL, "the fault was never passed"
    server = Server(home).start()
    try:
        check(server.wait(run_id), proof)
    finally:
        server.stop()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("fault", list(Fault))
def test_killed_at_a_named_moment_on_a_database_server(tmp_path: Path, url: str, fault: Fault) -> None:
    """The database's session ends in the middle of whatever it did; the server of the same home goes on at once."""
    proof = tmp_path / "proof"
    environment = {"HEADRACE_DATABASE": url}
    doomed = Server(
        tmp_path / "home", script=SCRIPT, environment={**environment, "HEADRACE_TEST_FAULT": f"{fault}:4"}
    ).start()
    run_id = doomed.submit(chain_and_branches(proof))
    assert doomed.process is not None
    assert doomed.process.wait(PATIENCE) == -signal.SIGKILL, "the fault was never passed"
    server = Server(tmp_path / "home", environment=environment).start()
    try:
        check(server.wait(run_id), proof)
    finally:
        server.stop()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_another_server_goes_on_where_one_was_killed(tmp_path: Path, url: str) -> None:
    """The second leaves the first its runs; when the first is gone it plays them to their end, and no end is lost."""
    proof, gate = tmp_path / "proof", tmp_path / "gate"
    os.mkfifo(gate)
    options = ["--lease-seconds", "6"]  # the first is to keep its lease on a busy machine too
    first, second = (Server(tmp_path / name, options, environment={"HEADRACE_DATABASE": url}) for name in "ab")
    first.start()
    second.start()
    try:
        before = shell_task("before", APPEND, file=str(proof))
        waits = shell_task(
            "waits",
            f'{APPEND}; [ "$KFP_POD_NAME" != "$(head -n 2 "$0" | tail -n 1)" ] || cat {gate}',
            after=["before"],
            file=str(proof),
        )
        run_id = first.submit(pipeline(before, waits, shell_task("after", APPEND, after=["waits"], file=str(proof))))
        with gate.open("w"):  # opened when the step reads: it runs, and goes on running
            assert tasks_of(second.run(run_id))["root.before"]["state"] == "SUCCEEDED"
            first.kill()
            found = second.wait(run_id)
            assert found["state"] == "SUCCEEDED", found.get("error")
            ran = proof.read_text().split()
            pods = {path: [pod["name"] for pod in task.get("pods", [])] for path, task in tasks_of(found).items()}
            assert ran == [*pods["root.before"], *pods["root.waits"], *pods["root.after"]]
            assert [len(each) for each in pods.values()] == [0, 1, 2, 1]
            first.start()
            left = tmp_path / "a" / "attempts" / ran[1] / "claim"
            _until_unlocked(left)
        assert first.run(run_id)["state"] == "SUCCEEDED"
    finally:
        first.stop()
        second.stop()


@pytest.mark.parametrize("seed", range(20))
def test_killed_at_a_random_moment(tmp_path: Path, spec: dict[str, Any], seed: int) -> None:
    """Loops, branches, retries and exit tasks come out the same, and nothing ran twice but what failed."""
    rng = random.Random(seed)
    proof = tmp_path / "proof"
    server = Server(tmp_path / "home", ["--slots", "4"], environment=flow.ENVIRONMENT).start()
    try:
        run_id = server.submit(spec, proof=str(proof))
        for _ in range(rng.randint(1, 2)):
            time.sleep(rng.uniform(0, 1.5))
            assert server.process is not None
            if rng.random() < 0.5:
                for child in children(server.process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
            server.kill()
            server.start()
        flow.check(server.wait(run_id), proof)
    finally:
        server.stop()


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    """Twenty runs submitted and the server killed at once: all are known to the next one, and end."""
    server = Server(tmp_path / "home").start()
    spec = pipeline(shell_task("only", "true"))
    accepted = [server.submit(spec, name=f"run {number}") for number in range(20)]
    server.kill()
    server.start()
    try:
        assert {server.wait(run_id)["state"] for run_id in accepted} == {"SUCCEEDED"}
    finally:
        server.stop()


def _until_unlocked(claim: Path) -> None:
    """Wait until the supervisor that holds the claim has ended."""
    with claim.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
