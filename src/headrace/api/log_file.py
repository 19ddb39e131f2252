"""Reading a log file that may be large, and may still grow: a piece at a time, in threads, and from its end."""

import asyncio
import os
from pathlib import Path

CHUNK = 256 * 1024

ALL = -1
"""As many lines as there are."""


def read(path: Path, offset: int, most: int = CHUNK) -> bytes:
    """What the file holds at `offset`; nothing, where it is not there (yet, or any more)."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(min(most, CHUNK))
    except FileNotFoundError:
        return b""


async def start(path: Path, tail: int) -> int:
    """Where the last `tail` lines begin, or ALL."""
    return 0 if tail == ALL else await asyncio.to_thread(start_of_last, path, tail)


def start_of_last(path: Path, lines: int) -> int:
    """The offset at which the last `lines` lines begin, 0 where there are no more. Reads back from the end only."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if not lines:
                return size
            end, missing = size - 1, lines  # A newline at the very end ends the last line, and begins none.
            while end > 0:
                start = max(0, end - CHUNK)
                file.seek(start)
                block = file.read(end - start)
                found = block.count(b"\n")
                if found >= missing:
                    return start + _nth_last(block, missing) + 1
                missing, end = missing - found, start
    except FileNotFoundError:
        pass
    return 0


def _nth_last(block: bytes, number: int) -> int:
    """Where the `number`th newline from the end is, of at least as many."""
    at = len(block)
    for _ in range(number):
        at = block.rindex(b"\n", 0, at)
    return at
