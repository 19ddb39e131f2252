"""Steps that name /gcs, /s3 or /minio find the store's buckets there, whoever runs the server; nothing is left there.

What the kernel of a machine forbids is skipped with its reason; that such a step still runs is tested everywhere.
"""

import asyncio
import ctypes
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.launch.steps import Steps, launcher, log, until_file, until_gone
from tests.launch.test_crash import Gate, Server
from tests.mounting import said_by_child, skip_where_forbidden

from headrace.base.clock import Instant
from headrace.base.home import Home, buckets
from headrace.launch.base import Exited, LaunchRequest
from headrace.launch.explain import explain_exit
from headrace.launch.runner import linux, mounts, supervisor, wire

pytestmark = pytest.mark.skipif(not linux.IS_LINUX, reason="only Linux has mount namespaces")

NOBODY = 65534
_PR_SET_DUMPABLE = 4
_CLONE_NEWUSER = 0x10000000


def in_child(work: Callable[[], None]) -> None:
    """Do it in a fork. What it raises fails the test."""
    assert said_by_child(lambda: work() or "") == ""


def names(folder: str | Path) -> list[str]:
    return sorted(each.name for each in Path(folder).iterdir())


def namespaces() -> list[Path]:
    return [Path(f"/proc/self/ns/{kind}").readlink() for kind in ("mnt", "user")]


def become(user: str) -> None:
    """Be an ordinary user, as one who has logged in is; or one whose kernel allows no mount namespaces."""
    if user == "ordinary" and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)

    if user == "forbidden":
        uid, gid = os.geteuid(), os.getegid()
        assert ctypes.CDLL(None).unshare(_CLONE_NEWUSER) == 0
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            Path("/proc/self", file).write_text(text)
        Path("/proc/sys/user/max_mnt_namespaces").write_text("0")


@pytest.fixture(params=["root", "ordinary"])
def user(request: pytest.FixtureRequest, place: Path) -> str:
    name: str = request.param
    if name == "root" and os.geteuid() != 0:
        pytest.skip("the tests are not run by root")
    skip_where_forbidden(place, lambda: become(name))
    return name


@pytest.fixture
def place(home: Home) -> Path:
    """A folder that is everybody's, as are those above it."""
    home.root.chmod(0o755)
    folder = home.root / "place"
    for each in (folder, folder / "stage", folder / "bucket"):
        each.mkdir()
        each.chmod(0o777)
    return folder


@pytest.fixture
def allowed(place: Path) -> None:
    """Whoever runs the tests, and so the launcher, can have mounts."""
    skip_where_forbidden(place)


def test_a_path_that_the_host_has_not(user: str, place: Path) -> None:
    before = names("/")
    missing = "/headrace-test-bucket"

    def work() -> None:
        become(user)
        uid, gid = os.geteuid(), os.getegid()
        assert mounts.enter([[str(place / "bucket"), missing, False]], str(place / "stage")) == ""
        Path(missing, "made").write_text("by the step")
        assert names("/") == sorted([*before, missing[1:]])
        assert Path(place, "bucket/made").read_text() == "by the step"
        assert Path("/proc/self/status").exists()
        assert (os.geteuid(), os.getegid()) == (uid, gid)
        assert Path(missing, "made").stat().st_uid == uid

    in_child(work)
    assert names("/") == before
    assert (place / "bucket/made").read_text() == "by the step"
    assert list((place / "stage").iterdir()) == []


