"""What the tests of this folder share: compiling with the real SDK, and looking at files and processes from outside."""

import contextlib
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import yaml
from tests.harness import PATIENCE, Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import compiler

OWN = "own-environment"
"""An image that stands for the environment that runs the tests, which has the SDK."""


def compiled(pipeline: Any) -> dict[str, Any]:
    """The PipelineSpec that the SDK's compiler makes."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(pipeline, str(file))
        found: dict[str, Any] = next(yaml.load_all(file.read_text(), yaml.CSafeLoader))
        return found


def until(true: Callable[[], bool], what: str, server: Server | None = None) -> None:
    """Wait for something that no one announces."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}\n{server.log() if server else ''}")
        time.sleep(0.01)


def lines(file: Path) -> list[str]:
    """The whole lines of a file that others append to."""
    return file.read_text().splitlines() if file.exists() else []


def pids(file: Path) -> list[int]:
    return [int(line) for line in lines(file)]


def alive(pid: int) -> bool:
    """The process is there, and is not only waiting for its parent to take note of its end."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children(pid: int) -> list[int]:
    """Its own; a thread that ends between two looks has none."""
    found: list[int] = []
    for each in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, each.read_text().split())
    return found


def peak(pid: int) -> int:
    """The most bytes of memory that the process ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no memory")


def message(task: dict[str, Any]) -> str:
    """Why the task is in the state that it is in."""
    found: str = task.get("status_metadata", {}).get("message", "")
    return found


def log(server: Server, run_id: str, task: str, *, follow: bool = False) -> bytes:
    """What the task has printed; with `follow`, once it has ended."""
    address = f"{server.url}/api/v1/runs/{run_id}/tasks/{task}/log?follow={str(follow).lower()}"
    answer = httpx2.get(address, timeout=PATIENCE)
    assert answer.is_success, answer.text
    return answer.content
