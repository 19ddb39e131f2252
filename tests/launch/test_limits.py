"""Limits of memory and CPU: a step that is over its limit is killed alone, in a control group or watched."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.launch.steps import Running, launcher, log, until_file
from tests.launch.test_mounts import NOBODY, supervised

from headrace.base.home import Home
from headrace.launch import control
from headrace.launch.base import Exited, LaunchRequest, Started
from headrace.launch.explain import explain_exit
from headrace.spec.quantity import Quantities

MIB = 2**20
LIMIT = 96 * MIB

GREEDY = """
def step():
    import os, subprocess, sys
    held = subprocess.Popen([sys.executable, '-c', 'import time; x = bytearray(60 << 20); time.sleep(1000)'])
    print('asks')
    sys.stdout.flush()
    mine = []
    while True:
        mine.append(bytearray(1 << 20))
"""

NEIGHBOUR = """
def step(gate: str):
    open('up', 'w').write('x')
    open(gate).read()
    print('neighbour went on')
"""

CAREFUL = "import sys; x = bytearray(40 << 20); print('fits')"


@pytest.fixture(params=["group", "watched"])
def parents(request: pytest.FixtureRequest, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[control.Parents]:
    """With control groups, where this machine lets us have some, and without."""
    found = control.find() if request.param == "group" else control.Parents("", "", 0, "not in this test")
    if request.param == "group" and not (found.memory and found.cpu):
        pytest.skip(f"no control groups here: {found.reason}")
    monkeypatch.setattr(control, "find", lambda: found)
    yield found
    assert groups(found, home) == []


def groups(parents: control.Parents, home: Home) -> list[str]:
    """The groups of the home's steps that are there; other servers have theirs beside them."""
    folders = dict.fromkeys(filter(None, (parents.memory, parents.cpu)))
    names = [f"headrace-{attempt.name}" for attempt in home.attempts.iterdir()] if home.attempts.is_dir() else []
    return [str(each) for folder in folders for name in names if (each := Path(folder, name)).exists()]


async def over(run: Running, request: LaunchRequest) -> Exited:
    """The end of a step that asks for more than its limit."""
    end = await run.run(request)
    assert isinstance(end, Exited), end
    assert end.over_limit is not None, log(request)
    assert end.over_limit.limit == request.resources.memory_limit
    assert end.exit_code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert not end.killed
    return end


def test_only_the_step_over_its_memory_is_killed(home: Home, parents: control.Parents) -> None:
    gate = home.root / "gate"
    os.mkfifo(gate)

    async def scenario() -> None:
        async with launcher(home) as run:
            neighbour = run.steps.python(
                NEIGHBOUR, parameters={"gate": str(gate)}, resources=Quantities(memory_limit=LIMIT)
            )
            run.launcher.launch(neighbour)
            await until_file(neighbour.folder / "up")
            greedy = run.steps.python(GREEDY, resources=Quantities(memory_limit=LIMIT, cpu_limit=1.5))
            end = await over(run, greedy)
            said = explain_exit(end, greedy)
            assert "more than its limit of 96 MiB" in said
            assert "set_memory_limit" in said
            assert "asks" in log(greedy)
            assert end.usage.max_rss > 10 * MIB
            if not parents.memory:
                assert end.over_limit is not None
                assert end.over_limit.used > LIMIT
                assert end.over_limit.process.startswith("python")
                assert end.usage.peak_memory >= end.over_limit.used
            with gate.open("w"):
                pass
            assert (await run.watcher.exit(neighbour)).exit_code == 0
            assert "neighbour went on" in log(neighbour)

    asyncio.run(scenario())


def test_a_step_within_its_limits_ends_well(home: Home, parents: control.Parents) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            limits = Quantities(memory_limit=LIMIT, cpu_limit=1)
            request = run.steps.command(sys.executable, "-c", CAREFUL, resources=limits)
            assert "fits" in await run.succeed(request)
            (started,) = [each for each in run.watcher.of(request) if isinstance(each, Started)]
            expected = "" if parents.cpu else "its CPU limit of 1 is not enforced: not in this test"
            assert started.warning == expected

    asyncio.run(scenario())


