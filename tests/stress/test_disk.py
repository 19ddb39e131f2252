"""Disks that are full: of the artifacts, of the attempts, of the database. What fails says so, nothing else fails."""

import errno
import warnings
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.crash import flow
from tests.harness import Server, artifacts_of, tasks_of
from tests.ir import pipeline, shell_task
from tests.stress.conftest import Disk, Start
from tests.stress.kit import OWN, compiled, lines, message, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset, Output

FULL = "No space left on device"
LITTLE = 8
"""Megabytes of a small disk."""


@dsl.component(base_image=OWN, install_kfp_package=False)
def fill(data: Output[Dataset], megabytes: int) -> None:
    with open(data.path, "wb") as file:  # noqa: PTH123
        for _ in range(megabytes):
            file.write(bytes(1 << 20))


@dsl.component(base_image=OWN, install_kfp_package=False)
def fill_elsewhere(data: Output[Dataset], megabytes: int, folder: str) -> None:
    data.custom_path = f"{folder}/data"
    with open(data.custom_path, "wb") as file:  # noqa: PTH123
        for _ in range(megabytes):
            file.write(bytes(1 << 20))


@dsl.pipeline(name="fill")
def filling(megabytes: int) -> None:
    fill(megabytes=megabytes)


@dsl.pipeline(name="fill-elsewhere")
def filling_elsewhere(megabytes: int, folder: str) -> None:
    fill_elsewhere(megabytes=megabytes, folder=folder)


def only(found: dict[str, Any]) -> dict[str, Any]:
    (task,) = [task for path, task in tasks_of(found).items() if path != "root"]
    return task


