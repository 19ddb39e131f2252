"""What the tests of control flow share: starting pipelines with the SDK, and looking at what came of them."""

import json
import re
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from tests.harness import PATIENCE, Server, parameters_of, tasks_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kfp
    from google.protobuf import json_format

GOOD = {"SUCCEEDED", "CACHED"}
"""How a step ends well. `enable_caching=False` of the SDK's client is for the outermost tasks only."""


@dataclass(frozen=True)
class Back:
    """A server, and the SDK's client of it."""

    server: Server
    client: kfp.Client

    def submit(self, pipeline: Any, *, caching: bool = False, **arguments: Any) -> str:
        """Compile and start the pipeline with the SDK; the run's id."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = self.client.create_run_from_pipeline_func(pipeline, arguments=arguments, enable_caching=caching)
        found: str = run.run_id
        return found

    def play(self, pipeline: Any, expected: str = "SUCCEEDED", *, caching: bool = False, **arguments: Any) -> "Played":
        return self.end(self.submit(pipeline, caching=caching, **arguments), expected)

    def end(self, run_id: str, expected: str = "SUCCEEDED") -> "Played":
        run = self.server.wait(run_id)
        found = Played(run, tasks_of(run))
        assert run["state"] == expected, found.messages()
        return found

    def retry(self, run_id: str) -> None:
        self.server.post(f"/apis/v2beta1/runs/{run_id}:retry")

    def log(self, run_id: str, task: str, attempt: int) -> str:
        """What that attempt of the task printed."""
        address = f"{self.server.url}/api/v1/runs/{run_id}/tasks/{task}/log?attempt={attempt}"
        return httpx2.get(address, timeout=PATIENCE).raise_for_status().text

    def terminate(self, run_id: str) -> None:
        self.client.terminate_run(run_id)


@dataclass(frozen=True)
class Played:
    """A run that has ended, and its tasks by path."""

    run: dict[str, Any]
    tasks: dict[str, dict[str, Any]]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The tasks of that name in their order, iterations by number."""
        found = [path for path in self.tasks if path.rpartition(".")[2] == name]
        return [self.tasks[path] for path in sorted(found, key=_by_number)]

    def outputs(self, name: str) -> list[Any]:
        return [parameters_of(each)["Output"] for each in self.named(name) if each["state"] != "SKIPPED"]

    def said(self) -> list[str]:
        """What the labelled steps gave, sorted."""
        steps = {"text", "whole", "number", "truth", "table", "many", "read", "read-all", "told"}
        found = [path for path in self.tasks if re.sub(r"-\d+$", "", path.rpartition(".")[2]) in steps]
        ran = [self.tasks[path] for path in sorted(found, key=_by_number) if self.tasks[path]["state"] in GOOD]
        return [parameters_of(each)["Output"] for each in ran]

    def displayed(self, name: str) -> dict[str, Any]:
        """The task that a person sees under that name."""
        (task,) = [each for each in self.tasks.values() if each["display_name"] == name]
        return task

    def states(self, name: str) -> list[str]:
        return [each["state"] for each in self.named(name)]

    def message(self, name: str) -> str:
        (task,) = self.named(name)
        return message(task)

    def messages(self) -> str:
        told = {path: (each["state"], each.get("status_metadata")) for path, each in self.tasks.items()}
        return json.dumps(told, indent=1)

    def output(self, key: str = "Output") -> Any:
        return parameters_of(self.tasks["root"])[key]


def message(task: dict[str, Any]) -> str:
    """Why the task is in its state."""
    found: str = task.get("status_metadata", {}).get("message", "")
    return found


def _by_number(path: str) -> list[tuple[bool, int, str]]:
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in path.split(".")]


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that steps do."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


def compiled(pipeline: Any) -> dict[str, Any]:
    """The document that the SDK makes of the pipeline."""
    found: dict[str, Any] = json_format.MessageToDict(pipeline.pipeline_spec)
    return found


def content(back: Back, artifact: dict[str, Any]) -> str:
    """The bytes that the artifact's uri names in the embedded store."""
    return (back.server.home / "store" / artifact["uri"].removeprefix("minio://")).read_text()
