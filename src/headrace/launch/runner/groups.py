"""The control group of a step: what keeps it to its limits of memory and CPU.

Takes the folders in which groups can be made, which the server found (`launch.control`). A step's supervisor makes the
step's group there, moves the step into it before it begins, reads it, and removes it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from . import linux

PREFIX = "headrace-"
_PERIOD = 100_000
"""Microseconds: CPU limits are so much of each of these."""
_TRIES, _PAUSE = 100, 0.01
"""How often, and with how many seconds between, a group is looked at whose processes are being killed."""


class Group:
    """The control group of one step: one folder, or in version 1 one for each controller."""

    def __init__(self, memory: str, cpu: str, version: int) -> None:
        self.memory = memory
        self.cpu = cpu
        self.version = version

    @property
    def folders(self) -> list[str]:
        return list(dict.fromkeys(filter(None, (self.memory, self.cpu))))

    def enter(self, pid: int) -> None:
        """Move a process in; its children are born there. Raises OSError."""
        for folder in self.folders:
            write(f"{folder}/cgroup.procs", str(pid))

    def kills(self) -> int:
        """How many of its processes the kernel killed over the limit."""
        if not self.memory:
            return 0
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        return _counted(f"{self.memory}/{name}", "oom_kill")

    def used(self) -> int:
        """The bytes of memory that it holds now and cannot give back at once: without files it may forget."""
        if self.version == 1:
            held, key = _number(f"{self.memory}/memory.usage_in_bytes"), "total_inactive_file"
        else:
            held, key = _number(f"{self.memory}/memory.current"), "inactive_file"
        return max(0, held - _counted(f"{self.memory}/memory.stat", key))

    def remove(self) -> None:
        """Once nothing runs in it. One that is still busy is left to a sweep."""
        for folder in self.folders:
            remove(folder)


def make(parents: Sequence[Any], name: str, memory: int, cpu: float) -> Group:
    """A group with these limits (bytes, cores; 0: none), where there is a parent for them. Raises OSError.

    `parents` are the folders for groups that limit memory and CPU, the same in version 2, and the version.
    """
    memory_parent, cpu_parent, version = parents
    group = Group(
        f"{memory_parent}/{PREFIX}{name}" if memory and memory_parent else "",
        f"{cpu_parent}/{PREFIX}{name}" if cpu and cpu_parent else "",
        version,
    )
    try:
        for folder in group.folders:
            os.makedirs(folder, exist_ok=True)
        if group.memory:
            _limit_memory(group, memory)
        if group.cpu:
            quota = max(1000, int(cpu * _PERIOD))
            if version == 1:
                write(f"{group.cpu}/cpu.cfs_period_us", str(_PERIOD))
                write(f"{group.cpu}/cpu.cfs_quota_us", str(quota))
            else:
                write(f"{group.cpu}/cpu.max", f"{quota} {_PERIOD}")
    except OSError:
        group.remove()
        raise
    return group


def _limit_memory(group: Group, limit: int) -> None:
    """Memory and swap together, so that swap is no way round it; and in version 2 all die with one."""
    if group.version == 1:
        write(f"{group.memory}/memory.limit_in_bytes", str(limit))
        _write_if_there(f"{group.memory}/memory.memsw.limit_in_bytes", str(limit))
        _write_if_there(f"{group.memory}/memory.swappiness", "0")
    else:
        write(f"{group.memory}/memory.max", str(limit))
        _write_if_there(f"{group.memory}/memory.swap.max", "0")
        _write_if_there(f"{group.memory}/memory.oom.group", "1")


def clear(folder: str) -> None:
    """End what is left in the group of a step that is over, and remove it; a busy one is for the next start."""
    for _ in range(_TRIES):
        try:
            left = read(f"{folder}/cgroup.procs").split()
        except OSError:
            left = []  # swept by another
        for pid in left:
            linux.kill(int(pid), signal.SIGKILL)
        if not left:
            remove(folder)
            return
        time.sleep(_PAUSE)


def remove(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        return  # never made, swept by another, or busy: then its time comes at the next start


def _counted(file: str, key: str) -> int:
    try:
        lines = read(file).splitlines()
    except OSError:
        return 0  # the group is gone
    return next((int(line.split()[1]) for line in lines if line.split(" ", 1)[0] == key), 0)


def _number(file: str) -> int:
    try:
        return int(read(file))
    except (OSError, ValueError):
        return 0


def read(file: str) -> str:
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, 1 << 16):
            parts.append(part)
        return b"".join(parts).decode(errors="replace")
    finally:
        os.close(fd)


def write(file: str, text: str) -> None:
    fd = os.open(file, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _write_if_there(file: str, text: str) -> None:
    """What not every kernel has: swap accounting, or killing all at once. Raises OSError where it has and refuses."""
    if os.path.exists(file):
        write(file, text)
