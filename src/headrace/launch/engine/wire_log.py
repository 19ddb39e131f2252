"""Reads a container's log off a connection of its own.

Engines write each line as a chunk of HTTP's, and a client that takes these one by one is a hundred times slower than
the step that prints them. So the log is asked for in HTTP/1.0, which has no chunks: what comes after the head is the
stream of `frames`, up to the end of the connection.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

from headrace.launch.engine.address import Address

_SECONDS = 30.0
"""In which there is a connection and the head of an answer: an engine may have to find a large file first."""

_CHUNK = 256 * 1024


async def read(address: Address, tls: ssl.SSLContext | None, target: str) -> AsyncGenerator[bytes, None]:
    """The body of a GET. Raises OSError or EOFError where there is none, Refused where the engine will not give it."""
    async with asyncio.timeout(_SECONDS):
        reader, writer = await _connect(address, tls)
    try:
        async with asyncio.timeout(_SECONDS):
            writer.write(f"GET {target} HTTP/1.0\r\nHost: engine\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status != 200:
            raise Refused(status, await reader.read())
        while part := await reader.read(_CHUNK):
            yield part
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # whether it was said goodbye to, or not
            await writer.wait_closed()


class Refused(Exception):
    """The engine's answer is no log."""

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(status, content)
        self.status = status
        self.content = content


async def _connect(address: Address, tls: ssl.SSLContext | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.socket:
        return await asyncio.open_unix_connection(address.socket)
    parts = urlsplit(address.url)
    return await asyncio.open_connection(parts.hostname, parts.port or (443 if tls else 80), ssl=tls)
