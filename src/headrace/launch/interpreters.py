"""The server's side of fork servers: one for each environment that is in use, and one that only executes commands.

Takes the environment variables that all of an environment's steps share; gives `ForkServer`s that take jobs, and
passes on what they and the supervisors report. One that is idle for minutes, or in the way of others, is let go;
that never touches a step.
"""

import asyncio
import errno
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from headrace.base.errors import StepError
from headrace.base.scratch import scratch
from headrace.launch.runner import wire

RUNNER = Path(__file__).parent / "runner"

_IDLE_SECONDS = 300.0
_MOST = 4
_FILES = 65_536
_LAST_LINES = 12
_SHORTAGES = (errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)


@dataclass(frozen=True, slots=True)
class Kind:
    """What distinguishes fork servers. `module` is the executor that is kept warm; empty: it only executes.

    `light` as the command of its components says it (`command.PythonComponent`).
    """

    python: str
    module: str
    context: str
    light: bool = True


EXECUTING = Kind(sys.executable, "", "")

Report = list[Any]
"""See `runner.wire`."""


class ForkServer:
    """One fork server, from its start to its end."""

    def __init__(
        self,
        kind: Kind,
        on_report: "Callable[[ForkServer, Report], None]",
        on_end: "Callable[[ForkServer], None]",
    ) -> None:
        self.kind = kind
        self.used_at = 0.0
        self._on_report = on_report
        self._on_end = on_end
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transports: list[asyncio.BaseTransport] = []
        self._channel: asyncio.Transport | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.ended = asyncio.Event()

    async def start(self, variables: Mapping[str, str], nofile: tuple[int, int]) -> None:
        """Returns when it takes jobs. Raises StepError with what it printed where it cannot."""
        with (
            tempfile.TemporaryFile() as printed,
            scratch() as folder,
        ):
            options = json.dumps({"module": self.kind.module, "scratch": str(folder), "nofile": nofile})
            try:
                await self._connect(*self._spawn(options, variables, printed))
                await self._ready
            except OSError as error:
                reason = f"{self.kind.python} does not start: {error.strerror}"
                raise StepError(reason, where="interpreter", infrastructure=error.errno in _SHORTAGES) from error
            except StepError as error:
                printed.seek(0)
                lines = printed.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
                raise StepError("\n".join([error.message, *lines]), where="interpreter") from None

    def _spawn(self, options: str, variables: Mapping[str, str], printed: IO[bytes]) -> tuple[socket.socket, IO[bytes]]:
        """Start the process; the server's ends of its channel and of its reports. Raises OSError.

        In a session of its own, so that what ends the server by its terminal does not end steps.
        """
        ours, its = socket.socketpair()
        reading, writing = os.pipe()
        flags = [] if self.kind.module else ["-I", "-S"]
        try:
            self._process = subprocess.Popen(
                [self.kind.python, *flags, str(RUNNER), str(its.fileno()), str(writing), options],
                env=dict(variables),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                pass_fds=(its.fileno(), writing),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            os.close(reading)
            raise
        finally:
            its.close()
            os.close(writing)
        return ours, os.fdopen(reading, "rb", buffering=0)

    async def _connect(self, channel: socket.socket, reports: IO[bytes]) -> None:
        loop = asyncio.get_running_loop()
        reading, _ = await loop.connect_read_pipe(lambda: _Reports(self._take), reports)
        self._transports.append(reading)
        self._channel, _ = await loop.create_connection(lambda: _Channel(self._lost), sock=channel)
        self._transports.append(self._channel)

    def send(self, job: bytes) -> None:
        assert self._channel is not None
        self._channel.write(wire.frame(job))

    def close(self) -> None:
        """Let it go: it ends, its steps do not."""
        for transport in self._transports:
            transport.close()

    async def wait(self) -> None:
        """Until its process is gone."""
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)

    def _take(self, report: Report) -> None:
        if report[0] == wire.READY:
            if not self._ready.done():
                self._ready.set_result(None)
        else:
            self._on_report(self, report)

    def _lost(self) -> None:
        self.close()
        self.ended.set()
        if self._ready.done():
            self._on_end(self)
        else:
            self._ready.set_exception(StepError(f"{self.kind.python} ended before it was ready"))


