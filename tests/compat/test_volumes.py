"""Folders that steps share, with the real SDK: persistent volume claims and workspaces."""

import os
from pathlib import Path

import httpx2
import pytest
from tests.compat.pipelines import volumes
from tests.compat.pipelines.play import Back, message
from tests.harness import artifacts_of, parameters_of
from tests.launch.test_mounts import become
from tests.mounting import skip_where_forbidden


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    """A server whose user may have mounts."""
    user = "ordinary" if anyone.server.under else "root"
    skip_where_forbidden(anyone.server.home, lambda: become(user))
    return anyone


def test_a_claim_is_made_mounted_and_deleted(back: Back) -> None:
    played = back.play(volumes.claims, size="2Gi")
    assert played.outputs("get") == ["kept"]
    name = parameters_of(played.named("createpvc")[0])["name"]
    assert name.startswith("claims-")
    assert name.endswith("-work")
    assert name not in [each["name"] for each in back.server.get("/api/v1/pvcs").get("claims", [])]
    run = f"/api/v1/runs/{played.run['run_id']}"
    used = {each["task"]: each["attempts"][-1] for each in back.server.get(f"{run}/usage")["tasks"]}
    assert used["root.get"]["cpu_seconds"] is not None
    assert used["root.createpvc"]["cpu_seconds"] is None, "the server's own work is no step's"
    assert back.server.get(f"{run}/tasks/createpvc/why")["details"] == []


def test_a_named_claim_is_there_for_the_next_run(back: Back) -> None:
    back.play(volumes.named_claim, caching=True, name="shared", text="first")
    claim = back.server.get("/api/v1/pvcs/shared")
    file = Path(claim["folder"], "file")
    assert file.read_text() == "first"
    again = back.play(volumes.named_claim, caching=True, name="shared", text="second")
    assert file.read_text() == "second"
    assert "the claim shared was there" in message(again.named("createpvc")[0])
    taken = back.play(volumes.named_claim, "FAILED", name="shared", text="third")
    assert "already exists" in message(taken.named("createpvc")[0]), "without caching it is to be made anew"
    httpx2.delete(f"{back.server.url}/api/v1/pvcs/shared").raise_for_status()
    back.play(volumes.named_claim, name="shared", text="third")
    assert Path(back.server.get("/api/v1/pvcs/shared")["folder"]) != file.parent
    httpx2.delete(f"{back.server.url}/api/v1/pvcs/shared").raise_for_status()


def test_the_workspace_of_a_run_and_what_is_brought_into_it(back: Back) -> None:
    file = back.server.home / "store/mlpipeline/given/brought.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("brought")
    played = back.play(volumes.workspace, uri="minio://mlpipeline/given/brought.txt")
    assert played.outputs("get") == ["shared"]
    (seen,) = played.outputs("where")
    assert seen["content"] == "brought"
    assert seen["path"].startswith("/kfp-workspace/.artifacts/")
    assert parameters_of(played.named("cat-path")[0])["said"] == "brought+", "the same copy, by the path of a container"
    assert file.read_text() == "brought"
    (task,) = played.named("importer")
    assert task["type_attributes"]["download_to_workspace"] is True
    assert artifacts_of(task)["artifact"][0]["metadata"]["_kfp_workspace"] is True
    assert not os.path.lexists("/kfp-workspace")
