"""Frames and reports keep their limits."""

import json
import os

from hypothesis import given
from hypothesis import strategies as st

from headrace.launch.runner import wire


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 7))
def test_frames_come_out_whole_however_they_arrive(payloads: list[bytes], size: int) -> None:
    stream = b"".join(map(wire.frame, payloads))
    buffer, found = bytearray(), []
    for start in range(0, len(stream), size):
        buffer += stream[start : start + size]
        while (payload := wire.take_frame(buffer)) is not None:
            found.append(payload)
    assert found == payloads
    assert not buffer


def test_a_frame_is_read_from_a_pipe_and_its_end_is_none() -> None:
    reading, writing = os.pipe()
    wire.write_all(writing, wire.frame(b"job") + b"\0\0")
    os.close(writing)
    assert wire.read_frame(reading) == b"job"
    assert wire.read_frame(reading) is None
    os.close(reading)


@given(st.text(max_size=5000))
def test_a_shortened_text_fits_a_report(text: str) -> None:
    short = wire.shorten(text)
    assert len(json.dumps(short)) <= wire.TEXT_LIMIT
    assert text.endswith(short)


def test_a_report_to_nobody_is_not_an_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    wire.report(writing, wire.READY)
    os.close(writing)
