"""What a step's pod asks for, by a real launcher: variables, volumes, ids and init containers, warm and cold.

What needs a namespace is skipped with the reason where the kernel forbids it; the refusal then is tested everywhere.
"""

import asyncio
import json
import os
import re
import signal
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.launch.steps import HeldObjects, Running, Steps, launcher, log, until_file, until_gone
from tests.launch.test_mounts import become, job_of, record_of, supervised
from tests.mounting import said_by_child, skip_where_forbidden

from headrace.base.home import Home
from headrace.launch.base import LaunchRequest
from headrace.launch.runner import linux, scene
from headrace.model.pod import (
    ClaimVolume,
    ConfigMapVariables,
    ConfigMapVolume,
    EmptyVolume,
    EphemeralVolume,
    FieldVariable,
    InitContainer,
    Pod,
    SecretVariables,
    SecretVolume,
    Security,
    SharedMemory,
    WorkspaceVolume,
)

WORD = b"c0rrect-h0rse"
only_on_linux = pytest.mark.skipif(not linux.IS_LINUX, reason="only Linux has namespaces")

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


@pytest.fixture
def objects(home: Home) -> HeldObjects:
    return HeldObjects(
        home,
        secrets={"db": {"password": WORD, "bytes": b"\xff\x01"}, "empty": {}},
        config_maps={"settings": {"level": b"info", "tls.crt": b"c"}},
        claims=["data"],
    )


@pytest.fixture
def allowed(home: Home) -> None:
    """Whoever runs the tests, and so the launcher, can have mounts."""
    skip_where_forbidden(home.root)


def printed(said: str) -> str:
    """The log without what the SDK's executor says, its input among it."""
    return re.sub(r"^(\[KFP Executor .*|\{\n(?: .*\n)*\})\n", "", said, flags=re.MULTILINE)


def with_pod(request: LaunchRequest, **parts: Any) -> LaunchRequest:
    return replace(request, pod=Pod(**parts))


def play(home: Home, objects: HeldObjects, work: Callable[[Running, Steps], Any]) -> None:
    async def scenario() -> None:
        async with launcher(home, objects=objects) as run:
            await work(run, run.steps)

    asyncio.run(scenario())


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
@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_ids(home: Home, objects: HeldObjects, warm: bool) -> None:
    """They are real where root is the server; else its files are the server's user's outside."""

    async def work(run: Running, steps: Steps) -> None:
        source = "def step():\n    import os\n    open('made', 'w').close()\n    print(os.getuid(), os.getgid())\n"
        request = steps.python(source) if warm else steps.command("sh", "-c", "touch made; echo $(id -u) $(id -g)")
        request = with_pod(request, security=Security(user=1234, group=567))
        assert printed(await run.succeed(request)) == "1234 567\n"
        assert (await run.watcher.started(request)).warning == ""
        assert next(request.folder.rglob("made")).stat().st_uid == (os.geteuid() or 1234)
        plain = with_pod(steps.command("id", "-g"), security=Security(user=7))
        assert await run.succeed(plain) == "0\n"

    play(home, objects, work)


SPY = """
for file in "$@"; do
    cat "$file" > /dev/null && echo "read ${file##*/}"
    echo x > "$file" && echo "wrote ${file##*/}"
done
rm -f claim && echo removed
ls "$HOME" && echo listed
grep -E "^(Groups|CapEff|CapPrm)" /proc/self/status | tr -d ' \t'
"""


@only_on_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="the tests are not run by root")
@pytest.mark.usefixtures("allowed")
def test_root_lets_a_user_have_its_folders_and_no_more(home: Home, objects: HeldObjects) -> None:
    """Also where the way to them is closed to that user, which is opened for nothing else."""
    home.root.chmod(0o700)
    key, shown = home.root / "secret.key", home.root / "shown"
    for file, mode in ((key, 0o600), (shown, 0o644)):
        file.write_text("x")
        file.chmod(mode)

    async def work(run: Running, steps: Steps) -> None:
        request = steps.command("sh", "-c", f"exec 2> /dev/null; {SPY}", "sh", str(key), str(shown), public.name)
        request = replace(request, env=(("HOME", str(home.root)),))
        said = await run.succeed(with_pod(request, security=Security(user=1234, group=567)))
        assert said == f"read {Path(public.name).name}\nGroups:\nCapPrm:0000000000000000\nCapEff:0000000000000000\n"
        assert home.root.stat().st_mode & 0o777 == 0o700
        claim = objects.volume("", "data", "")
        assert claim is not None
        claim.chmod(0o777)
        volumes = (ClaimVolume("data", "/data"), SecretVolume("db", "/headrace-test/secret"), EmptyVolume("e", "/e"))
        script = "touch /data/by-user /e/f && cat /headrace-test/secret/password && stat -c %u /data/by-user"
        request = with_pod(steps.command("sh", "-c", script), security=Security(user=1234), volumes=volumes)
        assert await run.succeed(request) == f"{WORD.decode()}1234\n"

    with tempfile.NamedTemporaryFile() as public:
        Path(public.name).chmod(0o644)
        play(home, objects, work)


