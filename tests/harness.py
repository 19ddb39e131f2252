"""A real server in a process of its own, for tests that talk to it as a user would: over HTTP, and with `kill -9`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

ENDED = {"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"}
PATIENCE = 300.0
"""Seconds after which a test gives up on a server: a guard against hanging, not a budget."""

HTTP = httpx2.Client(verify=False, timeout=PATIENCE, limits=httpx2.Limits(max_keepalive_connections=0))
"""Asks each time anew, as `httpx2.get` does, which reads all certificates of the machine each time."""


@dataclass
class Server:
    """`headrace up` in `home`; `script` replaces the command for servers that are built to crash.

    `under` is a command that becomes it.
    """

    home: Path
    options: Sequence[str] = ()
    script: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    under: Sequence[str] = ()
    process: "subprocess.Popen[bytes] | None" = None
    url: str = ""

    def start(self) -> "Server":
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(self.script)] if self.script else [sys.executable, "-m", "headrace", "up"]
        (self.home / "server.json").unlink(missing_ok=True)
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.under, *command, "--home", str(self.home), "--port", "0", *self.options],
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        self.url = self._record()["url"]
        return self

    def _record(self) -> dict[str, Any]:
        assert self.process is not None
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                found: dict[str, Any] = json.loads((self.home / "server.json").read_text())
            except (FileNotFoundError, ValueError):
                if self.process.poll() is not None:
                    raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}") from None
                time.sleep(0.01)
            else:
                return found
        raise AssertionError(f"the server did not come up:\n{self.log()}")

    def log(self) -> str:
        return (self.home / "server.log").read_text(errors="replace")[-5_000:]

    def kill(self) -> None:
        """As the kernel would: no goodbye."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """As a person would."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def get(self, path: str) -> Any:
        return self._asked(HTTP.get(self.url + path))

    def post(self, path: str, body: object = None) -> Any:
        return self._asked(HTTP.post(self.url + path, json=body if body is not None else {}))

    def _asked(self, answer: httpx2.Response) -> Any:
        assert answer.is_success, f"{answer.status_code}: {answer.text}"
        return answer.json()

    def submit(self, spec: dict[str, Any], name: str = "run", **parameters: object) -> str:
        """Start a run of a compiled pipeline; its id."""
        body = {"display_name": name, "pipeline_spec": spec, "runtime_config": {"parameters": parameters}}
        run_id: str = self.post("/apis/v2beta1/runs", body)["run_id"]
        return run_id

    def run(self, run_id: str) -> dict[str, Any]:
        """The run with its tasks."""
        found: dict[str, Any] = self.get(f"/apis/v2beta1/runs/{run_id}?view=FULL")
        return found

    def wait(self, run_id: str, states: set[str] = ENDED) -> dict[str, Any]:
        """The run once it is in one of `states`."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = self.get(f"/apis/v2beta1/runs/{run_id}")
            if found["state"] in states:
                return self.run(run_id)
            time.sleep(0.02)
        raise AssertionError(
            f"the run is still {found['state']}: {json.dumps(self.run(run_id), indent=1)[-3_000:]}\n{self.log()}"
        )


def tasks_of(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The run's tasks by their path (`scope_path`)."""
    return {task["scope_path"]: task for task in run.get("tasks", [])}


def parameters_of(task: dict[str, Any], group: str = "outputs") -> dict[str, Any]:
    """A task's parameters by name."""
    found = task.get(group, {}).get("parameters", [])
    return {each["parameter_key"]: each.get("value") for each in found}


def artifacts_of(task: dict[str, Any], group: str = "outputs") -> dict[str, list[dict[str, Any]]]:
    """A task's artifacts by key."""
    found = task.get(group, {}).get("artifacts", [])
    return {each["artifact_key"]: each.get("artifacts", []) for each in found}
