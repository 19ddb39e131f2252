"""`kill -9` while retention lets runs go: what was begun is finished by the next server, and nothing else goes."""

import signal
from pathlib import Path

import httpx2
import pytest
from tests.crash.test_kill import SCRIPT
from tests.harness import PATIENCE, Server
from tests.ir import pipeline, shell_task

from headrace.controllers.faults import Fault

KEEP = {"HEADRACE_PUBLISH_LOGS": "true", "HEADRACE_RETENTION_RUNS": "0s"}
ROUTE = "/api/v1/retention:run"
RUNS = 3


@pytest.mark.parametrize("fault", [Fault.AFTER_COMMIT, Fault.BEFORE_COMMIT], ids=["rows-gone", "bytes-gone"])
def test_killed_while_runs_go(tmp_path: Path, fault: Fault) -> None:
    home = tmp_path / "home"
    first = Server(home, environment=KEEP).start()
    try:
        spec = pipeline(shell_task("say", "echo something"))
        runs = [first.submit(spec, f"run {number}") for number in range(RUNS)]
        for each in runs:
            assert first.wait(each)["state"] == "SUCCEEDED"
        pinned = runs.pop()
        first.post(f"/api/v1/runs/{pinned}:pin")
        would = first.post(ROUTE, {"dry_run": True})
        assert (would["runs"], would["logs"], would["artifacts"]) == (RUNS - 1, RUNS - 1, RUNS - 1)
        assert would["artifact_bytes"] == (RUNS - 1) * len("something\n")
    finally:
        first.stop()
    doomed = Server(home, script=SCRIPT, environment={**KEEP, "HEADRACE_TEST_FAULT": f"{fault}:1"}).start()
    with pytest.raises(httpx2.TransportError):
        httpx2.post(doomed.url + ROUTE, json={}, timeout=60)
    assert doomed.process is not None
    assert doomed.process.wait(PATIENCE) == -signal.SIGKILL, "the fault was never passed"
    last = Server(home, environment=KEEP).start()
    try:
        assert last.post(ROUTE)["artifacts"] == RUNS - 1
        assert last.post(ROUTE) == {**dict.fromkeys(would, 0), "dry_run": False, "would": None}
        assert [each["run_id"] for each in last.get("/apis/v2beta1/runs")["runs"]] == [pinned]
        (log,) = (home / "store").rglob("executor-logs-*")
        assert pinned in str(log)
        assert len(list((home / "attempts").iterdir())) == 1
    finally:
        last.stop()
