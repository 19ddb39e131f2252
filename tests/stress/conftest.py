"""Servers for hostile loads: each test has its own, or shares the one that lives as long as the session."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.harness import Server
from tests.stress.kit import OWN

ENVIRONMENT = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}}), "HEADRACE_KILL_GRACE": "0.3"}

Start = Callable[..., Server]
Disk = Callable[[Path, int], None]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers in folders of the test's own: `start("--slots", "200")`; ends them and what they run."""
    servers: list[Server] = []

    def begin(*options: str, home: Path | None = None) -> Server:
        server = Server(home or tmp_path / "home", options, environment=ENVIRONMENT)
        servers.append(server)
        return server.start()

    yield begin
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that leave it as they found it."""
    running = Server(tmp_path_factory.mktemp("stress") / "home", ["--slots", "4"], environment=ENVIRONMENT)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Makes small disks: `disk(folder, megabytes)`. Needs the right to mount, which root has on Linux."""
    mounted: list[Path] = []

    def make(folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "headrace-test", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)

    if shutil.which("mount") is None:
        pytest.skip("no small disk can be mounted here: there is no mount command")
    yield make
    for folder in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