def test_paths_in_folders_that_the_host_has(user: str, place: Path) -> None:
    """What is in the folder stays to be seen, and written; a mount may be read-only, and cover what was there."""
    there = place / "there"
    for folder in (there, there / "covered", there / "folder"):
        folder.mkdir()
        folder.chmod(0o777)
    (there / "covered" / "file").write_text("of the host")
    (there / "folder" / "file").write_text("deep")
    (there / "file").write_text("x")
    (there / "file").chmod(0o666)
    (there / "link").symlink_to("folder/file")
    (place / "bucket" / "data").write_text("d")
    bucket = str(place / "bucket")
    wanted = [
        [bucket, str(there / "new"), False],
        [bucket, str(there / "deep/er"), True],
        [bucket, str(there / "covered"), False],
    ]

    def work() -> None:
        become(user)
        assert mounts.enter(wanted, str(place / "stage")) == ""
        assert names(there) == ["covered", "deep", "file", "folder", "link", "new"]
        assert (there / "link").read_text() == "deep"
        assert (there / "link").is_symlink()
        (there / "file").write_text("changed")
        (there / "new/one").write_text("1")
        assert names(there / "covered") == ["data", "one"]
        assert (there / "deep/er/one").read_text() == "1"
        with pytest.raises(OSError, match="Read-only"):
            (there / "deep/er/two").write_text("2")

    in_child(work)
    assert names(there) == ["covered", "file", "folder", "link"]
    assert (there / "covered/file").read_text() == "of the host"
    assert (there / "file").read_text() == "changed"
    assert names(place / "bucket") == ["data", "one"]


def capabilities() -> str:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")]
    return line


def test_nobody_gains_rights(user: str, place: Path) -> None:
    def work() -> None:
        become(user)
        before = capabilities()
        sealed = place / "bucket/sealed"
        sealed.write_text("x")
        sealed.chmod(0o444)
        assert mounts.enter([[str(place / "bucket"), "/gcs", False]], str(place / "stage")) == ""
        if os.geteuid() != 0:  # root may write what it made read-only
            with pytest.raises(PermissionError):
                Path("/gcs/sealed").write_text("y")
        assert capabilities() == before

    in_child(work)


def test_where_it_does_not_work_nothing_has_changed(place: Path) -> None:
    def work() -> None:
        before = namespaces()
        reason = mounts.enter([[str(place / "none"), "/gcs", False]], str(place / "stage"))
        assert reason
        assert before == namespaces()
        assert list((place / "stage").iterdir()) == []

    in_child(work)


COMMAND = 'mkdir -p "$0/in" && echo hello > "$0/in/file" && cat "$0/in/file"'


@pytest.mark.parametrize(("point", "scheme"), [("/gcs", "gs"), ("/s3", "s3"), ("/minio", "minio")])
@pytest.mark.usefixtures("allowed")
def test_a_command_finds_its_buckets(home: Home, point: str, scheme: str) -> None:
    before = names("/")

    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("sh", "-c", COMMAND, f"{point}/bucket")
            await run.succeed(request)
            assert log(request) == "hello\n"

    asyncio.run(scenario())
    assert (buckets(home.store, scheme) / "bucket/in/file").read_text() == "hello\n"
    assert names("/") == before


PYTHON = """
def step(folder: str):
    import os, subprocess, sys
    os.makedirs(folder)
    open(folder + '/file', 'w').write('one')
    assert os.getcwd() == os.environ['PWD']
    program = 'import sys; print(open(sys.argv[1]).read())'
    assert subprocess.check_output([sys.executable, '-c', program, folder + '/file'], text=True) == 'one\\n'
"""
IN_SOURCE = PYTHON.replace("(folder: str):", "():\n    folder = '/s3/bucket/folder'")


@pytest.mark.parametrize(
    ("source", "parameters"), [(IN_SOURCE, {}), (PYTHON, {"folder": "/s3/bucket/folder"})], ids=["source", "parameter"]
)
@pytest.mark.usefixtures("allowed")
def test_a_warm_component_finds_its_buckets(home: Home, source: str, parameters: dict[str, str]) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            await run.succeed(run.steps.python(source, parameters=parameters))

    asyncio.run(scenario())
    assert (buckets(home.store, "s3") / "bucket/folder/file").read_text() == "one"


def supervised(job: dict[str, object], user: str) -> int:
    """The pid of a supervisor with a step of its own, both of the user; a fork of this process."""
    inbox, ours = os.pipe()
    wire.write_all(ours, wire.frame(json.dumps(job).encode()))
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            become(user)
            null = os.open(os.devnull, os.O_WRONLY)
            supervisor.supervise(inbox, null, os.dup(null), linux.prctl(), lambda: None, lambda: None)
        finally:
            os._exit(0)
    os.close(inbox)
    os.close(ours)
    return pid


