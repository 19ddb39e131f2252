"""`headrace up --grpc-port`: a run over gRPC on a whole server, and how the address is had and given up."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx2
import pytest
from tests.harness import Server
from tests.ir import pipeline, shell_task
from tests.rpc.conftest import Client

from headrace.rpc.proto import run_pb2

SPEC = pipeline(shell_task("say", "echo hello"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, options=["--grpc-port", "0"]).start()
    yield server
    server.stop()


def address(server: Server) -> str:
    found: str = json.loads((server.home / "server.json").read_text())["grpc"]
    return found


def up(home: Path, *options: str, program: str = "pass") -> "subprocess.CompletedProcess[str]":
    """`headrace up` that cannot be; `program` runs before it in its interpreter."""
    words = ["headrace", "up", "--home", str(home), "--port", "0", *options]
    code = f"import sys; {program}; sys.argv = {words}; from headrace.cli.main import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_a_run_over_grpc(server: Server) -> None:
    with grpc.insecure_channel(address(server)) as channel:
        client = Client(channel)
        run_id = client.call("CreateRun", run=run_pb2.Run(display_name="r", pipeline_spec=SPEC)).run_id
        server.wait(run_id)
        ended = client.call("GetRun", run_id=run_id)
        assert ended.state == run_pb2.SUCCEEDED
        assert {"r", "say"} == {each.display_name for each in ended.run_details.task_details}
        assert [each.state for each in ended.state_history][-1] == run_pb2.SUCCEEDED
        metrics = httpx2.get(f"{server.url}/metrics").text
        assert 'headrace_http_requests_total{method="POST",route="/apis/v2beta1/runs",status="200"} 1.0' in metrics
        server.stop()
        assert server.process is not None
        assert server.process.returncode == 0
        with pytest.raises(grpc.RpcError) as caught:
            client.call("GetRun", run_id=run_id)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_it_says_where_it_is(server: Server, tmp_path: Path) -> None:
    host, _, port = address(server).rpartition(":")
    assert (host, int(port) > 0) == ("127.0.0.1", True)
    other = up(tmp_path / "other", "--grpc-port", port)
    assert (other.returncode, f"127.0.0.1:{port}: cannot listen there for gRPC" in other.stderr) == (2, True)
    assert "--grpc-port takes another port" in other.stderr
    assert "Traceback" not in other.stderr


def test_it_names_the_extra_where_that_is_not_installed(tmp_path: Path) -> None:
    told = up(tmp_path, "--grpc-port", "0", program="sys.modules['grpc'] = None")
    assert (told.returncode, "headrace[grpc]" in told.stderr) == (2, True)
    assert "Traceback" not in told.stderr


def test_a_port_is_a_port(tmp_path: Path) -> None:
    told = up(tmp_path, "--grpc-port", "70000")
    assert (told.returncode, "grpc_port: 70000 is no port" in told.stderr) == (2, True)
