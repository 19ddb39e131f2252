"""`kill -9` while a schedule makes up for what it missed: each tick has its run, once."""

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.crash.test_kill import SCRIPT
from tests.harness import PATIENCE, Server
from tests.ir import pipeline, shell_task

from headrace.controllers.faults import Fault

TICKS = 4


def create(server: Server, proof: Path) -> None:
    """A schedule whose ticks are all over, and which the server may not live to acknowledge."""
    start = datetime.now(UTC) - timedelta(hours=TICKS, minutes=30)
    body = {
        "display_name": "missed",
        "pipeline_spec": pipeline(shell_task("say", 'echo "$KFP_POD_NAME" >> "$0"', file=str(proof))),
        "runtime_config": {"parameters": {}},
        "max_concurrency": 2,
        "mode": "ENABLE",
        "trigger": {
            "periodic_schedule": {
                "interval_second": 3600,
                "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "end_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            }
        },
    }
    try:
        httpx2.post(f"{server.url}/apis/v2beta1/recurringruns", json=body, timeout=60)
    except httpx2.TransportError:
        return


def ended(server: Server) -> list[dict[str, Any]]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        runs: list[dict[str, Any]] = server.get("/apis/v2beta1/runs?sort_by=scheduled_at").get("runs", [])
        if len(runs) >= TICKS and all(run["state"] == "SUCCEEDED" for run in runs):
            return runs
        time.sleep(0.05)
    raise AssertionError(f"{json.dumps(runs)}\n{server.log()}")


@pytest.mark.parametrize("passing", [1, 3])
@pytest.mark.parametrize("fault", [Fault.BEFORE_COMMIT, Fault.AFTER_COMMIT])
def test_killed_while_it_catches_up(tmp_path: Path, fault: Fault, passing: int) -> None:
    proof = tmp_path / "proof"
    doomed = Server(tmp_path / "home", script=SCRIPT, environment={"HEADRACE_TEST_FAULT": f"{fault}:{passing}"}).start()
    create(doomed, proof)
    assert doomed.process is not None
    assert doomed.process.wait(PATIENCE) == -signal.SIGKILL, "the fault was never passed"
    server = Server(tmp_path / "home").start()
    try:
        runs = ended(server)
        assert len(runs) == TICKS
        assert len({run["scheduled_at"] for run in runs}) == TICKS
        assert len(proof.read_text().split()) == TICKS
    finally:
        server.stop()
