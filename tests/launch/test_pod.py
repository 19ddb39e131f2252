"""What a step's pod asks for, by a real launcher: variables and volumes, warm and cold.

What needs a namespace is skipped with the reason where the kernel forbids it; the refusal then is tested everywhere.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.launch.pods import WORD, only_on_linux, play, printed, with_pod
from tests.launch.steps import HeldObjects, Running, Steps
from tests.launch.test_mounts import job_of, record_of, supervised

from headrace.base.home import Home
from headrace.model.pod import (
    ClaimVolume,
    ConfigMapVariables,
    ConfigMapVolume,
    EmptyVolume,
    EphemeralVolume,
    FieldVariable,
    SecretVariables,
    SecretVolume,
    SharedMemory,
    WorkspaceVolume,
)

SEE = """
def step():
    import json, os
    seen = {"variables": {name: value for name, value in os.environ.items() if name.startswith("SEEN_")}}
    for place in ("/headrace-test/secret", "/headrace-test/config"):
        if os.path.isdir(place):
            seen[place] = {name: open(place + "/" + name, "rb").read().decode("latin-1") for name in os.listdir(place)}
    print(json.dumps(seen))
"""
SHELL = """
for place in "$@"; do for file in "$place"/*; do echo "$file=$(cat "$file")"; done; done
env | grep ^SEEN_ | sort
"""


VARIABLES = (
    SecretVariables("db", (("password", "SEEN_PASSWORD"),)),
    SecretVariables("none", (("x", "SEEN_NOTHING"),), optional=True),
    SecretVariables("db", (("none", "SEEN_NOTHING"),), optional=True),
    ConfigMapVariables("settings", (("level", "SEEN_LEVEL"),)),
    FieldVariable("SEEN_LABEL", "metadata.labels['team']"),
    FieldVariable("SEEN_NO_LABEL", "metadata.labels['none']"),
    FieldVariable("SEEN_ANNOTATION", "metadata.annotations['a/b']"),
    FieldVariable("SEEN_NAME", "metadata.name"),
    FieldVariable("SEEN_NAMESPACE", "metadata.namespace"),
    FieldVariable("SEEN_ACCOUNT", "spec.serviceAccountName"),
    FieldVariable("SEEN_NODE", "spec.nodeName"),
    FieldVariable("SEEN_ADDRESS", "status.podIP"),
)


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_variables(home: Home, objects: HeldObjects, warm: bool) -> None:
    """A step of theirs starts warm, too."""

    async def work(run: Running, steps: Steps) -> None:
        request = steps.python(SEE) if warm else steps.command("sh", "-c", SHELL)
        pod = {"variables": VARIABLES, "labels": {"team": "t"}, "annotations": {"a/b": "c"}, "service_account": "sa"}
        request = with_pod(request, **pod)
        said = printed(await run.succeed(request))
        found = json.loads(said)["variables"] if warm else dict(line.split("=", 1) for line in said.splitlines())
        assert found == {
            "SEEN_PASSWORD": WORD.decode(),
            "SEEN_LEVEL": "info",
            "SEEN_LABEL": "t",
            "SEEN_NO_LABEL": "",
            "SEEN_ANNOTATION": "c",
            "SEEN_NAME": request.attempt_id,
            "SEEN_NAMESPACE": "default",
            "SEEN_ACCOUNT": "sa",
            "SEEN_NODE": os.uname().nodename,
            "SEEN_ADDRESS": "127.0.0.1",
        }

    play(home, objects, work)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (SecretVariables("none", (("x", "X"),)), "secret 'none' not found. Make it with `headrace secret create none"),
        (SecretVariables("db", (("x", "X"),)), "couldn't find key x in secret 'db'"),
        (ConfigMapVariables("none", (("x", "X"),)), "configmap 'none' not found. Make it with `headrace configmap"),
        (ConfigMapVariables("settings", (("x", "X"),)), "couldn't find key x in configmap 'settings'"),
    ],
)
def test_a_variable_of_nothing(home: Home, objects: HeldObjects, asked: Any, told: str) -> None:
    async def work(run: Running, steps: Steps) -> None:
        refused = await run.refused(with_pod(steps.command("true"), variables=(asked,)))
        assert told in refused.reason
        assert WORD.decode() not in refused.reason
        assert not refused.infrastructure

    play(home, objects, work)


def test_a_value_that_no_variable_can_have_is_not_told(home: Home, objects: HeldObjects) -> None:
    held = replace(objects, secrets={"db": {"nul": b"a\0b-word"}})

    async def work(run: Running, steps: Steps) -> None:
        asked = SecretVariables("db", (("nul", "SEEN"),))
        refused = await run.refused(with_pod(steps.command("true"), variables=(asked,)))
        assert "NUL character in SEEN" in refused.reason
        assert "word" not in refused.reason

    play(home, held, work)


@only_on_linux
@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_files_of_secrets_and_config_maps(home: Home, objects: HeldObjects, warm: bool) -> None:
    """They are on no disk: while the step runs, nothing below the home holds the value."""

    async def work(run: Running, steps: Steps) -> None:
        places = ("/headrace-test/secret", "/headrace-test/config")
        request = steps.python(SEE) if warm else steps.command("sh", "-c", SHELL, "x", *places)
        volumes = (SecretVolume("db", places[0]), ConfigMapVolume("settings", places[1]))
        said = printed(await run.succeed(with_pod(request, volumes=volumes)))
        if warm:
            assert json.loads(said)[places[0]] == {"password": WORD.decode(), "bytes": "\xff\x01"}
            assert json.loads(said)[places[1]] == {"level": "info", "tls.crt": "c"}
        else:
            assert f"{places[0]}/password={WORD.decode()}\n" in said
            assert f"{places[1]}/tls.crt=c\n" in said
        (request.folder / "log").unlink()
        assert not any(WORD in each.read_bytes() for each in home.root.rglob("*") if each.is_file())
        assert not Path("/headrace-test").exists()

    play(home, objects, work)


@only_on_linux
@pytest.mark.usefixtures("allowed")
def test_an_optional_volume_is_an_empty_folder_and_any_is_read_only(home: Home, objects: HeldObjects) -> None:
    async def work(run: Running, steps: Steps) -> None:
        place = "/headrace-test/secret"
        script = f"ls -A {place}; touch {place}/x 2> /dev/null && echo written; test -d {place} && echo there"
        volume = SecretVolume("none", place, optional=True)
        assert await run.succeed(with_pod(steps.command("sh", "-c", script), volumes=(volume,))) == "there\n"

    play(home, objects, work)


@pytest.mark.parametrize(
    ("volume", "told"),
    [
        (SecretVolume("none", "/x"), "secret 'none' not found"),
        (ConfigMapVolume("none", "/x"), "configmap 'none' not found"),
        (ClaimVolume("none", "/x"), "persistentvolumeclaim 'none' not found. Make it with `headrace pvc create none`"),
        (EmptyVolume("v", "/x", "Memory", "much"), "the size 'much' of a volume is no quantity"),
        (EmptyVolume("v", "/tmp"), "a volume at /tmp would cover"),
    ],
)
def test_a_volume_that_cannot_be(home: Home, objects: HeldObjects, volume: Any, told: str) -> None:
    async def work(run: Running, steps: Steps) -> None:
        refused = await run.refused(with_pod(steps.command("true"), volumes=(volume,)))
        assert told in refused.reason

    play(home, objects, work)


@only_on_linux
@pytest.mark.usefixtures("allowed")
def test_claims_and_the_workspace_are_the_same_folder_in_each_step(home: Home, objects: HeldObjects) -> None:
    async def work(run: Running, steps: Steps) -> None:
        volumes = (ClaimVolume("data", "/data"), WorkspaceVolume())
        await run.succeed(
            with_pod(
                steps.command("sh", "-c", "mkdir /data/in; echo a > /data/in/f; echo b > /kfp-workspace/g"),
                volumes=volumes,
            )
        )
        volumes = (ClaimVolume("data", "/deep/er/data", "in"), WorkspaceVolume())
        request = with_pod(steps.command("cat", "/deep/er/data/f", "/kfp-workspace/g"), volumes=volumes)
        assert await run.succeed(request) == "a\nb\n"
        assert objects.mounted[-1] == ("data", request.attempt_id)
        made = with_pod(steps.command("touch", "/d/new"), volumes=(ClaimVolume("data", "/d", "made/deep"),))
        await run.succeed(made)
        assert (home.volume("data") / "made/deep/new").exists()
        (home.volume("data") / "out").symlink_to("/")
        leads = with_pod(steps.command("true"), volumes=(ClaimVolume("data", "/d", "out/etc"),))
        assert "leads out of the claim" in (await run.refused(leads)).reason

    play(home, objects, work)


@only_on_linux
@pytest.mark.usefixtures("allowed")
def test_a_volume_within_a_claim_keeps_nothing_from_the_claim(home: Home, objects: HeldObjects) -> None:
    """Its mount point is made in the claim, as Kubernetes does; in a read-only volume it is on a copy of that."""

    async def work(run: Running, steps: Steps) -> None:
        volumes = (
            ClaimVolume("data", "/headrace-test/data"),
            EmptyVolume("scratch", "/headrace-test/data/scratch"),
            SecretVolume("db", "/headrace-test/data/deep/secret"),
            EmptyVolume("fast", "/headrace-test/data/deep/secret/fast", "Memory"),
            EmptyVolume("else", "/headrace-test/else/where"),
        )
        script = """
            cd /headrace-test
            for place in data data/deep data/scratch data/deep/secret/fast else/where; do echo $place > $place/f; done
            cat data/deep/secret/password
        """
        assert await run.succeed(with_pod(steps.command("sh", "-c", script), volumes=volumes)) == WORD.decode()
        found = sorted(home.volume("data").rglob("*"))
        assert [str(each.relative_to(home.volume("data"))) for each in found] == [
            "deep",
            "deep/f",
            "deep/secret",
            "f",
            "scratch",
        ]
        assert not Path("/headrace-test").exists()

    play(home, objects, work)


@only_on_linux
@pytest.mark.usefixtures("allowed")
def test_folders_of_the_step_alone_are_gone_after_it(home: Home, objects: HeldObjects) -> None:
    async def work(run: Running, steps: Steps) -> None:
        volumes = (
            EmptyVolume("scratch", "/scratch"),
            EmptyVolume("scratch", "/again"),
            EphemeralVolume("big", "/big", "1Gi"),
            EmptyVolume("fast", "/headrace-fast", "Memory", "1Mi"),
            EmptyVolume("fast", "/headrace-quick", "Memory", "1Mi"),
            SharedMemory("shm", "2Mi"),
        )
        script = """
            echo a > /scratch/f; cat /again/f; echo b > /big/f; echo c > /headrace-fast/f; cat /headrace-quick/f
            head -c 4194304 /dev/zero > /headrace-fast/full 2> /dev/null || echo full
            df -k /dev/shm | tail -1 | awk '{print $2}'
        """
        request = with_pod(steps.command("sh", "-c", script), volumes=volumes)
        assert await run.succeed(request) == "a\nc\nfull\n2048\n"
        assert not (request.folder / "volumes").exists()
        assert not Path("/headrace-fast").exists()

    play(home, objects, work)


@only_on_linux
def test_where_mounts_are_forbidden_there_is_no_step_and_the_reason(home: Home) -> None:
    """A volume is not to be missed, other than the folders of buckets."""
    place = home.root / "place"
    for folder in (place, place / "bucket"):
        folder.mkdir()
        folder.chmod(0o777)
    home.root.chmod(0o755)
    pid = supervised({**job_of(place, "/data", "echo ran > ran"), "must": ["/data"]}, "forbidden")
    record = record_of(place, pid)
    assert "its volumes cannot be mounted at /data" in str(record["refused"])
    assert "host" not in record
    assert not (place / "attempt/ran").exists()
