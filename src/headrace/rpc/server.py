"""Listens for gRPC beside the HTTP server, on its event loop, over the same application."""

import contextlib
import socket
from collections.abc import AsyncIterator

import grpc.aio

from headrace.base.errors import Unavailable
from headrace.rpc.inside import App
from headrace.rpc.service import Service

GRACE_SECONDS = 5
"""How long calls that are being answered may go on after the server was asked to stop."""

MOST_BYTES = 64 * 1024 * 1024
"""How large a message may be, either way. What a handler takes is less."""

MOST_WAITING = 20_000
"""How many calls may wait to be begun. The library would drop them from a thousand on."""


@contextlib.asynccontextmanager
async def serving(app: App, host: str, port: int) -> AsyncIterator[str]:
    """Answer calls while the context lasts; gives the address, HOST:PORT. Port 0 takes a free one.

    Raises Unavailable where the address cannot be had.
    """
    service = Service(app)
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MOST_BYTES),
            ("grpc.max_send_message_length", MOST_BYTES),
            ("grpc.server.max_pending_requests", MOST_WAITING),
            ("grpc.server.max_pending_requests_hard_limit", MOST_WAITING),
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers(service.handlers())
    _check_free(host, port)
    try:
        bound = server.add_insecure_port(_address(host, port))
    except RuntimeError as error:
        raise _taken(host, port, str(error)) from error
    await server.start()
    try:
        yield _address(host, bound)
    finally:
        await server.stop(GRACE_SECONDS)
        await service.finished(GRACE_SECONDS)


def _check_free(host: str, port: int) -> None:
    """The operating system says better than the library why an address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise _taken(host, port, error.strerror or str(error)) from error


def _taken(host: str, port: int, why: str) -> Unavailable:
    return Unavailable(
        f"cannot listen there for gRPC: {why}",
        where=f"{host}:{port}",
        hint="Is another server up? --grpc-port takes another port, 0 any that is free, -1 none",
    )


def _address(host: str, port: int) -> str:
    host = host or "0.0.0.0"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
