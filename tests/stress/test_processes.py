"""Processes that do not behave, and processes that somebody kills: what ends, how it ends, and what goes on."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.harness import Server, tasks_of
from tests.ir import pipeline, shell_task
from tests.stress.conftest import Start
from tests.stress.kit import alive, children, lines, message, parent, pids, until

LEAVES_CHILDREN = """
import os, signal, sys, time
def forget(*, group=False, session=False, twice=False, deaf=False):
    if os.fork() > 0:
        return
    if session: os.setsid()
    if group: os.setpgid(0, 0)
    if twice and os.fork() > 0: os._exit(0)
    if deaf:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    for fd in range(3): os.close(fd)
    with open(sys.argv[1], "a") as file: file.write(f"{os.getpid()}\\n")
    time.sleep(600)
forget()
forget(group=True)
forget(session=True)
forget(session=True, twice=True, deaf=True)
while len(open(sys.argv[1]).readlines() if os.path.exists(sys.argv[1]) else ()) < 4: time.sleep(0.01)
"""


def python(script: str, *arguments: object) -> str:
    """A line of shell that becomes a Python with that script."""
    words = [sys.executable, "-c", script, *map(str, arguments)]
    return "exec " + " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def only(found: dict[str, Any], name: str = "step") -> dict[str, Any]:
    return tasks_of(found)[f"root.{name}"]


def test_children_that_were_left_behind_end_with_the_step(server: Server, tmp_path: Path) -> None:
    left = tmp_path / "left"
    run_id = server.submit(pipeline(shell_task("step", python(LEAVES_CHILDREN, left))))
    found = server.wait(run_id)
    assert found["state"] == "SUCCEEDED", message(only(found))
    assert len(pids(left)) == 4
    assert not any(map(alive, pids(left)))


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_a_step_that_a_signal_ends_says_which(server: Server, tmp_path: Path, name: str) -> None:
    file = tmp_path / "pid"
    run_id = server.submit(pipeline(shell_task("step", 'echo $$ > "$0"; exec sleep 600', file=str(file))))
    until(lambda: bool(lines(file)), "the step starts", server)
    os.kill(pids(file)[0], getattr(signal, name))
    found = server.wait(run_id)
    assert found["state"] == "FAILED"
    assert name in message(only(found))


def test_a_step_that_crashes_says_so(server: Server) -> None:
    found = server.wait(server.submit(pipeline(shell_task("step", python("import ctypes; ctypes.string_at(0)")))))
    assert found["state"] == "FAILED"
    assert "SIGSEGV" in message(only(found))


def waiting(folder: Path, names: list[str]) -> dict[str, Any]:
    """Steps that say their pid and wait for the file `go`."""
    script = 'echo $$ > "$0/$1"; while [ ! -e "$0/go" ]; do sleep 0.02; done; echo done'
    return pipeline(*(shell_task(name, script, folder=str(folder), own=name) for name in names))


def test_one_supervisor_killed_takes_one_step_with_it(start: Start, tmp_path: Path) -> None:
    """The lost one says why it is tried again; the others do not notice."""
    server = start("--slots", "3")
    names = ["one", "two", "three"]
    run_id = server.submit(waiting(tmp_path, names))
    until(lambda: all(lines(tmp_path / name) for name in names), "three steps start", server)
    victim = pids(tmp_path / "one")[0]
    os.kill(parent(victim), signal.SIGKILL)
    until(lambda: not alive(victim), "the step dies with its supervisor", server)
    until(lambda: "its supervisor" in message(only(server.run(run_id), "one")), "the loss is told", server)
    (tmp_path / "go").touch()
    found = server.wait(run_id)
    assert found["state"] == "SUCCEEDED"
    assert [len(only(found, name)["pods"]) for name in names] == [2, 1, 1]
    assert server.wait(server.submit(waiting(tmp_path, ["next"])))["state"] == "SUCCEEDED"


def test_fork_server_killed_takes_no_step_with_it(start: Start, tmp_path: Path) -> None:
    server = start("--slots", "2")
    names = ["one", "two", "queued"]
    run_id = server.submit(waiting(tmp_path, names))
    until(lambda: len(list(tmp_path.glob("[otq]*"))) == 2, "two steps start", server)
    assert server.process is not None
    (fork_server,) = children(server.process.pid)
    os.kill(fork_server, signal.SIGKILL)
    until(lambda: not alive(fork_server), "the fork server dies", server)
    (tmp_path / "go").touch()
    found = server.wait(run_id)
    assert found["state"] == "SUCCEEDED", found.get("error")
    assert server.wait(server.submit(waiting(tmp_path, ["next"])))["state"] == "SUCCEEDED"


def test_terminate_ends_fifty_steps_deaf_ones_too(start: Start, tmp_path: Path) -> None:
    server = start("--slots", "20")
    started = tmp_path / "started"
    deaf = 'trap "" TERM; (trap "" TERM; echo $$ >> "$0"; while true; do sleep 0.05; done) & wait; wait'
    polite = 'echo $$ >> "$0"; exec sleep 600'
    scripts = [deaf if number % 2 else polite for number in range(50)]
    tasks = [shell_task(f"step-{number}", script, file=str(started)) for number, script in enumerate(scripts)]
    run_id = server.submit(pipeline(*tasks))
    until(lambda: len(lines(started)) == 20, "as many as there are slots", server)
    server.post(f"/apis/v2beta1/runs/{run_id}:terminate")
    found = server.wait(run_id)
    assert found["state"] == "CANCELED"
    assert not any(map(alive, pids(started)))
    assert len(lines(started)) == 20, "a step that was queued was started"
    states = {task["state"] for path, task in tasks_of(found).items() if path != "root"}
    assert not states & {"RUNNING", "SUCCEEDED"}, states


HYDRA = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    while True:
        if os.fork() > 0: os._exit(0)
with open(sys.argv[1], "w") as file: file.write(f"{os.getpid()}\\n")
if sys.argv[2] == "stays": time.sleep(600)
"""
"""Leaves a process that is another one at every look: it forks and ends, forks and ends."""


def test_a_process_that_forks_away_from_every_kill_is_caught(server: Server, tmp_path: Path) -> None:
    found = server.wait(server.submit(pipeline(shell_task("step", python(HYDRA, tmp_path / "first", "goes")))))
    assert found["state"] == "SUCCEEDED"
    file = tmp_path / "second"
    run_id = server.submit(pipeline(shell_task("step", python(HYDRA, file, "stays"))))
    until(lambda: bool(lines(file)), "the step starts", server)
    server.post(f"/apis/v2beta1/runs/{run_id}:terminate")
    assert server.wait(run_id)["state"] == "CANCELED"


@pytest.mark.parametrize("whom", ["$$", "$PPID"], ids=["step", "supervisor"])
def test_what_was_stopped_can_be_terminated(server: Server, tmp_path: Path, whom: str) -> None:
    file = tmp_path / "pid"
    script = f'echo $$ > "$0"; kill -STOP {whom}; sleep 600'
    run_id = server.submit(pipeline(shell_task("step", script, file=str(file))))
    until(lambda: bool(lines(file)), "the step starts", server)
    pid = pids(file)[0]
    stopped = pid if whom == "$$" else parent(pid)
    until(lambda: Path(f"/proc/{stopped}/stat").read_text().rpartition(")")[2].split()[0] == "T", "it stops", server)
    server.post(f"/apis/v2beta1/runs/{run_id}:terminate")
    assert server.wait(run_id)["state"] == "CANCELED"
    assert not alive(pid)
