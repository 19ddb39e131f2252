"""Where control groups can be made, in both versions and in the layouts of containers; what one of a step is told.

The trees are copies of what kernels show, but for what only a kernel does with it: see tests/launch for that.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from headrace.launch import control
from headrace.launch.control import Parents
from headrace.launch.limits import job, warnings
from headrace.launch.runner import groups
from headrace.spec.quantity import Quantities

MIB = 2**20

V1 = """\
30 25 0:26 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,name=systemd
31 25 0:27 / /sys/fs/cgroup/memory rw,nosuid,nodev - cgroup cgroup rw,memory
32 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
40 25 0:30 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw
20 1 8:1 / / rw - ext4 /dev/sda1 rw
"""
V1_IN_DOCKER = V1.replace("0:27 / /sys", "0:27 /docker/abc /sys").replace("0:28 / /sys", "0:28 /docker/abc /sys")
V2 = "30 25 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate\n"


def tree(root: Path, mountinfo: str, own: str, files: Mapping[str, str]) -> str:
    """A file system with these files below /sys/fs/cgroup; what `find` takes for it."""
    proc = root / "proc/self"
    proc.mkdir(parents=True)
    (proc / "mountinfo").write_text(mountinfo)
    (proc / "cgroup").write_text(own)
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return f"{root}/"


def told(root: Path, name: str) -> str:
    return (root / "sys/fs/cgroup" / name).read_text()


@pytest.mark.parametrize(
    ("mountinfo", "own", "memory", "cpu"),
    [
        (V1, "4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/\n", "memory/a/b", "cpu,cpuacct/c"),
        (V1_IN_DOCKER, "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc/in\n", "memory", "cpu,cpuacct/in"),
        (V1, "4:memory:/out/of/sight\n2:cpu,cpuacct:/../x\n", "memory", "cpu,cpuacct"),
    ],
)
def test_version_1_has_a_hierarchy_a_controller(
    tmp_path: Path, mountinfo: str, own: str, memory: str, cpu: str
) -> None:
    there = ("memory/a/b/x", "cpu,cpuacct/c/x", "cpu,cpuacct/in/x")
    root = tree(tmp_path, mountinfo, own, dict.fromkeys(there, ""))
    at = f"{root}sys/fs/cgroup"
    assert control.find(root) == Parents(f"{at}/{memory}", f"{at}/{cpu}", 1, "")


def test_version_2_is_divided_with_the_server_in_a_leaf(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "1000"])
    try:
        own = "system.slice/headrace.service"
        files = {
            f"{own}/cgroup.procs": f"{os.getpid()}\n{child.pid}\n",
            f"{own}/cgroup.controllers": "cpuset cpu io memory pids\n",
            f"{own}/cgroup.subtree_control": "",
            f"{own}/{control.LEAF}/cgroup.procs": "",
        }
        root = tree(tmp_path, V2, f"0::/{own}\n", files)
        folder = f"{root}sys/fs/cgroup/{own}"
        assert control.find(root) == Parents(folder, folder, 2, "")
    finally:
        child.kill()
        child.wait()
    assert told(tmp_path, f"{own}/{control.LEAF}/cgroup.procs") == str(child.pid)
    assert told(tmp_path, f"{own}/cgroup.subtree_control") == "+memory +cpu"


def test_version_2_from_within_the_leaf(tmp_path: Path) -> None:
    files = {
        "svc/cgroup.procs": "",
        "svc/cgroup.controllers": "memory pids\n",
        "svc/cgroup.subtree_control": "",
        f"svc/{control.LEAF}/cgroup.procs": "1\n",
    }
    root = tree(tmp_path, V2, f"0::/svc/{control.LEAF}\n", files)
    folder = f"{root}sys/fs/cgroup/svc"
    reason = f"the control group {folder} has no controller for cpu"
    assert control.find(root) == Parents(folder, "", 2, reason)


def test_version_2_that_others_are_in_is_left_alone(tmp_path: Path) -> None:
    files = {
        "user/session/cgroup.procs": f"{os.getpid()}\n{os.getppid()}\n",
        "user/session/cgroup.controllers": "memory cpu\n",
        "user/session/cgroup.subtree_control": "",
        "user/cgroup.procs": "",
        "user/cgroup.subtree_control": "",
    }
    root = tree(tmp_path, V2, "0::/user/session\n", files)
    found = control.find(root)
    assert (found.memory, found.cpu) == ("", "")
    assert found.reason.endswith("cannot be divided: processes that are not this server's are in it")
    assert told(tmp_path, "user/session/cgroup.subtree_control") == ""


def test_where_there_is_nothing(tmp_path: Path) -> None:
    assert control.find(f"{tmp_path}/").reason.startswith("this system has no control groups")
    root = tree(tmp_path, "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "0::/\n", {})
    assert control.find(root).reason == "no control groups are mounted"


def test_what_is_not_ours_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so what an ordinary user is told is told here."""
    root = tree(tmp_path, V1, "4:memory:/\n2:cpu,cpuacct:/\n", {"memory/x": "", "cpu,cpuacct/x": ""})
    monkeypatch.setattr(control.os, "access", lambda folder, _: not folder.endswith("memory"))
    assert control.find(root).reason == "no control group can be made for memory"


