"""The stream of a log, however it is cut into pieces."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.base.errors import Unavailable
from headrace.launch.engine.frames import payloads


def frame(stream: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(payload)) + payload


def read(chunks: Sequence[bytes]) -> bytes:
    async def source() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def collect() -> bytes:
        return b"".join([part async for part in payloads(source())])

    return asyncio.run(collect())


@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=40))), st.lists(st.integers(1, 30), min_size=1))
def test_every_byte_comes_once(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    stream = b"".join(frame(*each) for each in frames)
    chunks, at = [], 0
    while at < len(stream):
        size = cuts[len(chunks) % len(cuts)]
        chunks.append(stream[at : at + size])
        at += size
    assert read(chunks) == b"".join(payload for _, payload in frames)


@pytest.mark.parametrize("cut", [1, 7, 8, 12])
def test_an_end_within_a_frame_is_no_end(cut: int) -> None:
    with pytest.raises(Unavailable, match="broke off"):
        read([frame(1, b"whole"), frame(2, b"cut off")[:cut]])


@pytest.mark.parametrize("junk", [b"HTTP/1.1 200", b"\x04\0\0\0\0\0\0\1x", b"\1\0\0\1\0\0\0\1x"])
def test_what_is_no_frame(junk: bytes) -> None:
    with pytest.raises(Unavailable, match="no stream of frames"):
        read([junk])
