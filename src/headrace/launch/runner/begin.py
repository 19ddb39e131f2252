"""A step's process on its way to the step: it gets ready, waits for the word to go, and takes the step's place.

Takes the job from its supervisor by a pipe, and says by another one why there will be no step, if there will be none.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from typing import Any

from . import ranks, scene, sources, wire

Job = dict[str, Any]

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)


def await_job(jobs: int, refusals: int, rank: int) -> Job:
    """In the step's process: get ready, wait until the supervisor says go, then take the step's place in the system."""
    os.setpgid(0, 0)
    payload = wire.read_frame(jobs)
    if payload is None:
        os._exit(0)
    job: Job = json.loads(payload)
    trouble = _make_folders(job["mkdirs"])
    for number in (*wire.ENDING, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    if os.read(jobs, 1) != wire.GO:  # the attempt is another's, or was killed before it started
        os._exit(0)
    os.close(jobs)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if trouble is not None:
        refuse(refusals, trouble, "cannot start")
    try:
        problem = scene.enter(job)
        if problem:
            _refuse_with(refusals, problem)
        os.chdir(job["folder"])
        if "workers" in job:
            ranks.enter(job, rank)
        log = os.open(job.get("log", wire.LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
    except OSError as error:
        refuse(refusals, error, "cannot start")
    if "before" in job:
        if rank:
            ranks.await_first(job)
        elif problem := scene.run_before(job):
            _refuse_with(refusals, problem)
        elif "workers" in job:
            ranks.let_others(job)
    if "sources" in job:
        _start_in_sources(job, refusals)
    if "argv" in job:
        _execute(job, refusals)
    job["refusals"] = refusals
    return job


def _start_in_sources(job: Job, refusals: int) -> None:
    """Start the step in its copy of the sources of its image."""
    try:
        sources.make(*job["sources"])
        os.chdir(job["sources"][1])
    except OSError as error:
        refuse(refusals, error, "cannot start")


def _make_folders(folders: list[str]) -> OSError | None:
    """What the step expects to be there. Making them again, or for an attempt that is another's, changes nothing."""
    try:
        for folder in folders:
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        return error
    return None


def _execute(job: Job, refusals: int) -> None:
    """Become the command."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, programs expect them
    command = job["argv"][0]
    try:
        os.execvpe(command, job["argv"], dict(job["env"]))
    except OSError as error:
        error.filename = None  # the last folder that was searched
        refuse(refusals, error, f"cannot execute {command!r}")


def refuse(refusals: int, error: OSError, what: str) -> None:
    """In the step's process: tell the supervisor that there will be no step, and end."""
    full = error.errno in _DISK
    _end(refusals, {**refused(f"{what}: {explain(error)}", full), "host": not full})


def _refuse_with(refusals: int, reason: str) -> None:
    """The same, in words that say all."""
    _end(refusals, refused(reason, infrastructure=False))


def _end(refusals: int, record: Job) -> None:
    os.write(refusals, json.dumps(record).encode())
    os._exit(127)


def refused(reason: str, infrastructure: bool) -> Job:
    return {"refused": wire.shorten(reason), "infrastructure": infrastructure}


def explain(error: OSError) -> str:
    names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    return f"{error.strerror}: {names}" if names else str(error.strerror)
