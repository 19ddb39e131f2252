"""Pipelines in containers, by a real server on a fake engine: to their end, also when the server is killed."""

import subprocess
import sys
from pathlib import Path

from tests.harness import Server, tasks_of
from tests.ir import pipeline, shell_task
from tests.launch.grounds import fake_server
from tests.launch.test_crash import ROOT

WAIT = 'echo begin; touch "$0/up"; while ! [ -e "$0/go" ]; do sleep 0.05; done; echo end'


def test_a_pipeline_in_containers_goes_on_after_a_kill(tmp_path: Path) -> None:
    spec = pipeline(
        shell_task("wait", WAIT, folder=str(tmp_path)),
        shell_task("after", "echo after", after=["wait"]),
    )
    with fake_server(tmp_path / "engine.sock") as engine:
        server = Server(tmp_path / "home", ["--launcher", "container", "--container-engine", engine]).start()
        try:
            run_id = server.submit(spec)
            while not (tmp_path / "up").exists():
                assert server.get(f"/apis/v2beta1/runs/{run_id}")["state"] in ("PENDING", "RUNNING"), server.log()
            server.kill()
            (tmp_path / "go").touch()
            server.start()
            run = server.wait(run_id)
            assert run["state"] == "SUCCEEDED", server.log()
            for name, said in (("wait", "begin\nend\n"), ("after", "after\n")):
                task = tasks_of(run)[f"root.{name}"]
                assert task["state"] == "SUCCEEDED"
                (log,) = (each for each in (tmp_path / "home/attempts").glob("*/log") if each.read_text() == said)
                assert (log.parent / "exit").exists()
        finally:
            server.stop()


def test_no_engine_ends_the_start(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "headrace",
        "up",
        "--home",
        str(tmp_path),
        "--port",
        "0",
        "--launcher",
        "container",
    ]
    nowhere = f"unix://{tmp_path}/none.sock"
    ended = subprocess.run(
        [*command, "--container-engine", nowhere], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert ended.returncode == 2, ended.stderr
    assert f"container_engine names {nowhere}" in ended.stderr
    assert 'launcher = "process"' in ended.stderr
    assert "Traceback" not in ended.stderr
