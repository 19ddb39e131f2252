"""What steps ask Kubernetes for, with the real SDK: secrets, config maps, fields, volumes, ids, init containers.

The value of a secret is looked for byte by byte: while its steps run, and in all that is left of them.
"""

import base64
import hashlib
import os
import secrets
import shutil
import socket
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from tests.compat.pipelines import pods
from tests.compat.pipelines.play import Back, Played, message, until
from tests.harness import PATIENCE, parameters_of
from tests.launch.test_mounts import become
from tests.mounting import skip_where_forbidden

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import compiler

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="only Linux gives steps volumes")


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    """A server whose user may have mounts."""
    user = "ordinary" if anyone.server.under else "root"
    skip_where_forbidden(anyone.server.home, lambda: become(user))
    return anyone


@pytest.fixture(scope="module")
def word() -> str:
    """The value of the secret: no other run of the tests, and no file of theirs, has it."""
    return f"word-{secrets.token_hex(16)}"


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def holders(word: str, kind: str) -> set[int]:
    """The processes whose `/proc/PID/KIND` has the word."""
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if word.encode() in (process / kind).read_bytes():
                    found.add(int(process.name))
            except OSError:
                continue  # it ended, or is another's
    return found


def forms(word: str) -> list[bytes]:
    """The word as it is, and in base64 whatever it begins at."""
    return [word.encode(), *(base64.b64encode(b"x" * shift + word.encode())[4:-4] for shift in range(3))]


def files_with(word: str, folder: Path) -> list[str]:
    looked_for, found = forms(word), []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            found += [str(path) for form in looked_for if form in content]
    return found


def rows(database: Path) -> Iterator[str]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield repr(row)


def answers(back: Back, played: Played) -> Iterator[tuple[str, bytes]]:
    run_id = played.run["run_id"]
    own = f"/api/v1/runs/{run_id}"
    paths = [
        f"/apis/v2beta1/runs/{run_id}?view=FULL",
        "/apis/v2beta1/runs?page_size=200",
        f"/apis/v1beta1/runs/{run_id}",
        "/api/v1/secrets",
        f"{own}/logs?q=.",
        f"{own}/usage",
    ]
    for path in played.tasks:
        task = path.removeprefix("root.")
        if task != "root":
            paths += [f"{own}/tasks/{task}/why", f"{own}/tasks/{task}/log"]
    for path in paths:
        answer = httpx2.get(back.server.url + path, timeout=PATIENCE)
        yield path, answer.content


@pytest.fixture(scope="module")
def gate(back: Back) -> Path:
    folder = back.server.home / "gate"
    folder.mkdir()
    folder.chmod(0o777)
    return folder / "open"


@pytest.fixture(scope="module")
def objects(back: Back, word: str) -> str:
    """The name of a secret and of a config map."""
    name = "pods"
    back.server.post("/api/v1/secrets", {"name": name, "string_data": {"password": word, "user.name": "me"}})
    back.server.post("/api/v1/configmaps", {"name": name, "data": {"level": "debug"}})
    return name


def test_secrets_and_config_maps(back: Back, objects: str, word: str, gate: Path) -> None:
    run_id = back.submit(pods.objects, secret=objects, config=objects, gate=str(gate))
    until(lambda: len(list(gate.parent.iterdir())) == 4, "all four steps run")
    home = back.server.home
    assert holders(word, "cmdline") == set()
    having = holders(word, "environ")
    assert having
    assert all(Path(f"/proc/{pid}/cwd").readlink().parent == home / "attempts" for pid in having)
    assert files_with(word, home) == []
    assert not Path("/etc/headrace-secret").exists()
    gate.touch()
    played = back.end(run_id)
    for task in ("warm", "cold", "named"):
        found = parameters_of(played.displayed(task))["Output"]
        assert found["variable"] == digest(word)
        assert found["files"] == {"password": digest(word), "user.name": digest("me")}
        assert found["config"] == ["debug", "debug", None]
        assert found["more"] == "Read-only file system"
    said = parameters_of(played.displayed("command"))["said"]
    assert said.replace("  -", "").split() == [digest(word), digest(word), "debug", "debug"]
    assert files_with(word, home) == []
    assert [row for row in rows(home / "headrace.db") if word in row] == []
    for path, content in answers(back, played):
        assert all(form not in content for form in forms(word)), path
    assert holders(word, "environ") == set()


def test_what_is_optional_may_be_missing(back: Back, objects: str) -> None:
    (found,) = back.play(pods.optional, secret=objects).outputs("seen")
    assert found == {
        "variables": {"ONE": None, "TWO": None, "THREE": None},
        "folders": {"/etc/headrace-none": [], "/etc/headrace-map": []},
    }


