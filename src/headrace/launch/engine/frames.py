"""The stream in which an engine sends what a container printed: frames of both its streams, one after the other.

A frame is a byte for the stream (0 to 3), three of zeros, four of length (big endian), and so many bytes of output.
Source: Docker's Engine API, POST /containers/{id}/attach, "Stream format"; without a terminal, logs come in it too.
"""

import struct
from collections.abc import AsyncIterator

from headrace.base.errors import Unavailable

_HEADER = struct.Struct(">II")
_LAST = 0x03000000
"""The first four bytes of a frame, read as a number, are at most this, and its last three bytes are zeros."""


async def payloads(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What was printed, in pieces as they arrive. Raises Unavailable where the stream ends within a frame."""
    kept, left = b"", 0  # the beginning of a header; how much of a frame is to come
    async for chunk in chunks:
        data = kept + chunk if kept else chunk
        found, at, end = [data[:left]], left, len(data)
        while at + _HEADER.size <= end:
            kind, size = _HEADER.unpack_from(data, at)
            if kind & 0xFFFFFF or kind > _LAST:
                raise Unavailable(
                    f"the engine's log is no stream of frames: one begins with {data[at : at + 8].hex(' ')}"
                )
            found.append(data[at + 8 : at + 8 + size])
            at += 8 + size
        left = max(0, at - end)
        kept = data[at:]
        whole = b"".join(found)
        if whole:
            yield whole
    if kept or left:
        raise Unavailable("the engine's log broke off")
