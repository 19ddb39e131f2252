"""What the server and a fork server say to each other.

Server to fork server, over a socket: jobs, each a frame of 4 bytes of length (big endian) and JSON. The end of the
stream ends the fork server, never its steps.
Fork server and supervisors to server, over one pipe that they share: reports, each a JSON array in a line. A line
is shorter than PIPE_BUF, so lines of several writers do not mix.

Supervisors to fork server, over one pipe that they share: the pid of one that takes another job.
Server to supervisor: the signal LOOK, when it has left word that the attempt is to end.

A job: {id, folder, env: [[name, value]...], mkdirs: [folder...],
  link: [name, folder] of the short name by which the step comes to its folder, where it needs one;
  sources: [folder, copy] where the image is mapped: what is copied, and the new folder that the step starts in;
  mounts: [[folder, path to bind it at, read-only]...] where the step needs some,
  limits: {memory, cpu, parents} where it has some: bytes, cores, 0 for none, and what `groups.make` takes;
  of a pod: must, the paths without whose mounts there is no step; ids, of its user and group, and reach, what that
  user has to come to; scratch, a folder to remove after it; before: [{name, argv, env, sidecar}...], what runs before
  it;
  workers: {size, own: [[text, own text]...], files: [name...], leftovers: [path...]} of a training job, see `ranks`;
  and either
  argv, path                      a command to execute; env is the whole environment; path is what to search; or
  module, args, store             a Python component; env is what to add; args with {input: file} for a long text;
    source                        of a lightweight one: its program}
A report: [READY] | [FAILED, text] | [STARTED, id, pid, at, warning] | [TAKEN, id] | [ENDED, id, record] |
  [GONE, pid, status]
A record, which is also what the file `exit` of an attempt holds:
  {code, started, ended, killed, memory, message, user, system, rss, read, written}, where memory says that the kernel
  killed for want of it while the step ran; for one that ran a while also {peak, average, cores}: the memory that
  all of it held, at most and over time, and the most CPU seconds in one;
  for one that was killed over its limit {over: {limit, used, process, held}}; or
  {refused, infrastructure, started, ended}, with {host} where what the image has may be missing here. Of a training
  job that failed {rank} says whose end it tells.
"""

from __future__ import annotations

import json
import os
import signal
import struct
from typing import Any

READY = "ready"
FAILED = "failed"
STARTED = "started"
TAKEN = "taken"
ENDED = "ended"
GONE = "gone"

GO = b"g"
"""From a supervisor to its step's process, after the job's frame: begin."""

LOOK = signal.SIGUSR1
"""Unlike TERM it means nothing to a supervisor that finds no kill: it may have come to the next step by then."""
ENDING = frozenset({signal.SIGTERM, LOOK})

CLAIM = "claim"
EXIT = "exit"
KILL = "kill"
LOG = "log"
UNBOUND = "unbound"
USAGE = "usage"
CONTAINER = "container"
"""Of the container launcher: there is, or was, a container of the attempt, which may have run."""

TEXT_LIMIT = 1200
"""Characters of free text in a report: with escapes (6 bytes each at worst would be 7,200) it is cut by bytes."""

_HEADER = struct.Struct(">I")
_PID = struct.Struct(">I")


def log_of(rank: int) -> str:
    """The name of the file with what that process of a step printed."""
    return f"{LOG}.rank-{rank}" if rank else LOG


def frame(payload: bytes) -> bytes:
    return _HEADER.pack(len(payload)) + payload


def take_frame(buffer: bytearray) -> bytes | None:
    """The payload of the first whole frame in `buffer`, removed from it; None while it is incomplete."""
    if len(buffer) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack_from(buffer)
    end = _HEADER.size + length
    if len(buffer) < end:
        return None
    payload = bytes(buffer[_HEADER.size : end])
    del buffer[:end]
    return payload


def read_frame(fd: int) -> bytes | None:
    """The next frame of a blocking pipe, or None at its end."""
    header = _read_exactly(fd, _HEADER.size)
    return None if header is None else _read_exactly(fd, _HEADER.unpack(header)[0])


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def report(fd: int, *parts: Any) -> bool:
    """Say it to the server, if there still is one: whether there is."""
    line = json.dumps(parts, separators=(",", ":")).encode() + b"\n"
    try:
        os.write(fd, line)
    except BrokenPipeError:
        return False  # the next one reads the attempt's files
    return True


def rest(fd: int) -> bool:
    """Tell the fork server, if there still is one, that this process takes another job: whether there is."""
    try:
        os.write(fd, _PID.pack(os.getpid()))
    except BrokenPipeError:
        return False
    return True


def resting(fd: int) -> list[int]:
    """The pids of those that said so. What is written at once is read whole: it is far shorter than PIPE_BUF."""
    return [pid for (pid,) in _PID.iter_unpack(os.read(fd, _PID.size * 512))]


def shorten(text: str, limit: int = TEXT_LIMIT) -> str:
    """The end of `text`, at most `limit` bytes long as JSON: the end says most of an error."""
    while len(json.dumps(text)) > limit:
        text = text[max(1, (len(json.dumps(text)) - limit) // 6) :]
    return text


def _read_exactly(fd: int, size: int) -> bytes | None:
    parts = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