def job_of(place: Path, target: str, script: str) -> dict[str, object]:
    folder = str(place / "attempt")
    return {
        "id": "a",
        "folder": folder,
        "mkdirs": [str(place / "bucket")],
        "mounts": [[str(place / "bucket"), target, False]],
        "env": [["PATH", os.environ["PATH"]]],
        "argv": ["sh", "-c", script],
    }


def record_of(place: Path, pid: int) -> dict[str, object]:
    os.waitpid(pid, 0)
    found: dict[str, object] = json.loads((place / "attempt/exit").read_text())
    return found


def test_the_supervisor_stays_outside(user: str, place: Path) -> None:
    script = "echo x > /gcs/made; id -u > /gcs/id; (sleep 1000 & echo $! > /gcs/left); exit 7"
    record = record_of(place, supervised(job_of(place, "/gcs", script), user))
    assert record["code"] == 7, (place / "attempt/log").read_text()
    assert (place / "bucket/made").read_text() == "x\n"
    assert not (place / "attempt/unbound").exists()
    assert not Path(f"/proc/{(place / 'bucket/left').read_text().strip()}").exists()


def test_a_step_dies_with_its_supervisor_also_there(user: str, place: Path) -> None:
    async def scenario() -> None:
        pid = supervised(job_of(place, "/gcs", "echo $$ > /gcs/new; mv /gcs/new /gcs/up; exec sleep 1000"), user)
        step = int(await until_file(place / "bucket/up"))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        await until_gone(step)

    asyncio.run(scenario())


def test_its_tree_is_terminated_also_there(user: str, place: Path) -> None:
    async def scenario() -> None:
        script = "trap 'echo bye > /gcs/bye; exit 4' TERM; echo up > /gcs/new; mv /gcs/new /gcs/up; sleep 1000 & wait"
        pid = supervised(job_of(place, "/gcs", script), user)
        await until_file(place / "bucket/up")
        os.kill(pid, signal.SIGTERM)
        assert record_of(place, pid)["code"] == 4
        assert (place / "bucket/bye").read_text() == "bye\n"

    asyncio.run(scenario())


def test_a_step_that_cannot_have_its_mounts_runs_and_tells_why_when_it_fails(place: Path) -> None:
    """There is no place for a folder in a file, for nobody."""
    file = place / "folder" / "file"
    file.parent.mkdir()
    file.write_text("x")
    pid = supervised(job_of(place, f"{file}/gcs", "echo it did run; exit 3"), "whoever runs the tests")
    folder = place / "attempt"
    assert record_of(place, pid)["code"] == 3
    request = LaunchRequest("a", "r", "root.a", "", (), (), (), (), {}, folder, folder)
    told = explain_exit(Exited("a", Instant(0), Instant(1), 3), request)
    assert told.startswith(f"exit code 3: it did run. It names {file}/gcs, where the store could not be bound for it: ")
    assert told.endswith((f"Not a directory: {file}/gcs", "Operation not permitted"))


def test_a_step_runs_where_the_kernel_forbids_mounts(place: Path) -> None:
    skip_where_forbidden(place, lambda: become("ordinary"))  # it takes a user namespace to forbid them
    job = job_of(place, "/headrace-none", "id -u; ls -d /headrace-none; exit 3")
    assert record_of(place, supervised(job, "forbidden"))["code"] == 3
    folder = place / "attempt"
    assert (folder / "log").read_text().splitlines()[0] == str(os.geteuid())
    said = "It names /headrace-none, where the store could not be bound for it: a mount namespace cannot be made: "
    assert (folder / "unbound").read_text().startswith(said)


@pytest.mark.usefixtures("allowed")
def test_it_is_adopted_as_any_step(home: Home) -> None:
    async def scenario() -> None:
        gate = Gate(home)
        request = gate.command(Steps(home), before="mkdir -p /gcs/b", after="echo x > /gcs/b/x")
        server = Server(home, [request])
        await until_file(request.folder / "up")
        server.kill(fork_servers=True)
        async with launcher(home) as run:
            run.launcher.launch(request)
            await run.watcher.started(request)
            await gate.open([request])
            assert (await run.watcher.exit(request)).exit_code == 5
        assert gate.runs() == [request.attempt_id]
        assert (buckets(home.store, "gs") / "b/x").read_text() == "x\n"

    asyncio.run(scenario())