@pytest.mark.usefixtures("parents")
def test_a_child_over_the_limit_fails_a_step_that_does_not_mind(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            script = f"{sys.executable} -c 'x = bytearray(300 << 20); import time; time.sleep(1000)'; exit 0"
            request = run.steps.command("sh", "-c", script, resources=Quantities(memory_limit=LIMIT))
            await over(run, request)

    asyncio.run(scenario())


def test_the_cpu_of_a_step_is_held_down(home: Home) -> None:
    """To a fifth of a core: on however busy a machine, what it computes takes five times as long, but for a period."""
    parents = control.find()
    if not parents.cpu:
        pytest.skip(f"no control group for CPU here: {parents.reason}")

    async def scenario() -> None:
        async with launcher(home) as run:
            spin = "import time; began = time.monotonic()\nwhile time.process_time() < 0.3: pass\n"
            spin += "print(time.monotonic() - began, time.process_time())"
            request = run.steps.command(sys.executable, "-c", spin, resources=Quantities(cpu_limit=0.2))
            took, computed = map(float, (await run.succeed(request)).split())
            assert took > 0.7, f"{computed} s of a core in {took} s"

    asyncio.run(scenario())


def test_requests_that_no_machine_has_are_advice(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            asked = Quantities(cpu_request=100_000, memory_request=2**60)
            request = run.steps.command("true", resources=asked)
            await run.succeed(replace(request, warnings=("said before",)))
            (started,) = [each for each in run.watcher.of(request) if isinstance(each, Started)]
            assert started.warning.startswith("said before; it requests 100000 CPUs, and this machine has ")
            assert "it requests 1,099,511,627,776 MiB of memory" in started.warning

    asyncio.run(scenario())


def test_the_group_of_a_killed_supervisor_is_removed(home: Home) -> None:
    parents = control.find()
    if not parents.memory:
        pytest.skip(f"no control groups here: {parents.reason}")

    async def scenario() -> None:
        async with launcher(home) as run:
            await run.succeed(run.steps.command("true"))
            request = run.steps.command(
                "sh", "-c", "echo $$ > up; sleep 1000", resources=Quantities(memory_limit=LIMIT)
            )
            run.launcher.launch(request)
            await until_file(request.folder / "up")
            assert len(groups(parents, home)) == 1
            os.kill(int((request.folder / "claim").read_text()), signal.SIGKILL)
            await run.watcher.end(request)
        async with launcher(home):
            assert groups(parents, home) == []

    asyncio.run(scenario())


def test_an_ordinary_user_is_watched(home: Home) -> None:
    assert ordinary(home, ["", "", 0]) > LIMIT


def test_an_ordinary_user_to_whom_groups_are_delegated(home: Home) -> None:
    parents = control.find()
    if parents.version != 1 or not parents.memory or os.geteuid() != 0:
        pytest.skip("root on control groups of version 1 can delegate")
    theirs = Path(parents.memory, "delegated")
    theirs.mkdir()
    try:
        os.chown(theirs, NOBODY, NOBODY)
        assert ordinary(home, [str(theirs), "", 1]) == 0
        assert [each for each in theirs.iterdir() if each.is_dir()] == []
    finally:
        theirs.rmdir()


def ordinary(home: Home, parents: list[object]) -> int:
    """A supervisor and its step, both of an ordinary user, who have a limit: what was held when it was enforced."""
    home.root.chmod(0o755)
    folder = home.root / "place"
    folder.mkdir()
    folder.chmod(0o777)
    job = {
        "id": "a-b-c",
        "folder": str(folder / "attempt"),
        "mkdirs": [],
        "limits": {"memory": LIMIT, "cpu": 0, "parents": parents},
        "env": [["PATH", os.environ["PATH"]]],
        "argv": ["sh", "-c", "tail /dev/zero & wait; exit 0"],
    }
    os.waitpid(supervised(job, "ordinary"), 0)
    record = json.loads((folder / "attempt/exit").read_text())
    assert record["code"] == -signal.SIGKILL
    assert record["over"]["limit"] == LIMIT
    assert record["over"]["process"] in ("tail", "")
    held: int = record["over"]["used"]
    return held
