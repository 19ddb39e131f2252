"""What steps ask of Kubernetes through kfp-kubernetes: values checked, and a secret's value looked for everywhere."""

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.compat.pipelines import pods
from tests.compat.pipelines.play import Back, message, until
from tests.harness import PATIENCE, artifacts_of, parameters_of
from tests.launch.test_mounts import become
from tests.mounting import skip_where_forbidden

WORD = "c0rrect-h0rse-battery-5taple"
FORMS = [WORD.encode(), *(base64.b64encode(b"x" * shift + WORD.encode())[4:-4] for shift in range(3))]
"""As it is, and in base64, whatever it begins at."""


@pytest.fixture(scope="module")
def back(anyone: Back) -> Iterator[Back]:
    """A server with the objects, whose user may have mounts."""
    back = anyone
    user = "ordinary" if back.server.under else "root"
    skip_where_forbidden(back.server.home, lambda: become(user))
    put(back, "secrets/db", {"string_data": {"password": WORD, "user": "me"}})
    put(back, "configmaps/settings", {"data": {"level": "info", "more": "m"}})
    yield back
    for each in ("secrets/db", "configmaps/settings"):
        httpx2.delete(f"{back.server.url}/api/v1/{each}").raise_for_status()


def put(back: Back, what: str, body: dict[str, Any]) -> None:
    httpx2.put(f"{back.server.url}/api/v1/{what}", json=body).raise_for_status()


def holding(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if any(form in path.read_bytes() for form in FORMS)]


def answers(back: Back, run_id: str) -> str:
    """All that the server says of the run."""
    paths = [f"/apis/v2beta1/runs/{run_id}", f"/apis/v2beta1/runs/{run_id}?view=FULL", "/api/v1/secrets"]
    tasks = back.server.get(f"/apis/v2beta1/runs/{run_id}?view=FULL").get("tasks", [])
    paths += [
        f"/apis/v2beta1/runs/{run_id}/tasks?page_size=100",
        "/metrics",
        f"/api/v1/runs/{run_id}/logs:search?q=c0rrect",
    ]
    for task in tasks:
        paths += [f"/api/v1/runs/{run_id}/tasks/{task['task_id']}/{what}" for what in ("why", "log", "usage")]
    return "".join(httpx2.get(back.server.url + path, timeout=PATIENCE).text for path in paths)


def test_secrets_and_config_maps(back: Back) -> None:
    played = back.play(pods.objects, secret="db", config_map="settings", absent="absent")
    (seen,) = played.outputs("see")
    assert seen == {
        "SEEN_USER": "me",
        "SEEN_LEVEL": "info",
        "/headrace-config/level": "info",
        "/headrace-config/more": "m",
    }
    assert parameters_of(played.named("shell-env")[0])["said"] == "meinfo"
    digest = hashlib.sha256(WORD.encode()).hexdigest()
    assert played.outputs("tell-digest") == [{"file": digest, "variable": digest}]
    assert holding(back.server.home) == []
    said = answers(back, played.run["run_id"])
    assert WORD not in said
    assert base64.b64encode(WORD.encode()).decode() not in said


def test_while_the_step_runs_only_it_has_the_value(back: Back) -> None:
    begun, release = back.server.home / "begun", back.server.home / "release"
    run_id = back.submit(pods.held, begun=str(begun), release=str(release))
    try:
        until(begun.exists, "the step runs")
        commands = {each: each.joinpath("cmdline").read_bytes() for each in Path("/proc").glob("[0-9]*") if alive(each)}
        assert not [each for each, words in commands.items() if any(form in words for form in FORMS)]
        assert holding(back.server.home) == []
    finally:
        release.touch()
    assert back.end(run_id).outputs("hold-secret") == [len(WORD)]


def alive(process: Path) -> bool:
    try:
        return bool(process.joinpath("cmdline").read_bytes())
    except OSError:
        return False


def test_an_absent_secret_is_named(back: Back) -> None:
    (task,) = back.play(pods.absent, "FAILED").named("see")
    assert "secret 'absent' not found" in message(task)
    assert "headrace secret create absent" in message(task)


def test_fields_of_the_pod_folders_and_ids(back: Back) -> None:
    played = back.play(pods.fields)
    (task,) = played.named("see")
    seen = parameters_of(task)["Output"]
    name = seen.pop("SEEN_NAME")
    assert seen == {"SEEN_TEAM": "blue", "SEEN_NONE": "", "SEEN_NOTE": "noted"}
    assert name in [pod["name"] for pod in task["pods"]]
    assert played.outputs("who") == [{"uid": 1234, "gid": 567}]
    assert played.outputs("put") == ["t"]
    assert not Path("/headrace-empty").exists()


def test_a_claim_is_made_mounted_and_deleted(back: Back) -> None:
    played = back.play(pods.claims, size="2Gi")
    assert played.outputs("get") == ["kept"]
    name = parameters_of(played.named("createpvc")[0])["name"]
    assert name.startswith("claims-")
    assert name.endswith("-work")
    assert back.server.get("/api/v1/pvcs").get("claims", []) == []


def test_a_named_claim_is_there_for_the_next_run(back: Back) -> None:
    back.play(pods.named_claim, caching=True, name="shared", text="first")
    claim = back.server.get("/api/v1/pvcs/shared")
    file = Path(claim["folder"], "file")
    assert file.read_text() == "first"
    again = back.play(pods.named_claim, caching=True, name="shared", text="second")
    assert file.read_text() == "second"
    assert "the claim shared was there" in message(again.named("createpvc")[0])
    taken = back.play(pods.named_claim, "FAILED", name="shared", text="third")
    assert "already exists" in message(taken.named("createpvc")[0]), "without caching it is to be made anew"
    httpx2.delete(f"{back.server.url}/api/v1/pvcs/shared").raise_for_status()
    back.play(pods.named_claim, name="shared", text="third")
    assert Path(back.server.get("/api/v1/pvcs/shared")["folder"]) != file.parent
    httpx2.delete(f"{back.server.url}/api/v1/pvcs/shared").raise_for_status()


def test_the_workspace_of_a_run_and_what_is_brought_into_it(back: Back) -> None:
    file = back.server.home / "store/mlpipeline/given/brought.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("brought")
    played = back.play(pods.workspace, uri="minio://mlpipeline/given/brought.txt")
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
