"""What an attempt's folder says of its container; which container it is follows from the attempt's id.

container   held locked by who makes and starts the container; what is in it says that the container may have run
exit        how it ended, renamed into place, on disk before the container is removed (see `attempt`)

So a container without content in that file has never run and may be started, and one that is gone with content but
without a record is lost. Room for the record is reserved before the step runs.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from headrace.base.json import JsonObject, compact
from headrace.launch.runner import wire

_RESERVED = 2048
_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Mark:
    """The attempt's container may have run, in `engine`. What it printed begins at `log_from` in the log."""

    log_from: int
    engine: str


def read_mark(folder: Path) -> Mark | None:
    """None where no container of the attempt has run. Raises OSError where the folder cannot be read."""
    try:
        text = (folder / wire.CONTAINER).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not text.endswith("\n"):  # whoever wrote it did not come to starting it
        return None
    said = json.loads(text)
    return Mark(int(said["log_from"]), str(said["engine"]))


@asynccontextmanager
async def held(folder: Path) -> AsyncIterator[int]:
    """The file `container`, locked: nobody else makes, marks or starts the attempt's container. Raises OSError."""
    file = await asyncio.to_thread(_open, folder)
    try:
        while not _lock(file):
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        yield file
    finally:
        os.close(file)


def mark(file: int, folder: Path, said: Mark) -> None:
    """From now on the container may run. `file` is what `held` gave. Raises OSError."""
    with (folder / f"{wire.EXIT}.new").open("wb") as reserved:
        reserved.write(b" " * _RESERVED)
    os.ftruncate(file, 0)
    os.pwrite(file, f"{compact({'log_from': said.log_from, 'engine': said.engine})}\n".encode(), 0)
    os.fsync(file)


def unmark(file: int) -> None:
    """It did not run after all."""
    os.ftruncate(file, 0)


def write_end(folder: Path, record: JsonObject) -> None:
    """The record of how it ended, durable when this returns. Raises OSError."""
    growing = os.open(folder / f"{wire.EXIT}.new", os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.pwrite(growing, compact(record).encode().ljust(_RESERVED), 0)
        os.fsync(growing)
    finally:
        os.close(growing)
    (folder / f"{wire.EXIT}.new").replace(folder / wire.EXIT)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / wire.CONTAINER, os.O_RDWR | os.O_CREAT, 0o644)


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
