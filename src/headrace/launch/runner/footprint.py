"""What memory a process writes after a fork, seen in a fork that does the same: a later one can copy it ahead of use.

Takes what to do; gives ranges of memory, none where the system does not tell. Nothing of it stays in the fork server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from . import linux, supervisor, wire


def of(work: Callable[[], None]) -> linux.Ranges:
    """What `work` writes."""
    done, its_done = os.pipe()
    its_end, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(done)
        os.close(end)
        work()
        os.write(its_done, b".")
        os.read(its_end, 1)
        os._exit(0)
    os.close(its_done)
    os.close(its_end)
    try:
        return linux.written_since_fork(pid) if os.read(done, 1) else []
    finally:
        os.close(done)
        os.close(end)
        os.waitpid(pid, 0)


def of_supervisor(scratch: str) -> linux.Ranges:
    """What a supervisor writes from the time it waits for its job: it supervises a step that ends at once."""
    return of(lambda: _supervise(f"{scratch}/attempt"))


def _supervise(folder: str) -> None:
    inbox, ours = os.pipe()
    job = {"id": "rehearsal", "folder": folder, "mkdirs": [f"{folder}/tmp"]}
    wire.write_all(ours, wire.frame(json.dumps(job).encode()))
    os.close(ours)  # there is one job
    null = os.open(os.devnull, os.O_WRONLY)
    if supervisor.supervise(inbox, null, os.dup(null), None, _share, lambda: None, jobs=1) is not None:
        os._exit(0)


def _share() -> None:
    """Share all memory with a process that lives as long as this one and is no child: what was written is as forked."""
    ends, _kept_open = os.pipe()
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            os.close(_kept_open)
            os.read(ends, 1)
        os._exit(0)
    os.waitpid(child, 0)
