"""Who a step of a pod is, and what runs before and beside it, by a real launcher: ids, init containers, sidecars.

What needs a namespace is skipped with the reason where the kernel forbids it.
"""

import asyncio
import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.launch.pods import WORD, only_on_linux, play, printed, with_pod
from tests.launch.steps import HeldObjects, Running, Steps, log, until_file, until_gone
from tests.launch.test_mounts import become, job_of, supervised
from tests.mounting import said_by_child, skip_where_forbidden

from headrace.base.home import Home
from headrace.launch.runner import scene
from headrace.model.pod import (
    ClaimVolume,
    EmptyVolume,
    InitContainer,
    SecretVolume,
    Security,
)


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
