"""What a step uses while it runs: CPU, memory, I/O of all its processes, read from /proc and its control group.

A supervisor asks for a sample now and then. The series goes into a file of the attempt, a line a sample; when it gets
long every other line goes, and from then on half as many are kept. Linux only: elsewhere only totals are known.
"""

from __future__ import annotations

import json
import os
import time
from resource import struct_rusage
from typing import NamedTuple

from . import groups, linux

_MOST_POINTS = 512
BLOCK = 512 if linux.IS_LINUX else 0
"""Bytes that the counts of rusage stand for; elsewhere they are counts of calls."""
_TICK = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Process(NamedTuple):
    pid: int
    name: str
    cpu: float
    """Seconds, with those of its children that it has waited for."""
    resident: int
    """Bytes, what it shares with others included."""


class Used:
    """What the step's processes used that have ended. Of memory it is the most that one of them had."""

    def __init__(self) -> None:
        self.user = self.system = 0.0
        self.largest = self.read = self.written = 0

    def add(self, usage: struct_rusage) -> None:
        self.user += usage.ru_utime
        self.system += usage.ru_stime
        self.largest = max(self.largest, usage.ru_maxrss)
        self.read += usage.ru_inblock
        self.written += usage.ru_oublock


class Sampler:
    """Samples of one step, whose supervisor is this process. `file` is where the series goes.

    `used` is what those of its processes used that have ended: what the system counts has the steps before in it.
    """

    def __init__(self, file: str, group: groups.Group | None, began: float, used: Used) -> None:
        self.file = file
        self.group = group
        self.began = began
        self.used = used
        self.peak = 0
        self.cores = 0.0
        self.largest: Process | None = None
        self._points: list[list[float]] = []
        self._stride = 1
        self._skipped = 0
        self._highest = 0
        self._last = (began, 0.0)
        self._byte_seconds = 0.0

    @property
    def average(self) -> int:
        """The bytes that it held on the average, until the last sample."""
        seconds = self._last[0] - self.began
        return int(self._byte_seconds / seconds) if seconds > 0 else 0

    def memory(self, enough: int = 0) -> int:
        """The bytes that the step holds; an estimate that is never too low where that is at most `enough`."""
        return self._memory(processes(), enough)

    def sample(self) -> None:
        """Look at all, and write it down. Raises OSError where the file cannot be written."""
        found = processes()
        held = self._memory(found)
        cpu = self.used.user + self.used.system + sum(each.cpu for each in found)
        self._integrate(held, cpu)
        read, written = _transferred([each.pid for each in found])
        read, written = read + self.used.read * BLOCK, written + self.used.written * BLOCK
        self._highest = max(self._highest, held)
        self._skipped += 1
        if self._skipped >= self._stride:
            point = [round(time.monotonic() - self.began, 1), round(cpu, 2), self._highest, read, written]
            self._skipped = self._highest = 0
            self._keep(point)

    def _integrate(self, held: int, cpu: float) -> None:
        now, (then, before) = time.monotonic(), self._last
        self._byte_seconds += held * (now - then)
        self.cores = max(self.cores, (cpu - before) / (now - then))
        self._last = now, cpu

    def _memory(self, found: list[Process], enough: int = 0) -> int:
        if found:
            self.largest = max(found, key=lambda each: each.resident)
        if self.group is not None and self.group.memory:
            held = self.group.used()
        else:
            held = sum(each.resident for each in found)
            if len(found) > 1 and held > enough:
                held = sum(_share(each) for each in found)
        self.peak = max(self.peak, held)
        return held

    def _keep(self, point: list[float]) -> None:
        self._points.append(point)
        if len(self._points) < _MOST_POINTS:
            with open(self.file, "ab", buffering=0) as file:
                file.write(_line(point))
            return
        self._stride *= 2
        pairs = zip(self._points[::2], self._points[1::2])
        self._points = [[*later[:2], max(first[2], later[2]), *later[3:]] for first, later in pairs]
        with open(f"{self.file}.new", "wb", buffering=0) as file:
            file.write(b"".join(map(_line, self._points)))
        os.rename(f"{self.file}.new", self.file)


def processes() -> list[Process]:
    """All processes below this one; a snapshot."""
    return [found for pid in linux.tree(os.getpid()) for found in [_process(pid)] if found is not None]


def _process(pid: int) -> Process | None:
    try:
        stat = groups.read(f"/proc/{pid}/stat")
    except OSError:
        return None  # it ended meanwhile
    # pid (name) state ppid ...: the name may hold anything, also spaces and parentheses
    opened, closed = stat.index("("), stat.rindex(")")
    fields = stat[closed + 2 :].split()
    return Process(
        pid, stat[opened + 1 : closed], sum(int(each) for each in fields[11:15]) * _TICK, int(fields[21]) * _PAGE
    )


def _share(process: Process) -> int:
    """The bytes of a process where what several share counts once in all."""
    try:
        for line in groups.read(f"/proc/{process.pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return process.resident  # it may not be looked at, or has ended
    return 0


def _transferred(pids: list[int]) -> tuple[int, int]:
    """Bytes that they, and their children that have ended, read from disks and wrote to them."""
    read = written = 0
    for pid in pids:
        try:
            lines = groups.read(f"/proc/{pid}/io").splitlines()
        except OSError:
            continue
        counts = dict(line.split(": ", 1) for line in lines)
        read += int(counts["read_bytes"])
        written += int(counts["write_bytes"])
    return read, written


def _line(point: list[float]) -> bytes:
    return json.dumps(point, separators=(",", ":")).encode() + b"\n"
