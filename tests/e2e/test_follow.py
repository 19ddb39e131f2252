"""Following logs over a restart of the server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.conftest import Cli
from tests.e2e.test_run import finish
from tests.harness import Server
from tests.ir import pipeline, shell_task


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["stopped", "killed"])
def test_it_goes_on_when_the_server_is_back(tmp_path: Path, end: Callable[[Server], None]) -> None:
    server, go = Server(tmp_path / "home"), tmp_path / "go"
    cli = Cli(server.start().home)
    try:
        waiting = shell_task("say", f"echo one; until [ -e {go} ]; do sleep 0.05; done; echo two")
        server.submit(pipeline(waiting))
        followers = {
            "": cli.start("logs", "last", "say", "-f"),
            "say: ": cli.start("logs", "last", "-f"),
            "0": cli.start("logs", "last", "say", "-f", "--attempt", "1", "--json"),
        }
        for follower in followers.values():
            assert follower.stdout is not None
            assert "one" in follower.stdout.readline()
        end(server)
        server.options = ["--port", server.url.rpartition(":")[2]]
        server.start()
        go.touch()
        for begin, follower in followers.items():
            code, out, err = finish(follower)
            assert (code, err) == (0, "")
            lines = [json.loads(line)["line"] for line in out.splitlines()] if begin == "0" else out.splitlines()
            assert [line.removeprefix(begin) for line in lines] == ["two"]
    finally:
        server.stop()
