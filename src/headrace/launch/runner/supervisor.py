"""A step's supervisor: a small process of its own session that outlives the server.

It takes a job from the fork server, claims the attempt, lets its child become the step, waits, kills what the step
left behind, writes the exit record, and lets go of the claim. Then it takes the next one, if there still is a fork
server: one step at a time (`supervision`).
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence

from . import begin, linux, ranks, supervision, wire

Job = begin.Job

_JOBS = 256
"""So many steps has a supervisor: its garbage is not collected, and this is no place for it to add up."""


def supervise(
    inbox: int,
    status: int,
    rest: int,
    prctl: Callable[[int, int], int] | None,
    prepare: Callable[[], None],
    prepare_step: Callable[[], None],
    jobs: int = _JOBS,
) -> Job | None:
    """Supervise the steps of at most so many jobs in `inbox`, as long as there is a server to tell.

    Returns a job in its step's process; None, after them, in ours.

    `prepare` and `prepare_step` are called in either process before it waits for the job. After a job it says in
    `rest` that it takes another.
    """
    os.setsid()
    linux.become_subreaper(prctl)
    # These wait until there is something to end; the step gets its mask and handlers back.
    signal.pthread_sigmask(signal.SIG_BLOCK, wire.ENDING)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    counter = linux.kill_counter()
    ours = [fd for fd in (inbox, status, rest, counter) if fd >= 0]
    for number in range(1, jobs + 1):
        first = _fork(0, ours, prctl, prepare_step)
        if not isinstance(first, supervision.Process):
            return first
        prepare()
        payload = wire.read_frame(inbox)
        if payload is None:
            return None
        job: Job = json.loads(payload)
        processes = [first]
        refused: Job | None = None
        if "workers" in job:
            try:
                job["workers"]["port"] = ranks.free_port()
                for rank in range(1, ranks.size(job)):
                    held = [fd for each in processes for fd in (each.jobs, each.refusals)]
                    process = _fork(rank, (*ours, *held), prctl, prepare_step)
                    if not isinstance(process, supervision.Process):
                        return process
                    processes.append(process)
            except OSError as error:
                reason = f"its {ranks.size(job)} workers cannot be started: {begin.explain(error)}"
                refused = begin.refused(reason, infrastructure=True)
            payload = json.dumps(job).encode()
        step = supervision.Supervision(job, status, processes, counter, rest if number < jobs else -1)
        if refused is None:
            for each in processes:
                _hand_on(each.jobs, payload)
            step.run()
        else:
            step.refuse(refused)
        if not step.heard:
            return None
    return None


def _fork(
    rank: int,
    ours: Sequence[int],
    prctl: Callable[[int, int], int] | None,
    prepare_step: Callable[[], None],
) -> supervision.Process | Job:
    """A process for the step, which closes what is only `ours`. In that process: the job, once it may begin."""
    made: list[int] = []
    try:
        made += os.pipe()
        made += os.pipe()
        pid = os.fork()
    except OSError:
        for fd in made:
            os.close(fd)
        raise
    its_jobs, jobs, refusals, its_refusals = made
    if pid == 0:
        linux.die_with_parent(prctl)
        for fd in (jobs, refusals, *ours):
            os.close(fd)
        prepare_step()
        return begin.await_job(its_jobs, its_refusals, rank)
    for fd in (its_jobs, its_refusals):
        os.close(fd)
    return supervision.Process(pid, jobs, refusals)


def _hand_on(jobs: int, payload: bytes) -> None:
    """Tell the step's process what it is to be: it gets ready while the attempt is claimed."""
    try:
        wire.write_all(jobs, wire.frame(payload))
    except BrokenPipeError:
        return  # somebody killed it
