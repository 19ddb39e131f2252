"""A clock that jumps by a day, forth or back, during a run or between two servers: the run ends as it would have."""

import random
import time
from pathlib import Path
from typing import Any

import pytest
from tests.crash import flow
from tests.harness import Server, tasks_of

SCRIPT = Path(__file__).with_name("server.py")

DAY = 86_400


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return flow.document()


@pytest.mark.parametrize("seed", range(4))
def test_the_clock_jumps_while_a_run_goes_on(tmp_path: Path, spec: dict[str, Any], seed: int) -> None:
    proof = tmp_path / "proof"
    environment = {**flow.ENVIRONMENT, "HEADRACE_TEST_JUMPS": str(seed)}
    server = Server(tmp_path / "home", ["--slots", "4"], script=SCRIPT, environment=environment).start()
    try:
        flow.check(server.wait(server.submit(spec, proof=str(proof))), proof)
        assert "the clock is off" in server.log()
    finally:
        server.stop()


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_the_clock_jumps_between_two_servers(tmp_path: Path, spec: dict[str, Any], jump: int) -> None:
    """Pauses before a retry are neither skipped for good nor a day long; what was reached stays reached."""
    rng, proof = random.Random(jump), tmp_path / "proof"
    server = Server(tmp_path / "home", ["--slots", "4"], script=SCRIPT, environment=flow.ENVIRONMENT).start()
    try:
        run_id = server.submit(spec, proof=str(proof))
        for number in range(1, 4):
            time.sleep(rng.uniform(0.2, 0.6))
            server.kill()
            server.environment = {**flow.ENVIRONMENT, "HEADRACE_TEST_CLOCK": str(jump * (number % 2))}
            server.start()
        found = server.wait(run_id)
        flow.check(found, proof)
        assert all(task["state"] in ("SUCCEEDED", "SKIPPED") for task in tasks_of(found).values())
    finally:
        server.stop()


def test_a_run_is_terminated_and_retried_under_a_clock_that_jumps(tmp_path: Path) -> None:
    """Exit tasks are told from what ran before by when they began."""
    proof = tmp_path / "proof"
    environment = {**flow.ENVIRONMENT, "HEADRACE_TEST_JUMPS": "1", "HEADRACE_KILL_GRACE": "0.2"}
    server = Server(tmp_path / "home", ["--slots", "4"], script=SCRIPT, environment=environment).start()
    try:
        run_id = server.submit(flow.waiting(), proof=str(proof))
        while not proof.exists():
            time.sleep(0.01)
        server.post(f"/apis/v2beta1/runs/{run_id}:terminate")
        assert server.wait(run_id)["state"] == "CANCELED"
        assert proof.read_text().split() == ["waits", "goodbye"]
        proof.with_name("go").touch()
        server.post(f"/apis/v2beta1/runs/{run_id}:retry")
        assert server.wait(run_id, {"SUCCEEDED", "FAILED"})["state"] == "SUCCEEDED"
        assert proof.read_text().split() == ["waits", "goodbye", "waits", "goodbye"]
    finally:
        server.stop()
