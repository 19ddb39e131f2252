"""Serves the application on a socket, with uvicorn, until the caller cancels."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from headrace.api.waiting import Closing
from headrace.base.errors import Unavailable

GRACE_SECONDS = 5
"""How long requests that are being answered may go on after the server was asked to stop."""

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than clients wait between two looks at a run. kfp's waits five
seconds, and if we did too, it would now and then send a request into a connection that is just being closed."""


async def serve(app: Starlette, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Answer requests until cancelled. `ready` is told the URL once connections are accepted; port 0 takes a free one.

    When cancelled, live streams end at once and other requests get `GRACE_SECONDS`. Raises Unavailable where the
    address cannot be had.
    """
    closing: Closing = app.state.closing
    listener = _listen(host, port)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        await _first(serving, server.accepting)
        if server.accepting.is_set():
            ready(_url(listener))
        await asyncio.shield(serving)
    finally:
        closing.set()
        server.stopping.set()
        await serving


class _Server(uvicorn.Server):
    """uvicorn's, without its signal handlers and its ten wake-ups a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self.accepting.set()
        while not self.stopping.is_set():
            await self.on_tick(0)  # the Date header, which has seconds
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1.0)


async def _first(serving: asyncio.Task[None], accepting: asyncio.Event) -> None:
    """Wait until the server accepts connections, or could not be started."""
    waiting = asyncio.create_task(accepting.wait())
    try:
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise Unavailable(
            f"cannot listen there: {error.strerror or error}",
            where=f"{host}:{port}",
            hint="Is another server up? --port takes another port, 0 any that is free",
        ) from error
    listener.setblocking(False)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
