"""Artifacts are read-only once they are published: for those who read them, and not for those who clean up."""

import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import httpx2
from tests.harness import Server, artifacts_of, tasks_of
from tests.ir import pipeline, shell_task
from tests.stress.conftest import Start
from tests.stress.kit import compiled, message

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import ContainerSpec, Dataset, Input, Output


def shell(script: str, *arguments: Any) -> Any:
    return ContainerSpec(image="alpine", command=["sh", "-ec", script], args=list(arguments))


@dsl.container_component
def make(data: Output[Dataset]):
    return shell('mkdir -p "$0/deep/er"; echo one > "$0/deep/file"; echo two > "$0/deep/er/file"', data.path)


@dsl.container_component
def read(data: Input[Dataset]):
    return shell('cat "$0/deep/file"', data.path)


@dsl.container_component
def spoil(data: Input[Dataset]):
    return shell('chmod u+w "$0/deep/file"; echo changed >> "$0/deep/file"', data.path)


@dsl.container_component
def add(data: Input[Dataset]):
    return shell('chmod u+w "$0/deep"; echo new > "$0/deep/new"', data.path)


@dsl.container_component
def touch(data: Input[Dataset]):
    return shell('chmod -R u+w "$0"; touch "$0/deep/file"; chmod -R a-w "$0"', data.path)


@dsl.container_component
def swap(data: Input[Dataset]):
    return shell('chmod -R u+w "$0"; rm -r "$0"', data.path)


@dsl.pipeline(name="inputs")
def inputs() -> None:
    for consumer in (read, spoil, add, touch, swap):
        consumer(data=make().set_caching_options(False).output)


def test_a_step_that_changes_its_input_fails(server: Server) -> None:
    tasks = tasks_of(server.wait(server.submit(compiled(inputs))))
    assert tasks["root.read"]["state"] == tasks["root.touch"]["state"] == "SUCCEEDED"
    for name in ("spoil", "add", "swap"):
        assert tasks[f"root.{name}"]["state"] == "FAILED", name
        assert "input artifact data" in message(tasks[f"root.{name}"])
    assert "changed its input" in message(tasks["root.spoil"])


@dsl.pipeline(name="one")
def one() -> None:
    make()


def writable(folder: Path) -> list[Path]:
    return [each for each in (folder, *folder.rglob("*")) if stat.S_IMODE(each.lstat().st_mode) & 0o222]


def test_published_artifacts_are_read_only(server: Server) -> None:
    tasks = tasks_of(server.wait(server.submit(compiled(one))))
    (made,) = artifacts_of(tasks["root.make"])["data"]
    assert writable(server.home / "store" / made["uri"].removeprefix("minio://")) == []


def test_folders_that_a_step_made_read_only_can_be_collected(start: Start) -> None:
    server = start()
    run_id = server.submit(
        pipeline(shell_task("step", "mkdir -p kept/deep; echo x > kept/deep/file; chmod -R a-w kept"))
    )
    found = server.wait(run_id)
    assert found["state"] == "SUCCEEDED"
    (folder,) = (server.home / "attempts").iterdir()
    assert writable(folder / "kept") == []
    assert httpx2.delete(f"{server.url}/apis/v2beta1/runs/{run_id}", timeout=30).is_success
    command = [sys.executable, "-m", "headrace", "gc", "--home", str(server.home)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stderr
    assert not folder.exists()
