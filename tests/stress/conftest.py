"""Servers for hostile loads: each test has its own, or shares the one that lives as long as the session."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.harness import Server
from tests.stress.kit import OWN

ENVIRONMENT = {"HEADRACE_IMAGES": json.dumps({OWN: {"venv": sys.prefix}}), "HEADRACE_KILL_GRACE": "0.3"}

Start = Callable[..., Server]


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
