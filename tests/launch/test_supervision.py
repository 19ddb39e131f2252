"""One supervisor by itself, given jobs as a fork server would: what it says, keeps and lets go between two of them."""

import json
import os
import resource
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.launch.steps import PATIENCE

from headrace.launch.runner import linux, supervisor, wire

ENV = [["PATH", os.environ["PATH"]]]
STUBBORN = {
    "name": "side",
    "argv": ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"],
    "env": ENV,
    "sidecar": True,
}


@dataclass
class Supervisor:
    """A supervisor in a fork of this process, with our ends of its pipes."""

    folder: Path
    pid: int = 0
    inbox: int = -1
    status: int = -1
    rest: int = -1
    number: int = 0
    _said: bytes = b""
    _reports: list[list[Any]] = field(default_factory=list)

    def start(self) -> None:
        its_inbox, self.inbox = os.pipe()
        self.status, its_status = os.pipe()
        self.rest, its_rest = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for fd in (self.inbox, self.status, self.rest):
                    os.close(fd)
                supervisor.supervise(its_inbox, its_status, its_rest, linux.prctl(), lambda: None, lambda: None)
            finally:
                os._exit(0)
        for fd in (its_inbox, its_status, its_rest):
            os.close(fd)

    def give(self, script: str, **more: object) -> Path:
        """A job; the folder of its attempt."""
        self.number += 1
        folder = self.folder / f"a{self.number}"
        job = {"id": folder.name, "folder": str(folder), "mkdirs": [], "env": ENV, "argv": ["sh", "-c", script], **more}
        wire.write_all(self.inbox, wire.frame(json.dumps(job).encode()))
        return folder

    def report(self) -> list[Any]:
        """The next thing that it says."""
        while b"\n" not in self._said:
            ready, _, _ = select.select([self.status], [], [], PATIENCE)
            assert ready
            part = os.read(self.status, 1 << 16)
            assert part, "it ended"
            self._said += part
        line, self._said = self._said.split(b"\n", 1)
        found: list[Any] = json.loads(line)
        return found

    def end(self) -> Any:
        """The record of the job that it has, or TAKEN."""
        while True:
            kind, _, *more = self.report()
            if kind == wire.ENDED:
                return more[0]
            if kind == wire.TAKEN:
                return wire.TAKEN

    def files(self) -> list[str]:
        return sorted((each.name for each in Path(f"/proc/{self.pid}/fd").iterdir()), key=int)

    def until_ready(self) -> None:
        """Until the process of its next step waits."""
        until = time.monotonic() + PATIENCE
        while len(linux.children(self.pid)) != 1:
            assert time.monotonic() < until
            time.sleep(0.01)

    def close(self) -> int:
        """Its exit status."""
        for fd in (self.inbox, self.status, self.rest):
            if fd >= 0:
                os.close(fd)
        return os.waitpid(self.pid, 0)[1]


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path)
    made.start()
    yield made
    assert made.close() == 0


def test_a_good_step_after_every_kind_of_job(one: Supervisor) -> None:
    """None of them leaves a file open, or a process."""
    one.give("exit 3")
    assert one.end()["code"] == 3
    one.until_ready()
    files = one.files()
    one.number -= 1
    one.give("exit 4")
    assert one.end() == wire.TAKEN
    killed = one.folder / f"a{one.number + 1}"
    killed.mkdir()
    (killed / wire.KILL).write_text("1")
    one.give("exit 5")
    assert one.end()["message"] == "killed before it started"
    (one.folder / "file").touch()
    one.give("exit 6", folder=str(one.folder / "file" / "folder"))
    assert "Not a directory" in one.end()["refused"]
    one.give("exit $((7 + RANK))", workers={"size": 3, "own": [], "files": [], "leftovers": []})
    assert one.end()["code"] >= 7
    folder = one.give("echo still here; exit 8")
    assert one.end()["code"] == 8
    assert (folder / "log").read_text() == "still here\n"
    one.until_ready()
    assert one.files() == files


def test_workers_that_cannot_be_forked(one: Supervisor) -> None:
    """There are too few files for all of them; those that were opened are closed."""
    one.until_ready()
    files = one.files()
    soft, hard = resource.prlimit(one.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(one.pid, resource.RLIMIT_NOFILE, (len(files) + 8, hard))
    one.give("true", workers={"size": 9, "own": [], "files": [], "leftovers": []})
    assert "its 9 workers cannot be started" in one.end()["refused"]
    resource.prlimit(one.pid, resource.RLIMIT_NOFILE, (soft, hard))
    one.until_ready()
    assert one.files() == files


@pytest.mark.parametrize("number", sorted(wire.ENDING))
def test_a_signal_between_two_steps_is_for_neither(one: Supervisor, number: signal.Signals) -> None:
    one.give("true")
    assert one.end()["code"] == 0
    os.kill(one.pid, number)
    one.give("sleep 0.1; exit 3")
    assert one.end()["code"] == 3


def test_a_kill_while_a_sidecar_parts_is_not_for_the_next_step(one: Supervisor) -> None:
    """The alarm that it sets for its grace goes with the step."""
    folder = one.give("exit 3", before=[STUBBORN])
    assert one.report()[0] == wire.STARTED
    until = time.monotonic() + PATIENCE
    while len(linux.descendants(one.pid)) > 2:  # the sidecar, and what it sleeps in
        assert time.monotonic() < until
        time.sleep(0.01)
    (folder / wire.KILL).write_text("5.5")
    os.kill(one.pid, wire.LOOK)
    one.end()
    time.sleep(1.5)  # more than is left of the grace
    one.give("exit 4")
    record = one.end()
    assert (record["code"], record["killed"]) == (4, False)


def test_the_samples_of_a_step_are_its_own(one: Supervisor) -> None:
    busy = "import time\nwhile time.process_time() < 1.2: pass"
    one.give(f"dd if=/dev/zero of={one.folder}/big bs=1M count=30 conv=fsync 2>/dev/null; python3 -c '{busy}'")
    assert one.end()["cores"] > 0.5
    folder = one.give("sleep 1.5")
    record = one.end()
    assert record["cores"] < 0.3
    assert record["user"] + record["system"] < 0.3
    assert record["written"] < 1_000_000
    [[_, cpu, _, read, written]] = [json.loads(line) for line in (folder / wire.USAGE).read_text().splitlines()]
    assert cpu < 0.3
    assert read + written < 30_000_000


@pytest.mark.parametrize("pipe", ["status", "rest"])
def test_without_a_server_it_ends_with_its_step(tmp_path: Path, pipe: str) -> None:
    """Also where its inbox is held open, by a fork server that was stopped: whoever adopts the attempt waits for it."""
    one = Supervisor(tmp_path)
    one.start()
    folder = one.give("sleep 0.1; exit 3")
    assert one.report()[0] == wire.STARTED
    os.close(getattr(one, pipe))
    setattr(one, pipe, -1)
    os.waitpid(one.pid, 0)
    assert json.loads((folder / wire.EXIT).read_text())["code"] == 3
    for fd in {one.inbox, one.status, one.rest} - {-1}:
        os.close(fd)