def test_what_a_group_of_version_2_is_told_and_says(tmp_path: Path) -> None:
    folder = tmp_path / "headrace-a"
    folder.mkdir()
    for name in ("memory.swap.max", "memory.oom.group", "cgroup.procs"):
        (folder / name).touch()
    for name in ("memory.max", "cpu.max"):
        (folder / name).touch()
    group = groups.make([str(tmp_path), str(tmp_path), 2], "a", 64 * MIB, 1.5)
    assert group.folders == [str(folder)]
    group.enter(os.getpid())
    names = ("memory.max", "memory.swap.max", "memory.oom.group", "cpu.max", "cgroup.procs")
    said = [(folder / name).read_text() for name in names]
    assert said == [str(64 * MIB), "0", "1", "150000 100000", str(os.getpid())]
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 30\noom 2\noom_kill 4\noom_group_kill 1\n")
    (folder / "memory.current").write_text("5000\n")
    (folder / "memory.stat").write_text("anon 3000\nfile 1500\ninactive_file 1200\nactive_file 300\n")
    assert (group.kills(), group.used()) == (4, 3800)


def test_what_a_group_of_version_1_is_told_and_says(tmp_path: Path) -> None:
    memory, cpu = tmp_path / "memory/headrace-a", tmp_path / "cpu/headrace-a"
    for folder, names in (
        (memory, ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.swappiness")),
        (cpu, ("cpu.cfs_period_us", "cpu.cfs_quota_us")),
    ):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
    group = groups.make([str(memory.parent), str(cpu.parent), 1], "a", 64 * MIB, 0.25)
    assert group.folders == [str(memory), str(cpu)]
    assert {(memory / name).read_text() for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")} == {
        str(64 * MIB)
    }
    assert (memory / "memory.swappiness").read_text() == "0"
    assert [(cpu / name).read_text() for name in ("cpu.cfs_period_us", "cpu.cfs_quota_us")] == ["100000", "25000"]
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    (memory / "memory.usage_in_bytes").write_text("5000\n")
    (memory / "memory.stat").write_text("cache 1\ninactive_file 10\ntotal_inactive_file 1000\n")
    assert (group.kills(), group.used()) == (1, 4000)


def test_only_what_is_over_is_swept(tmp_path: Path) -> None:
    for name in ("headrace-over", "headrace-alive", control.LEAF, "other"):
        (tmp_path / name).mkdir()
    control.sweep(Parents(str(tmp_path), str(tmp_path), 2, ""), lambda name: name in ("over", "server", "other"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["headrace-alive", control.LEAF, "other"]


def test_the_limits_of_a_job() -> None:
    both, none = Parents("/m", "/c", 1, ""), Parents("", "", 0, "none here")
    assert job(Quantities(cpu_request=1, memory_request=MIB), both) == {}
    assert job(Quantities(cpu_limit=1.5), both) == {"memory": 0, "cpu": 1.5, "parents": ["/m", "/c", 1]}
    assert job(Quantities(cpu_limit=1.5), none) == {}
    assert job(Quantities(memory_limit=MIB), none) == {"memory": MIB, "cpu": 0.0, "parents": ["", "", 0]}
    assert warnings(Quantities(cpu_limit=1.5), both) == []
    assert warnings(Quantities(cpu_limit=1.5), none) == ["its CPU limit of 1.5 is not enforced: none here"]