def stuff(folder: Path) -> Path:
    """Fill the disk of the folder to the last byte; the file to remove again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2
    return filler


def test_an_artifact_that_does_not_fit(start: Start, disk: Disk, tmp_path: Path) -> None:
    home = tmp_path / "home"
    disk(home / "store", LITTLE)
    server = start(home=home)
    found = server.wait(server.submit(compiled(filling), megabytes=2 * LITTLE))
    assert found["state"] == "FAILED"
    assert FULL in message(only(found))
    assert FULL in found["error"]["message"]
    assert list((home / "store").rglob("data")) == [], "what it left keeps nobody else waiting"
    assert server.wait(server.submit(compiled(filling), megabytes=LITTLE // 2))["state"] == "SUCCEEDED"


def tries(server: Server, run_id: str) -> int:
    """How often the one step was tried; it may not be reached yet."""
    return sum(len(task.get("pods", [])) for path, task in tasks_of(server.run(run_id)).items() if path != "root")


def says_full(server: Server, run_id: str) -> bool:
    return any(FULL in message(task) for task in tasks_of(server.run(run_id)).values())


def test_an_artifact_that_the_server_has_no_room_for_waits_for_room(start: Start, disk: Disk, tmp_path: Path) -> None:
    """The step ended well, and what it made is to be copied into the store: no fault of the step's."""
    home = tmp_path / "home"
    disk(home / "store", LITTLE)
    server = start(home=home)
    (home / "store" / "mlpipeline").mkdir()
    spec = compiled(filling_elsewhere)
    filler = home / "store" / "filler"
    filler.write_bytes(bytes(LITTLE - 2 << 20))
    run_id = server.submit(spec, megabytes=LITTLE // 2, folder=str(tmp_path))
    until(lambda: says_full(server, run_id), "the disk is full", server)
    assert list((home / "store").rglob("data")) == [], "half of it keeps the disk full"
    filler.unlink()
    found = server.wait(run_id)
    assert found["state"] == "SUCCEEDED"
    (made,) = artifacts_of(only(found))["data"]
    assert (home / "store" / made["uri"].removeprefix("minio://")).stat().st_size == LITTLE // 2 << 20


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_step_that_finds_a_disk_full_says_so(server: Server) -> None:
    """Needs no right to mount; the disk is not one of ours."""
    found = server.wait(server.submit(pipeline(shell_task("step", "echo something | cat > /dev/full"))))
    assert found["state"] == "FAILED"
    assert FULL in message(only(found))


def test_a_step_that_cannot_be_started_waits_for_room(start: Start, disk: Disk, tmp_path: Path) -> None:
    home, proof = tmp_path / "home", tmp_path / "proof"
    disk(home / "attempts", LITTLE)
    server = start(home=home)
    filler = stuff(home / "attempts")
    run_id = server.submit(pipeline(shell_task("step", 'echo ran >> "$0"', file=str(proof))))
    until(lambda: tries(server, run_id) > 1, "it is tried again", server)
    assert lines(proof) == []
    filler.unlink()
    assert server.wait(run_id)["state"] == "SUCCEEDED"
    assert lines(proof) == ["ran"]


def test_a_log_that_does_not_fit(start: Start, disk: Disk, tmp_path: Path) -> None:
    """The reason cannot be in the log, so it has to be said without it."""
    home = tmp_path / "home"
    disk(home / "attempts", LITTLE)
    server = start(home=home)
    script = f"head -c {2 * LITTLE << 20} /dev/zero | tr '\\0' x"
    found = server.wait(server.submit(pipeline(shell_task("step", script))))
    assert found["state"] == "FAILED"
    assert "disk" in message(only(found))
    assert "full" in message(only(found))


def test_the_databases_disk_is_full_for_a_moment(start: Start, disk: Disk, tmp_path: Path) -> None:
    """What was accepted ends well and ran once; what was refused never was."""
    home, elsewhere, proof = tmp_path / "home", tmp_path / "elsewhere", tmp_path / "proof"
    disk(home, LITTLE)
    for name in ("attempts", "store"):  # these have room: only the database is to be in trouble
        (elsewhere / name).mkdir(parents=True)
        (home / name).symlink_to(elsewhere / name)
    server = start("--slots", "4", home=home)
    append = 'echo "$KFP_POD_NAME" >> "$0"'
    hold = f'{append}; until [ -e "$0.go" ]; do sleep 0.02; done'
    tasks = [shell_task("first", hold, file=str(proof)), shell_task("next", append, after=["first"], file=str(proof))]
    accepted = [server.submit(pipeline(*tasks))]
    until(lambda: len(lines(proof)) == 1, "the first step starts", server)
    filler = stuff(home)
    answer = None
    while answer is None or answer.is_success:
        body = {"display_name": "more", "pipeline_spec": pipeline(shell_task("step", append, file=str(proof)))}
        answer = httpx2.post(f"{server.url}/apis/v2beta1/runs", json=body, timeout=30)
        if answer.is_success:
            accepted.append(answer.json()["run_id"])
    assert answer.status_code == 503
    assert "full" in answer.json()["message"]
    first = lines(proof)[0]
    Path(f"{proof}.go").touch()
    until((elsewhere / "attempts" / first / "exit").exists, "the first step ends", server)
    assert server.get(f"/apis/v2beta1/runs/{accepted[0]}")["run_id"] == accepted[0]
    filler.unlink()
    assert {server.wait(run_id)["state"] for run_id in accepted} == {"SUCCEEDED"}
    assert len(lines(proof)) == len(set(lines(proof))) == len(accepted) + 1
    listed = server.get("/apis/v2beta1/runs?page_size=200")["runs"]
    assert {run["run_id"] for run in listed} == set(accepted)


def test_the_whole_disk_is_full_while_a_run_goes_on(start: Start, disk: Disk, tmp_path: Path) -> None:
    """Steps that find it full are tried again by us; the one retry that the flaky step has is still there for it."""
    home, proof = tmp_path / "home", tmp_path / "proof"
    disk(home, 2 * LITTLE)
    server = start("--slots", "4", home=home)
    run_id = server.submit(flow.document(), proof=str(proof))
    until(lambda: len(lines(proof)) >= 2, "the first steps run", server)
    filler = stuff(home)
    until(lambda: "is full" in server.log(), "somebody finds it full", server)
    claimed = [each.parent for each in (home / "attempts").glob("*/claim") if each.stat().st_size]
    until(lambda: all((each / "exit").exists() for each in claimed), "what runs has ended", server)
    filler.unlink()
    found = server.wait(run_id)
    flow.check(found, proof, once=False)
    flaky = next(task for path, task in tasks_of(found).items() if path.endswith(".flaky"))
    assert len(flaky["pods"]) >= 2


def test_a_step_that_found_the_disk_full_is_not_to_blame(start: Start, disk: Disk, tmp_path: Path) -> None:
    """It has no retries of its own, and none is needed; what its first try left of its artifact is removed."""
    home = tmp_path / "home"
    disk(home / "store", LITTLE)
    server = start(home=home)
    filler = stuff(home / "store")
    run_id = server.submit(compiled(filling), megabytes=1)
    until(lambda: says_full(server, run_id), "it waits for another try", server)
    filler.unlink()
    found = server.wait(run_id)
    assert found["state"] == "SUCCEEDED"
    assert len(only(found)["pods"]) > 1
    assert len(list((home / "store").rglob("data"))) == 1
