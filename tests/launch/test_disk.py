"""A full disk: each step ends in a way that says so, and the launcher goes on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.launch.steps import Running, launcher, log, until_file

from headrace.base.home import Home
from headrace.launch.base import Exited


@pytest.fixture
def small_home(tmp_path: Path) -> Iterator[Home]:
    """A home on a file system of one megabyte, where this user may mount one."""
    root = tmp_path / "small"
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "headrace-test", str(root)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield Home(root)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)


def fill(folder: Path) -> Path:
    """Take all the room there is."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as out:
        for size in (65_536, 4096, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                continue  # that much does not fit any more
    return file


async def the_launcher_goes_on(run: Running, filler: Path) -> None:
    filler.unlink()
    assert "ran" in await run.succeed(run.steps.python("def step():\n    print('ran')\n"))
    await run.succeed(run.steps.command("true"))


def test_no_room_to_start(small_home: Home) -> None:
    async def scenario() -> None:
        async with launcher(small_home) as run:
            filler = fill(small_home.root)
            requests = [run.steps.command("true"), run.steps.python("def step():\n    pass\n")]
            for request in requests:
                refused = await run.refused(request)
                assert refused.infrastructure
                assert "No space left" in refused.reason
            await the_launcher_goes_on(run, filler)
            # Nothing was claimed, so the same attempts can be started now.
            run.watcher.seen.clear()
            for request in requests:
                await run.succeed(request)

    asyncio.run(scenario())


def test_no_room_for_a_long_input(small_home: Home) -> None:
    async def scenario() -> None:
        async with launcher(small_home) as run:
            function = "def step(text: str):\n    print('ran', len(text))\n"
            refused = await run.refused(run.steps.python(function, parameters={"text": "x" * 2_000_000}))
            assert refused.infrastructure
            assert "No space left" in refused.reason
            await the_launcher_goes_on(run, fill(small_home.root))

    asyncio.run(scenario())


def test_the_disk_fills_while_a_step_runs(small_home: Home) -> None:
    """The step fails by itself, with what it said as far as there was room; its end is recorded all the same."""
    function = "def step():\n    open('up', 'w').write('up')\n    open('big', 'wb').write(b'x' * 10_000_000)\n"

    async def scenario() -> None:
        async with launcher(small_home) as run:
            request = run.steps.python(function)
            end = await run.run(request)
            assert isinstance(end, Exited)
            assert end.exit_code == 1
            assert (request.folder / "exit").exists()
            run.watcher.seen.clear()
            assert await run.run(request) == end
            await the_launcher_goes_on(run, request.folder / "big")

    asyncio.run(scenario())


def test_the_exit_record_has_its_room_reserved(small_home: Home) -> None:
    """Nothing else fits when the step ends, and a launcher that comes later still reads how it ended."""

    async def scenario() -> None:
        async with launcher(small_home) as run:
            request = run.steps.command("sh", "-c", "echo up > up; while [ ! -e go ]; do sleep 0.02; done; exit 6")
            run.launcher.launch(request)
            await until_file(request.folder / "up")
            (request.folder / "go").touch()
            filler = fill(small_home.root)
            assert (await run.watcher.exit(request)).exit_code == 6
        async with launcher(small_home) as run:
            assert (await run.run(request)).exit_code == 6  # type: ignore[union-attr]
            await the_launcher_goes_on(run, filler)

    asyncio.run(scenario())


def test_a_step_that_removes_its_folder(home: Home) -> None:
    """Its record cannot be written, so the launcher that is up hears of its end by the pipe."""

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("sh", "-c", 'rm -rf "$PWD"; exit 4')
            end = await run.run(request)
            assert isinstance(end, Exited), log(request)
            assert end.exit_code == 4
            assert "not written" in end.message

    asyncio.run(scenario())
