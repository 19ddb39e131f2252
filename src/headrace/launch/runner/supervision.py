"""One step under its supervisor: the attempt is claimed, the step let go, waited for, ended, and its end written down.

What it decides on is in the attempt's folder, never in memory:

claim   held locked until there is a record; the first bytes in it make the attempt taken for good
kill    made by the server before it sends `wire.LOOK`: the seconds of grace. Found before the start, there is no start
exit    how it ended, renamed into place; room for it is reserved when the attempt is claimed
unbound made by the step's process where it could not make the mounts of its job: why
usage   what it used while it ran (see `sampler`); a step of less than a second has none
log     what it printed; of a training job `log.rank-N` holds what its other processes did (see `ranks`)
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from . import begin, linux, monitor, ranks, sampler, scene, wire

Job = begin.Job

_RESERVED = 2048
_DEFAULT_GRACE = 10.0
_SIDECAR_GRACE = 5.0
_BY_KILL = (-signal.SIGKILL, 128 + signal.SIGKILL)
"""How a step ends that was killed, or a shell whose command was."""
_RSS = 1 if sys.platform == "darwin" else 1024
"""Bytes in its unit of memory."""


class Process(NamedTuple):
    """A process that is to be the step: the way to tell it so, and to hear why it will not be."""

    pid: int
    jobs: int
    refusals: int


class Supervision:
    def __init__(self, job: Job, status: int, processes: Sequence[Process], counter: int, rest: int) -> None:
        self.job = job
        self.status = status
        self.processes = processes
        self.counter = counter
        self.rest = rest
        self.failed = -1
        """Which of the processes failed first."""
        self.kills = 0
        self.folder: str = job["folder"]
        self.started = _now()
        self.began = time.monotonic()
        self.claim = -1
        self.record = -1
        self.killed = False
        self.over = False
        """Nothing of the step is left: a signal comes too late."""
        self.heard = True
        """There are a server and a fork server: whoever adopts this attempt need not wait for us."""
        self.kill_at = 0.0
        self.monitor: monitor.Monitor | None = None
        self.used = sampler.Used()

    def run(self) -> None:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what came between two steps is for neither
            for number in wire.ENDING:
                signal.signal(number, self._on_end)
            if not self._claim():
                os.close(self.claim)
                self.claim = -1
                self._dismiss()
                self._say(wire.TAKEN)
                return
        except OSError as error:  # nothing was claimed: another launch may find more room
            self.refuse(begin.refused(begin.explain(error), infrastructure=True))
            return
        if self._grace() is not None:
            self._dismiss()
            self._finish(self._ended(-signal.SIGTERM, "killed before it started"))
            return
        warning = ""
        if "limits" in self.job:
            step = [each.pid for each in self.processes]
            self.monitor, warning = monitor.limited(self.job, step, self.began, self.used)
        if "ids" in self.job:
            warning = "; ".join(filter(None, (warning, scene.ids_warning(self.job))))
        wire.report(self.status, wire.STARTED, self.job["id"], os.getpid(), self.started, warning)
        signal.signal(signal.SIGALRM, self._on_alarm)
        self._go()
        signal.setitimer(signal.ITIMER_REAL, self.monitor.pause if self.monitor else monitor.SAMPLE_SECONDS)
        self.kills = linux.kills_for_memory(self.counter)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, wire.ENDING)
        code = self._wait()
        self.over = True
        signal.setitimer(signal.ITIMER_REAL, 0)  # a kill may have set it while the last processes were waited for
        signal.pthread_sigmask(signal.SIG_BLOCK, wire.ENDING)
        ranks.clear(self.job)
        if "scratch" in self.job:
            scene.clear(self.job["scratch"])
        seen = self.monitor.close() if self.monitor else {}
        if "over" in seen and not self.killed:
            code = code or -signal.SIGKILL  # one of its processes was killed, and it did not mind
        self._finish(self._refusal() or {**seen, **self._ended(code, "")})

    def _claim(self) -> bool:
        """Make the attempt ours: lock, make room for the record of its end, and only then write into the claim.

        A claim without content was never taken: its maker died, or had no room, before anything ran.
        """
        os.makedirs(self.folder, exist_ok=True)
        self.claim = os.open(f"{self.folder}/{wire.CLAIM}", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self.claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if os.read(self.claim, 1):
            return False
        self.record = os.open(f"{self.folder}/{wire.EXIT}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(self.record, b" " * _RESERVED)
        if "link" in self.job:
            _link(*self.job["link"])
        os.write(self.claim, b"%d\n" % os.getpid())
        return True

    def refuse(self, refused: Job) -> None:
        """There is no claim, so no record of an exit either."""
        self._dismiss()
        if self.record >= 0:
            os.close(self.record)
            self.record = -1
        self._finish(refused)

    def _dismiss(self) -> None:
        """There is to be no step: end the processes that wait to become it."""
        for each in self.processes:
            os.kill(each.pid, signal.SIGKILL)
            os.waitpid(each.pid, 0)

    def _go(self) -> None:
        """The attempt is ours: its step may begin."""
        for each in self.processes:
            try:
                os.write(each.jobs, wire.GO)
            except BrokenPipeError:
                continue  # it was killed while it waited, as _wait will see

    def _wait(self) -> int:
        """The step's exit code or minus its signal, once nothing of it is left. Reaps its orphans on the way.

        Of several processes it is that of the first that failed, which is the end of the others.
        """
        left = {each.pid: rank for rank, each in enumerate(self.processes)}
        code = 0
        while left:
            pid, status, usage = os.wait4(-1, 0)
            self.used.add(usage)
            rank = left.pop(pid, None)
            if rank is None or code:
                continue
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            if code:
                self.failed = rank
                if left and not self.kill_at:
                    self._end(_DEFAULT_GRACE)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if any(container["sidecar"] for container in self.job.get("before", ())):
            self._part()
        if not linux.IS_LINUX:
            self._signal_groups(signal.SIGKILL)
        while True:
            try:
                pid, _, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    self._signal_tree(signal.SIGKILL)
                    _, _, usage = os.wait4(-1, 0)
                self.used.add(usage)
            except ChildProcessError:
                return code

    def _part(self) -> None:
        """Tell the sidecars that the step is over, and give them a moment to end by themselves."""
        self._signal_tree(signal.SIGTERM)
        end = time.monotonic() + _SIDECAR_GRACE
        while time.monotonic() < end:
            try:
                pid, _, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    time.sleep(0.01)
                self.used.add(usage)
            except ChildProcessError:
                return

    def _on_end(self, number: int, _: object) -> None:
        """The server says that there is a kill, perhaps one of the step before; or anybody wants us to end."""
        if self.over:
            return
        grace = self._grace()
        if grace is None and number == wire.LOOK:
            return
        self.killed = grace is not None
        self._end(max(0.001, _DEFAULT_GRACE if grace is None else grace))

    def _end(self, patience: float) -> None:
        """TERM to all of the step, and after so many seconds KILL."""
        # A second one must not be answered within the first one, which would then undo its shorter patience.
        signal.pthread_sigmask(signal.SIG_BLOCK, wire.ENDING)
        try:
            self._signal_tree(signal.SIGTERM)
            self.kill_at = time.monotonic() + patience
            signal.setitimer(signal.ITIMER_REAL, patience)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, wire.ENDING)

    def _on_alarm(self, *_: object) -> None:
        """Until the step is to end: look at what it uses. Then kill it, when it had its grace."""
        if self.over:
            return
        pause = 0.1  # again, for those that were being forked
        if not self.kill_at:
            self.monitor = self.monitor or monitor.Monitor(self.folder, {}, None, self.began, self.used)
            pause = self.monitor.look()
            if self.monitor.is_over:
                self.kill_at, pause = time.monotonic(), 0.001
        elif time.monotonic() < self.kill_at:  # TERM came while it was looked at
            pause = self.kill_at - time.monotonic()
        else:
            self._signal_tree(signal.SIGKILL)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, pause))

    def _signal_tree(self, number: int) -> None:
        for pid in linux.descendants(os.getpid()):
            linux.kill(pid, number)
            if number == signal.SIGTERM:
                linux.kill(pid, signal.SIGCONT)  # one that is stopped takes its TERM only when it goes on
        if not linux.IS_LINUX:
            self._signal_groups(number)

    def _signal_groups(self, number: int) -> None:
        for each in self.processes:
            _signal_group(each.pid, number)

    def _grace(self) -> float | None:
        """The seconds of grace of the kill that was asked for, or None."""
        try:
            fd = os.open(f"{self.folder}/{wire.KILL}", os.O_RDONLY)
        except FileNotFoundError:
            return None
        except OSError:  # there is one
            return _DEFAULT_GRACE
        try:
            return float(os.read(fd, 64) or _DEFAULT_GRACE)
        finally:
            os.close(fd)

    def _refusal(self) -> Job | None:
        """What the step's process said because it could not become the step."""
        for each in self.processes:
            os.set_blocking(each.refusals, False)
            try:
                said = os.read(each.refusals, 1 << 16)
            except BlockingIOError:  # something holds the pipe open that was not to be reached: a process of the step
                continue
            if said:
                found: Job = json.loads(said)
                return found
        return None

    def _ended(self, code: int, message: str) -> Job:
        used = self.used
        return {
            **({"rank": self.failed} if code and "workers" in self.job and self.failed >= 0 else {}),
            "code": code,
            "killed": self.killed or bool(message),
            "memory": not self.killed and code in _BY_KILL and linux.kills_for_memory(self.counter) > self.kills,
            "message": message,
            "user": used.user,
            "system": used.system,
            "rss": used.largest * _RSS,
            "read": used.read * sampler.BLOCK,
            "written": used.written * sampler.BLOCK,
        }

    def _finish(self, record: Job) -> None:
        record["started"] = self.started
        record["ended"] = _now()
        try:
            self._write(json.dumps(record).encode())
        except OSError as error:  # the server is told all the same, by the pipe
            note = f"its exit record was not written: {begin.explain(error)}"
            record["message"] = wire.shorten(f"{record.get('message', '')}; {note}".lstrip("; "))
        self._say(wire.ENDED, record)

    def _say(self, *parts: object) -> None:
        """The last of this job: let go of what is its own, and be there for the next before the server knows."""
        held = [fd for each in self.processes for fd in (each.jobs, each.refusals)]
        for fd in (*held, self.claim, self.record):
            if fd >= 0:
                os.close(fd)
        resting = self.rest >= 0 and wire.rest(self.rest)
        self.heard = wire.report(self.status, parts[0], self.job["id"], *parts[1:]) and resting

    def _write(self, text: bytes) -> None:
        if self.record < 0:
            return
        os.pwrite(self.record, text.ljust(_RESERVED), 0)
        os.rename(f"{self.folder}/{wire.EXIT}.new", f"{self.folder}/{wire.EXIT}")


def _link(name: str, target: str) -> None:
    """See that the home's attempts have their short name. Raises OSError where somebody else has that name."""
    try:
        os.symlink(target, name)
    except FileExistsError:
        if os.lstat(name).st_uid != os.getuid() or os.readlink(name) != target:
            raise
        os.utime(name, follow_symlinks=False)  # what cleans /tmp goes by age


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left of it


def _now() -> int:
    return time.time_ns() // 1000