@only_on_linux
@pytest.mark.usefixtures("allowed")
def test_a_step_with_other_ids_dies_with_its_supervisor(home: Home) -> None:
    async def scenario() -> None:
        home.root.chmod(0o755)
        place = home.root / "place"
        for folder in (place, place / "bucket"):
            folder.mkdir()
            folder.chmod(0o777)
        job = job_of(place, "/data", "echo $$ > /data/new; mv /data/new /data/up; exec sleep 1000")
        pid = supervised({**job, "ids": [1234, 567], "reach": [str(place)]}, "whoever runs the tests")
        step = int(await until_file(place / "bucket/up"))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        await until_gone(step)

    asyncio.run(scenario())


@only_on_linux
def test_ids_that_are_forbidden_are_a_warning(home: Home) -> None:
    skip_where_forbidden(home.root, lambda: become("ordinary"))  # it takes a user namespace to forbid them

    def told() -> str:
        become("forbidden")
        return scene.ids_warning({"ids": [1234, 567], "folder": str(home.root), "reach": []})

    assert "it runs as the server's user, not as 1234:567: a mount namespace cannot be made" in said_by_child(told)


def test_what_must_not_run_as_root(home: Home, objects: HeldObjects) -> None:
    async def work(run: Running, steps: Steps) -> None:
        request = with_pod(steps.command("true"), security=Security(non_root=True))
        if os.geteuid() == 0:
            assert "runAsNonRoot and would run as root" in (await run.refused(request)).reason
        else:
            await run.succeed(request)

    play(home, objects, work)


@only_on_linux
@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
def test_init_containers_come_first_and_sidecars_go_on(home: Home, objects: HeldObjects, warm: bool) -> None:
    async def work(run: Running, steps: Steps) -> None:
        init = (
            InitContainer("first", "alpine", ("sh", "-c"), ("echo $WHO; echo 1 > /shared/f",), (("WHO", "first"),)),
            InitContainer("beside", "alpine", ("sh", "-c", "echo $$ > /shared/pid; exec sleep 1000"), sidecar=True),
            InitContainer(
                "ends",
                "alpine",
                ("sh", "-c", "trap 'echo bye; exit' TERM; echo 1 > /shared/up; while :; do sleep 0.01; done"),
                sidecar=True,
            ),
            InitContainer(
                "second",
                "alpine",
                ("sh", "-c", "cat /shared/f; until [ -s /shared/pid ] && [ -s /shared/up ]; do :; done"),
            ),
        )
        source = (
            "def step():\n    print('step', open('/shared/f').read().strip())\n    print(open('/shared/pid').read())\n"
        )
        request = steps.python(source) if warm else steps.command("sh", "-c", "echo step $(cat /shared/f /shared/pid)")
        said = printed(await run.succeed(with_pod(request, init=init, volumes=(EmptyVolume("shared", "/shared"),))))
        words = said.split()
        assert words[:4] == ["first", "1", "step", "1"]
        assert words[-1] == "bye"
        assert not Path(f"/proc/{words[4]}").exists()

    play(home, objects, work)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("sh", "-c", "echo why; exit 3"), "its init container bad ended with code 3"),
        (("no-such-command",), "its init container bad ended with code 127"),
    ],
)
def test_a_step_whose_init_container_fails_does_not_run(
    home: Home, objects: HeldObjects, command: tuple[str, ...], told: str
) -> None:
    async def work(run: Running, steps: Steps) -> None:
        request = with_pod(steps.command("echo", "ran"), init=(InitContainer("bad", "alpine", command),))
        assert told in (await run.refused(request)).reason
        assert "ran" not in log(request)
        assert "why" in log(request) or "cannot execute 'no-such-command'" in log(request)

    play(home, objects, work)


def test_a_step_is_killed_in_its_init_container(home: Home, objects: HeldObjects) -> None:
    async def work(run: Running, steps: Steps) -> None:
        script = f"echo begun > {home.root}/begun; sleep 1000"
        init = (InitContainer("long", "alpine", ("sh", "-c", script)),)
        request = with_pod(steps.command("echo", "ran"), init=init)
        run.launcher.launch(request)
        await until_file(home.root / "begun")
        run.launcher.kill(request, grace=1)
        assert (await run.watcher.exit(request)).killed
        assert log(request) == ""

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
