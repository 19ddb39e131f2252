"""The memory and the CPU of a server with all its processes, read from `/proc`: Linux only."""

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """What one process holds (MB) and has used (CPU seconds). `pss` counts a page shared by n as 1/n."""

    pid: int
    command: str
    rss: float
    pss: float
    cpu: float


def family(root: int, marker: str) -> list[Process]:
    """The process `root`, its descendants, and whatever names `marker` on its command line.

    The last finds those whose parent has ended: a server's helpers may outlive it on purpose.
    """
    parents = {int(each.name): _parent(each) for each in PROC.iterdir() if each.name.isdigit()}
    members = {root}
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    members |= {pid for pid in parents if pid != os.getpid() and marker in _command(pid)}
    return [process for pid in sorted(members) if (process := _read(pid))]


def _parent(folder: Path) -> int:
    try:
        return int(folder.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _read(pid: int) -> Process | None:
    """None where the process has ended meanwhile."""
    folder = PROC / str(pid)
    try:
        lines = folder.joinpath("smaps_rollup").read_text().splitlines()
        stat = folder.joinpath("stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    sizes = {line.partition(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith("kB")}
    cpu = (int(stat[11]) + int(stat[12])) / TICKS
    return Process(pid, _command(pid), sizes.get("Rss", 0.0), sizes.get("Pss", 0.0), cpu)
