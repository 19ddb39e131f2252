"""Where the kernel counts the processes that it killed for want of memory, in the layouts of its control groups."""

import os
from pathlib import Path

import pytest

from headrace.launch.runner import linux

COUNTS = "oom_kill_disable 0\nunder_oom 0\noom 7\noom_kill 3\n"


@pytest.mark.parametrize(
    ("groups", "counter"),
    [
        ("0::/user/step\n", "sys/fs/cgroup/user/step/memory.events"),
        ("5:cpu:/x\n4:memory:/pod\n0::/\n", "sys/fs/cgroup/memory/pod/memory.oom_control"),
        ("4:cpu,memory:/outside\n", "sys/fs/cgroup/memory/memory.oom_control"),
        ("1:name=systemd:/\n", "proc/vmstat"),
        (None, "proc/vmstat"),
    ],
)
def test_the_count_of_the_own_group_is_read_else_the_machines(tmp_path: Path, groups: str | None, counter: str) -> None:
    file = tmp_path / counter
    for folder in (file.parent, tmp_path / "proc/self"):
        folder.mkdir(parents=True, exist_ok=True)
    if groups is not None:
        (tmp_path / "proc/self/cgroup").write_text(groups)
    file.write_text(COUNTS)
    opened = linux.kill_counter(f"{tmp_path}/")
    assert linux.kills_for_memory(opened) == 3
    file.write_text(COUNTS.replace("oom_kill 3", "oom_kill 4"))
    assert linux.kills_for_memory(opened) == 4
    os.close(opened)


def test_where_nothing_is_counted_nothing_was_killed(tmp_path: Path) -> None:
    assert linux.kill_counter(f"{tmp_path}/") == -1
    assert linux.kills_for_memory(-1) == 0