class Interpreters:
    """All fork servers of one launcher."""

    def __init__(
        self,
        nofile: tuple[int, int],
        on_report: Callable[[ForkServer, Report], None],
        on_end: Callable[[ForkServer], None],
        is_busy: Callable[[ForkServer], bool],
    ) -> None:
        self._nofile = nofile
        self._on_report = on_report
        self._on_end = on_end
        self._is_busy = is_busy
        self._servers: dict[Kind, ForkServer] = {}
        self._starting: dict[Kind, asyncio.Task[ForkServer]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def ready(self, kind: Kind) -> ForkServer | None:
        """The fork server, if it takes jobs now."""
        server = self._servers.get(kind)
        if server is not None:
            server.used_at = asyncio.get_running_loop().time()
        return server

    async def get(self, kind: Kind, variables: Mapping[str, str]) -> ForkServer:
        """The fork server, started if need be. Raises StepError where it does not start."""
        server = self.ready(kind)
        if server is not None:
            return server
        task = self._starting.get(kind)
        if task is None:
            task = asyncio.create_task(self._start(kind, variables))
            self._starting[kind] = task
            task.add_done_callback(lambda done: self._started(kind, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        for task in list(self._starting.values()):
            task.cancel()
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        servers = list(self._servers.values())
        for server in servers:
            server.close()
        await asyncio.gather(*(server.ended.wait() for server in servers))
        await asyncio.gather(*self._ending)

    async def _start(self, kind: Kind, variables: Mapping[str, str]) -> ForkServer:
        server = ForkServer(kind, self._on_report, self._ended)
        try:
            await server.start(variables, self._nofile)
        except BaseException:
            server.close()
            await server.wait()
            raise
        self._servers[kind] = server
        self._spare(server)
        self._sweep(server)
        return server

    def _started(self, kind: Kind, task: "asyncio.Task[ForkServer]") -> None:
        del self._starting[kind]
        if not task.cancelled():
            task.exception()  # seen here too, since whoever wanted it may have been killed meanwhile

    def _spare(self, newest: ForkServer) -> None:
        """Keep a few: let go of the idle one that was used longest ago."""
        loop = asyncio.get_running_loop()
        newest.used_at = loop.time()
        idle = [each for each in self._servers.values() if each is not newest and not self._is_busy(each)]
        if len(self._servers) > _MOST and idle:
            min(idle, key=lambda server: server.used_at).close()

    def _sweep(self, server: ForkServer) -> None:
        """Let it go when nobody has used it for a while; look again when it could be so."""
        loop = asyncio.get_running_loop()
        if self._servers.get(server.kind) is not server:
            return
        left = server.used_at + _IDLE_SECONDS - loop.time()
        if left <= 0 and not self._is_busy(server):
            server.close()
        else:
            loop.call_later(left if left > 0 else _IDLE_SECONDS, self._sweep, server)

    def _ended(self, server: ForkServer) -> None:
        if self._servers.get(server.kind) is server:
            del self._servers[server.kind]
        task = asyncio.get_running_loop().create_task(server.wait())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        self._on_end(server)


class _Channel(asyncio.Protocol):
    """The jobs' way out; its end is the fork server's end."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost

    def connection_lost(self, _: Exception | None) -> None:
        self._on_lost()


class _Reports(asyncio.Protocol):
    """The lines that come back."""

    def __init__(self, take: Callable[[Report], None]) -> None:
        self._take = take
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))


def raise_file_limit() -> tuple[int, int]:
    """Let this process have as many files as it may; returns the limits that steps are to have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return soft, hard
