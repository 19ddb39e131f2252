"""Calls that only Linux has, and what other POSIX systems do instead. The one file where they stand.

Linux: a supervisor is the subreaper of its step, so whatever the step leaves behind becomes the supervisor's child,
and a step dies with its supervisor. Elsewhere what leaves the step's process group and session is not found.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from array import array
from collections.abc import Callable

IS_LINUX = sys.platform.startswith("linux")

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_MADV_POPULATE_WRITE = 23
_PAGE_PRESENT = 1 << 63
_PAGE_EXCLUSIVE = 1 << 56


def prctl() -> Callable[[int, int], int] | None:
    """The system call, found once before forks; None where there is none."""
    if not IS_LINUX:
        return None
    call = ctypes.CDLL(None, use_errno=True).prctl
    call.argtypes = [ctypes.c_int, ctypes.c_ulong]
    return call


def become_subreaper(call: Callable[[int, int], int] | None) -> None:
    """Orphans among this process's descendants become its children."""
    if call is not None:
        call(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(call: Callable[[int, int], int] | None) -> None:
    """The kernel kills this process when its parent ends."""
    if call is not None:
        call(_PR_SET_PDEATHSIG, signal.SIGKILL)


def stay_as_forked() -> None:
    """What a change of ids undoes: the kernel kills this process when its parent ends, and /proc/self is its own."""
    call = prctl()
    die_with_parent(call)
    if call is not None:
        call(_PR_SET_DUMPABLE, 1)


def kill_counter(root: str = "/") -> int:
    """An open file with the count of processes that the kernel killed for want of memory: -1 where there is none.

    That of this process's control group, version 2 or 1, which a limit on memory has; else the machine's.
    """
    for path in [*_group_counters(root), f"{root}proc/vmstat"]:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
    return -1


def kills_for_memory(counter: int) -> int:
    """The count as it is now, 0 where it is not known."""
    if counter < 0:
        return 0
    try:
        lines = os.pread(counter, 1 << 16, 0).split(b"\n")
    except OSError:
        return 0  # the group was removed
    return next((int(line.split()[1]) for line in lines if line.startswith(b"oom_kill ")), 0)


def _group_counters(root: str) -> list[str]:
    try:
        with open(f"{root}proc/self/cgroup") as groups:
            lines = [line.rstrip("\n").split(":", 2) for line in groups]
    except OSError:
        return []
    found = []
    for _, controllers, path in lines:
        if not controllers:
            found.append(f"{root}sys/fs/cgroup{path}/memory.events")
        elif "memory" in controllers.split(","):
            found += [f"{root}sys/fs/cgroup/memory{place}/memory.oom_control" for place in (path, "")]
    return found


Ranges = list[tuple[int, int]]
"""Pieces of memory: address and length."""


def written_since_fork(pid: int) -> Ranges:
    """The private memory that a child shares with no other process: what it wrote since it was forked."""
    if not IS_LINUX:
        return []
    page = os.sysconf("SC_PAGE_SIZE")
    found: Ranges = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for line in maps:
            place, mode, *_ = line.split()
            if mode != "rw-p":
                continue
            start, end = (int(edge, 16) for edge in place.split("-"))
            pagemap.seek(start // page * 8)
            entries = array("Q", pagemap.read((end - start) // page * 8))
            for number, entry in enumerate(entries):
                if entry & _PAGE_PRESENT and entry & _PAGE_EXCLUSIVE:
                    address = start + number * page
                    if found and sum(found[-1]) == address:
                        found[-1] = (found[-1][0], found[-1][1] + page)
                    else:
                        found.append((address, page))
    return found


def populator(ranges: Ranges) -> Callable[[], None]:
    """What gives a fork its own copy of `ranges`: cheaper than a fault a page, and ahead of use."""
    if not ranges:
        return lambda: None
    call = ctypes.CDLL(None).madvise
    call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

    def populate() -> None:
        for start, length in ranges:
            if call(start, length, _MADV_POPULATE_WRITE) != 0:
                return  # an older kernel, or no memory: then the faults come as they come

    return populate


def watch(pid: int) -> int:
    """A file descriptor that becomes readable when the process ends. Raises ProcessLookupError where there is none."""
    if sys.platform == "linux":
        return os.pidfd_open(pid)
    queue = select.kqueue()
    event = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
    try:
        queue.control([event], 0)
        return os.dup(queue.fileno())
    finally:
        queue.close()


def send(watched: int, pid: int, number: int) -> None:
    """Signal the process that `watch` gave `watched` for. Raises ProcessLookupError when it has ended."""
    if sys.platform == "linux":
        signal.pidfd_send_signal(watched, number)
    else:
        os.kill(pid, number)


def kill(pid: int, number: int) -> None:
    """Signal a process that may have ended. For children only: nobody else's pid is safe to use."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def children(parent: int) -> list[int]:
    """The pids of its children; a snapshot."""
    return [pid for pid, its in _parents() if its == parent]


def descendants(ancestor: int) -> list[int]:
    """The pids of its children, their children, and so on; a snapshot."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    level = [ancestor]
    while level:
        level = [pid for parent in level for pid in children.get(parent, ())]
        found += level
    return found


def tree(ancestor: int) -> list[int]:
    """The same as `descendants`, cheaper where the machine has many processes; may miss one while others end."""
    if not os.path.exists(f"/proc/{ancestor}/task/{ancestor}/children"):
        return descendants(ancestor)
    found: list[int] = []
    level = [ancestor]
    while level:
        level = [pid for parent in level for pid in _children_of(parent)]
        found += level
    return found


def _children_of(parent: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{parent}/task")
    except OSError:
        return []  # it ended meanwhile
    found: list[int] = []
    for thread in threads:
        try:
            with open(f"/proc/{parent}/task/{thread}/children") as children:
                found += map(int, children.read().split())
        except OSError:
            continue  # the thread ended
    return found


def _parents() -> list[tuple[int, int]]:
    if not IS_LINUX:
        import subprocess  # where it is not needed it would only cost each fork memory

        table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        return [(int(pid), int(parent)) for pid, parent in map(str.split, table.splitlines())]
    pairs = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fd = os.open(f"/proc/{name}/stat", os.O_RDONLY)
        except OSError:
            continue  # it ended meanwhile
        try:
            stat = os.read(fd, 1024)
        except ProcessLookupError:
            continue
        finally:
            os.close(fd)
        # pid (name) state ppid: the name may hold anything, also spaces and parentheses
        pairs.append((int(name), int(stat[stat.rindex(b")") + 2 :].split()[1])))
    return pairs
