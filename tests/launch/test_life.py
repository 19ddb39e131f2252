"""What becomes of a step: how it ends, what it leaves, what it may use, and what cannot be started at all."""

import asyncio
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

from tests.launch.steps import INSTALL_KFP, OWN, SETTINGS, launcher, log, until_file, until_gone

from headrace.base.home import Home
from headrace.base.settings import ImageSetting
from headrace.launch.base import Exited, Refused, Started

TRIVIAL = "def step(x: int) -> int:\n    print('ran', x)\n    return x + 1\n"


def test_a_component_runs_and_says_what_it_used(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python(TRIVIAL, parameters={"x": 1})
            assert "ran 1" in await run.succeed(request)
            started, exited = run.watcher.of(request)
            assert isinstance(started, Started)
            assert isinstance(exited, Exited)
            assert started.warning == ""
            assert exited.started_at <= exited.at
            assert exited.usage.max_rss > 1_000_000
            output = json.loads(request.outputs[1].read_text())
            assert output["parameterValues"] == {"Output": 2}

    asyncio.run(scenario())


def test_a_command_runs_as_it_stands(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            script = 'echo "$0" "$1"; echo "$GREETING"; pwd; umask; echo problem >&2; mkdir sub; exit 3'
            request = run.steps.command("sh", "-c", script, "a b", "$HOME", env=(("GREETING", "hello"),))
            end = await run.run(request)
            assert isinstance(end, Exited)
            assert end.exit_code == 3
            umask = os.umask(0)
            os.umask(umask)
            assert log(request) == f"a b $HOME\nhello\n{request.folder}\n{umask:04o}\nproblem\n"

    asyncio.run(scenario())


def test_only_allowed_variables_reach_a_step(home: Home) -> None:
    own = {"PATH": os.environ["PATH"], "HOME": "/home", "https_proxy": "x"}
    own |= {"SECRET": "s", "PASSED": "p", "PYTHONPATH": "y"}

    async def scenario() -> None:
        async with launcher(home, replace(SETTINGS, pass_env=("PASSED", "MISSING")), own) as run:
            found = dict(line.split("=", 1) for line in (await run.succeed(run.steps.command("env"))).splitlines())
            assert found["HOME"] == "/home"
            assert found["PASSED"] == "p"
            assert found["https_proxy"] == "x"
            assert not {"SECRET", "MISSING"} & found.keys()
            assert "y" not in found["PYTHONPATH"].split(":")

    asyncio.run(scenario())


def test_a_missing_command_is_refused(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            refused = await run.refused(run.steps.command("no-such-program", image="example.org/tool:1"))
            assert "'no-such-program'" in refused.reason
            assert "example.org/tool:1" in refused.reason
            assert not refused.infrastructure
            script = run.steps.home.root / "script"
            script.write_text("#!/no/such/interpreter\n")
            assert (await run.refused(run.steps.command(str(script)))).reason.count("Permission denied") == 1
            # Said again to whoever launches it again, as every end.
            request = run.steps.command("no-such-program")
            await run.refused(request)
            assert len(run.watcher.of(request)) == 2
            await run.refused(request)

    asyncio.run(scenario())


def test_a_step_that_dies_of_a_signal(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            end = await run.run(run.steps.command("sh", "-c", "kill -KILL $$"))
            assert isinstance(end, Exited)
            assert (end.exit_code, end.killed) == (-signal.SIGKILL, False)

    asyncio.run(scenario())


def test_100_megabytes_of_output(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            function = "def step():\n    line = 'x' * 999\n    for _ in range(100_000):\n        print(line)\n"
            requests = [run.steps.python(function), run.steps.command("head", "-c", "100000000", "/dev/zero")]
            ends = await asyncio.gather(*map(run.run, requests))
            assert [end.exit_code for end in ends if isinstance(end, Exited)] == [0, 0]
            assert (requests[0].folder / "log").stat().st_size > 100_000_000
            assert (requests[1].folder / "log").stat().st_size == 100_000_000

    asyncio.run(scenario())


LEAVES = """
def step():
    import os, subprocess, sys
    children = [
        subprocess.Popen(['sleep', '1000']),
        subprocess.Popen(['sleep', '1000'], start_new_session=True),
        subprocess.Popen(['sh', '-c', 'trap "" TERM HUP INT; sleep 1000 & setsid sleep 1000 & wait']),
    ]
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                subprocess.run(['sleep', '1000'])
        os._exit(0)
    print('PIDS', *[child.pid for child in children])
"""


def test_what_a_step_leaves_behind_is_killed(home: Home) -> None:
    """In whatever group or session it is, and however it was orphaned, before the step counts as ended."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python(LEAVES)
            await run.succeed(request)
            assert not _processes_in(request.folder)

    asyncio.run(scenario())


def test_a_step_dies_with_its_supervisor(home: Home) -> None:
    """Killed from outside with -9: the attempt is lost, and nothing of it goes on."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("sh", "-c", "sleep 1000 & setsid sleep 1000 & echo up > up; wait")
            run.launcher.launch(request)
            await until_file(request.folder / "up")
            os.kill(int((request.folder / "claim").read_text()), signal.SIGKILL)
            end = await run.watcher.end(request)
            assert "no record" in getattr(end, "reason", "")
            for pid in _processes_in(request.folder):
                await until_gone(pid)
            # The launcher goes on.
            await run.succeed(run.steps.command("true"))

    asyncio.run(scenario())


def test_200_steps_at_once(home: Home) -> None:
    """All of them alive at the same time, in one launcher, warm and not."""

    async def scenario() -> None:
        async with launcher(home) as run:
            gate = home.root / "gate"
            os.mkfifo(gate)
            wait = "def step(gate: str):\n    with open(gate) as file:\n        file.read()\n"
            steps = [run.steps.python(wait, parameters={"gate": str(gate)}) for _ in range(100)]
            steps += [run.steps.command("cat", str(gate)) for _ in range(100)]
            for request in steps:
                run.launcher.launch(request)
            for request in steps:
                await run.watcher.started(request)
            assert not [each for each in run.watcher.seen if not isinstance(each, Started)]
            with gate.open("w"):  # opens for all who wait; its end is theirs
                pass
            # Whoever comes to the gate later finds it closed again, until all have gone.
            waiting = asyncio.gather(*(run.watcher.exit(request) for request in steps))
            while not waiting.done():
                os.close(os.open(gate, os.O_RDWR | os.O_NONBLOCK))
                await asyncio.sleep(0.01)
            assert {end.exit_code for end in await waiting} == {0}

    asyncio.run(scenario())


def test_a_long_argument_is_refused_by_the_name_of_its_parameter(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            text = "y" * 200_000
            request = run.steps.command("echo", text)
            given = {"inputs": {"parameterValues": {"short": "a", "essay": text}}}
            refused = await run.refused(replace(request, executor_input=given))
            assert "'essay'" in refused.reason
            assert "200,000 bytes" in refused.reason
            assert not refused.infrastructure

    asyncio.run(scenario())


def test_an_unmapped_image_runs_with_a_warning(home: Home) -> None:
    """A Python component is built for the server's Python; what it lacks then is explained by `explain`."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.python(
                TRIVIAL, parameters={"x": 1}, image="example.org/models:2", installs=[INSTALL_KFP]
            )
            await run.succeed(request)
            started = run.watcher.of(request)[0]
            assert isinstance(started, Started)
            assert "example.org/models:2" in started.warning

    asyncio.run(scenario())


def test_a_broken_environment_does_not_stop_the_launcher(home: Home, tmp_path: Path) -> None:
    """An interpreter that ends at its start runs no step warm: the step itself then fails as it would by itself."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python3").write_text("#!/bin/sh\necho broken >&2\nkill -SEGV $$\n")
    (venv / "bin" / "python3").chmod(0o755)
    images = {**SETTINGS.images, "broken": ImageSetting(venv=str(venv)), "none": ImageSetting(venv="/no/such/venv")}

    async def scenario() -> None:
        async with launcher(home, replace(SETTINGS, images=images)) as run:
            request = run.steps.python(TRIVIAL, parameters={"x": 1}, image="broken")
            end = await run.run(request)
            assert isinstance(end, Exited)
            assert end.exit_code != 0
            assert "broken" in log(request)
            refused = await run.refused(run.steps.python(TRIVIAL, parameters={"x": 1}, image="none"))
            assert "/no/such/venv" in refused.reason
            await run.succeed(run.steps.python(TRIVIAL, parameters={"x": 1}, image=OWN))

    asyncio.run(scenario())


def test_a_folder_that_cannot_be_made(home: Home) -> None:
    """Nor by root: the attempts' folder is a file until it is mended."""

    async def scenario() -> None:
        async with launcher(home) as run:
            home.attempts.write_text("in the way")
            try:
                refused = await run.refused(run.steps.command("true"))
            finally:
                home.attempts.unlink()
            assert refused.infrastructure
            await run.succeed(run.steps.command("true"))

    asyncio.run(scenario())


def test_a_folder_that_is_a_file(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("true")
            home.attempts.mkdir()
            request.folder.write_text("in the way")
            refused = await run.refused(request)
            assert isinstance(refused, Refused)
            assert refused.infrastructure
            await run.succeed(run.steps.command("true"))

    asyncio.run(scenario())


def _processes_in(folder: Path) -> list[int]:
    """The processes whose working directory is the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
            except OSError:
                continue  # it ended meanwhile
    return found
