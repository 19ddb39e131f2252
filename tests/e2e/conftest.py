"""The real command line in processes of its own, against a real server, in homes of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.harness import PATIENCE, Server

HEADRACE = [sys.executable, "-m", "headrace"]


@dataclass(frozen=True)
class Cli:
    """`headrace ... --home HOME`."""

    home: Path

    def command(self, *words: str) -> list[str]:
        """The whole command line; `--home` comes before a `--`."""
        at = words.index("--") if "--" in words else len(words)
        return [*HEADRACE, *words[:at], "--home", str(self.home), *words[at:]]

    def run(self, *words: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        """Run it to its end, which must be with that exit code and never with a traceback."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        """Its one JSON document."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start it, with its output to be read line by line."""
        return subprocess.Popen(
            self.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=_hear_interrupts,
        )


def _hear_interrupts() -> None:
    """As at a terminal, also where the tests are run by what ignores Ctrl-C, such as a shell's background job."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The command line in a home whose server is up."""
    server = Server(tmp_path_factory.mktemp("e2e") / "home", ["--slots", "4", "--kill-grace", "3"])
    try:
        server.start()
        yield Cli(server.home)
    finally:
        server.stop()


@pytest.fixture
def down(tmp_path: Path) -> Cli:
    """The command line in a home of its own without a server."""
    return Cli(tmp_path / "home")


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled pipelines of `pipelines.py`."""
    folder = tmp_path_factory.mktemp("pipelines")
    subprocess.run([sys.executable, str(Path(__file__).parent / "pipelines.py"), str(folder)], check=True)
    return folder