def test_what_is_not_optional_may_not(back: Back, objects: str) -> None:
    played = back.play(pods.missing, "FAILED", secret=objects)
    told = [message(task) for path, task in sorted(played.tasks.items()) if path != "root"]
    assert len(told) == 6
    for text, words in zip(
        told,
        (
            [f"secret '{pods.MISSING}' not found", f"headrace secret create {pods.MISSING}"],
            ["no-such-key", "secret 'pods'", "headrace secret create pods"],
            [f"'{pods.MISSING}' not found", f"headrace configmap create {pods.MISSING}"],
            [f"secret '{pods.MISSING}' not found", f"headrace secret create {pods.MISSING}"],
            [f"'{pods.MISSING}' not found", f"headrace configmap create {pods.MISSING}"],
            [f"'{pods.MISSING}' not found", f"headrace pvc create {pods.MISSING}"],
        ),
        strict=True,
    ):
        assert all(word in text for word in words), text


def test_a_secret_whose_key_is_not_there(back: Back, objects: str) -> None:
    key = back.server.home / "secret.key"
    content = key.read_bytes()
    key.unlink()
    try:
        played = back.play(pods.optional, "FAILED", secret=objects)
    finally:
        key.write_bytes(content)
        key.chmod(0o600)
        shutil.chown(key, back.server.home.stat().st_uid)
    assert f"secret {objects}: it was sealed with the key" in played.message("seen")


def test_fields_of_the_pod(back: Back) -> None:
    (task,) = back.play(pods.fields).named("seen")
    seen = parameters_of(task)["Output"]["variables"]
    assert seen["NAME"] in [pod["name"] for pod in task["pods"]]
    assert (seen["LABEL"], seen["NO_LABEL"], seen["NOTE"]) == ("blue", "", "a: b, 'c'")
    assert (seen["NAME"], seen["UID"]) == (seen["KFP_POD_NAME"], seen["KFP_POD_UID"])
    assert seen["NODE"] == socket.gethostname()
    assert seen["ADDRESS"] == "127.0.0.1"
    assert seen["ACCOUNT"] == "pipeline-runner"
    assert seen["NAMESPACE"]


def test_volumes_of_the_steps_own(back: Back) -> None:
    played = back.play(pods.scratches)
    folders = ("/headrace-scratch", "/headrace-fast", "/dev/shm/big", "/opt/own/one")
    for found in played.outputs("scratch") + played.outputs("scratch-2"):
        assert found["before"] == {folder: [] for folder in folders}
        assert found["twice"] == ["file"]
        assert found["fast"] == 8 * 2**20
        assert found["is_mount"] == [True] * 4
    left = [path for path in (back.server.home / "attempts").glob("*/volumes/**/*") if path.is_file()]
    assert left == []
    assert not any(Path(folder).exists() for folder in folders)


def test_ids(back: Back) -> None:
    played = back.play(pods.identities)
    assert played.outputs("identity") == [{"ids": [4242, 4242, 2424, 4242, 2424], "owners": [4242]}]
    assert parameters_of(played.named("identity-of")[0])["said"].split(maxsplit=2) == ["4343", "3434", "by a user\n"]
    for task in played.tasks.values():
        assert message(task) == ""


def test_no_root(back: Back) -> None:
    by_root = os.geteuid() == 0 and not back.server.under
    (task,) = back.play(pods.no_root, "FAILED" if by_root else "SUCCEEDED").named("seen")
    assert ("runAsNonRoot" in message(task)) is by_root


def prepared(folder: Path, containers: list[dict[str, Any]]) -> Path:
    """The compiled pipeline with these init containers."""
    file = folder / "prepared.yaml"
    compiler.Compiler().compile(pods.prepared, str(file))
    spec, platform = yaml.safe_load_all(file.read_text())
    (executor,) = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    executor["initContainers"] = containers
    file.write_text(yaml.safe_dump_all([spec, platform]))
    return file


def begin(back: Back, file: Path) -> str:
    found: str = back.client.create_run_from_pipeline_package(str(file), enable_caching=False).run_id
    return found


def test_init_containers(back: Back, tmp_path: Path) -> None:
    file = prepared(
        tmp_path,
        [
            {"name": "one", "image": "alpine", "command": ["sh", "-c"], "args": ["echo hello; echo > /shared/one"]},
            {
                "name": "beside",
                "image": "alpine",
                "command": ["sh", "-c", 'touch "/shared/$WHO"; sleep 1000'],
                "env": [{"name": "WHO", "value": "beside"}],
                "restartPolicy": "Always",
            },
            {"name": "two", "image": "alpine", "command": ["sh", "-c", "test -e /shared/one && touch /shared/two"]},
        ],
    )
    played = back.end(begin(back, file))
    assert played.outputs("after-init") == [["beside", "one", "two"]]
    assert "hello" in back.log(played.run["run_id"], "after-init", 1)


def test_a_failed_init_container(back: Back, tmp_path: Path) -> None:
    failing = {"name": "prepare", "image": "alpine", "command": ["sh", "-c", "echo no luck; exit 3"]}
    played = back.end(begin(back, prepared(tmp_path, [failing])), "FAILED")
    assert "init container" in played.message("after-init")
    assert "prepare" in played.message("after-init")
    assert "no luck" in back.log(played.run["run_id"], "after-init", 1)
