"""A warm interpreter that forks a supervisor, and so a step, for each job. Single-threaded.

It keeps a supervisor ahead of the jobs, with the process that will be its step: both wait in a read, so a job pays for
no fork. One whose step is over waits for another job; of several that wait in vain one is kept. When the server closes
the channel it ends, and leaves its steps to their supervisors; when a supervisor dies, it tells the server, and ends
what that supervisor's step left, whose new parent it is.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from . import footprint, linux, supervisor, wire

_KEPT = 32
"""So many ways to supervisors are held open; where more steps run at once, the rest have one step each."""
_SPARE_SECONDS = 1.0
"""After so long without a job there are more supervisors than are needed."""


def main(channel: int, status: int, options: str) -> Callable[[], None] | None:
    """Serve until the server lets go. Returns what is left to do in a step's process, None in the fork server's."""
    chosen: dict[str, Any] = json.loads(options)
    resource.setrlimit(resource.RLIMIT_NOFILE, tuple(chosen["nofile"]))
    prepared = _prepared(chosen["module"], chosen["scratch"])
    gc.disable()
    job = _ForkServer(channel, status, prepared).serve()
    return None if job is None else lambda: prepared.run(job)


class _Prepared(NamedTuple):
    """What a step's process does with its job, and what it and its supervisor do while they wait for that."""

    run: Callable[[supervisor.Job], None]
    populate: Callable[[], None]
    populate_step: Callable[[], None]


def _prepared(module: str, scratch: str) -> _Prepared:
    if not module:
        gc.freeze()
        return _Prepared(_refuse_component, linux.populator(footprint.of_supervisor(scratch)), lambda: None)
    from . import component, rehearsal

    warm = rehearsal.prepare(module, scratch)
    gc.collect()
    gc.freeze()
    return _Prepared(
        lambda job: component.run(warm, job),
        linux.populator(footprint.of_supervisor(scratch)),
        linux.populator(footprint.of(lambda: rehearsal.once_more(warm, scratch))),
    )


def _refuse_component(job: supervisor.Job) -> None:
    raise ValueError(f"this fork server only executes commands, and was given a component: {job['id']}")


class _ForkServer:
    def __init__(self, channel: int, status: int, prepared: _Prepared) -> None:
        self.channel = channel
        self.status = status
        self.prepared = prepared
        self.prctl = linux.prctl()
        self.supervisors: set[int] = set()
        self.inboxes: dict[int, int] = {}
        """The ways to those that take jobs, by their pids."""
        self.waiting: list[int] = []
        """The pids of those that wait for one, the longest first: it has had the time to get ready."""
        self.resting, self.rest = os.pipe()
        self.woken, self.waker = os.pipe()
        self.buffer = bytearray()

    def serve(self) -> supervisor.Job | None:
        linux.become_subreaper(self.prctl)
        os.set_blocking(self.woken, False)
        os.set_blocking(self.waker, False)
        signal.set_wakeup_fd(self.waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        for fd in (self.channel, self.resting, self.woken):
            poll.register(fd, select.POLLIN)
        wire.report(self.status, wire.READY)
        job = self._fork_ahead()
        quiet_at = 0.0
        while job is None:
            spare = len(self.waiting) > 1
            left = max(0.0, quiet_at - time.monotonic())
            ready = {fd for fd, _ in poll.poll(left * 1000 + 1 if spare else None)}
            if self.woken in ready:
                os.read(self.woken, 4096)
                self._reap()
            if self.resting in ready:  # before the channel: who has just become free takes the job that follows
                self.waiting += [pid for pid in wire.resting(self.resting) if pid in self.inboxes]
            if self.channel in ready:
                part = os.read(self.channel, 1 << 18)
                if not part:
                    return None
                self.buffer += part
                job = self._dispatch()
                quiet_at = time.monotonic() + _SPARE_SECONDS
            elif spare and time.monotonic() >= quiet_at:
                self._let_go(self.waiting[1:])
        return job

    def _dispatch(self) -> supervisor.Job | None:
        """Give each whole frame to a supervisor. Returns a job in a step's process only."""
        job = None
        while job is None and (payload := wire.take_frame(self.buffer)) is not None:
            if not self.waiting and (job := self._fork_ahead()) is not None:
                break
            pid = self.waiting.pop(0)
            try:
                wire.write_all(self.inboxes[pid], wire.frame(payload))
            except BrokenPipeError:  # somebody killed the one that was waiting
                self.buffer[:0] = wire.frame(payload)
            if len(self.inboxes) > _KEPT:
                self._let_go([pid])
            if not self.waiting:
                job = self._fork_ahead()
        return job

    def _let_go(self, pids: list[int]) -> None:
        """Give them no jobs any more: they end, after the step that they have."""
        for pid in pids:
            os.close(self.inboxes.pop(pid))
        self.waiting = [pid for pid in self.waiting if pid in self.inboxes]

    def _fork_ahead(self) -> supervisor.Job | None:
        """Fork a supervisor that waits for jobs. Returns a job in the process of a step of that supervisor only."""
        inbox, ours = os.pipe()
        pid = os.fork()
        if pid:
            os.close(inbox)
            self.supervisors.add(pid)
            self.inboxes[pid] = ours
            self.waiting.append(pid)
            return None
        signal.set_wakeup_fd(-1)
        for fd in (ours, *self.inboxes.values(), self.channel, self.resting, self.woken, self.waker):
            os.close(fd)
        self.buffer.clear()
        self.supervisors.clear()
        self.inboxes.clear()
        populate, populate_step = self.prepared.populate, self.prepared.populate_step
        job = supervisor.supervise(inbox, self.status, self.rest, self.prctl, populate, populate_step)
        if job is None:
            os._exit(0)
        return job

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.supervisors:
                self.supervisors.remove(pid)
                self._let_go([pid] if pid in self.inboxes else [])
                if status == 0:
                    continue
                wire.report(self.status, wire.GONE, pid, status)
            self._end_orphans()

    def _end_orphans(self) -> None:
        """Kill what a dead supervisor's step left: every child of ours that is no supervisor; _reap sees its end."""
        for pid in linux.children(os.getpid()):
            if pid not in self.supervisors:
                linux.kill(pid, signal.SIGKILL)
