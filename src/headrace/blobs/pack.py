"""A folder as one stream: zip or tar, made as it is read, so that neither memory nor disk holds it.

Takes the entries of a folder, files only, and gives pieces of bytes. Blocks while it reads.
"""

import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

CHUNK = 256 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a folder: its path in it, with `/`, where it is, and its bytes."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A way to pack a folder."""

    media_type: str
    stream: Callable[[Iterable[Entry]], Iterator[bytes]]


def as_zip(entries: Iterable[Entry]) -> Iterator[bytes]:
    """A zip file, nothing compressed: what is large mostly is already."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:  # type: ignore[call-overload]
        for entry in entries:
            info = zipfile.ZipInfo(_readable(entry.name), _EPOCH)
            info.external_attr = 0o644 << 16
            with entry.path.open("rb") as file, packed.open(info, "w", force_zip64=True) as into:
                while chunk := file.read(CHUNK):
                    into.write(chunk)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


def as_tar(entries: Iterable[Entry]) -> Iterator[bytes]:
    """A tar file (pax)."""
    for entry in entries:
        info = tarfile.TarInfo(_readable(entry.name))
        info.size, info.mode = entry.size, 0o644
        yield info.tobuf(tarfile.PAX_FORMAT)
        left = entry.size
        with entry.path.open("rb") as file:
            while left and (chunk := file.read(min(left, CHUNK))):
                left -= len(chunk)
                yield chunk
        yield bytes(left + -entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


PACKS: Mapping[str, Pack] = MappingProxyType(
    {"zip": Pack("application/zip", as_zip), "tar": Pack("application/x-tar", as_tar)}
)


class _Sink:
    """What `zipfile` writes to: it cannot go back, so the sizes follow each file."""

    def __init__(self) -> None:
        self._buffer = BytesIO()

    def write(self, data: bytes) -> int:
        return self._buffer.write(data)

    def flush(self) -> None:
        return

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = self._buffer.getvalue()
        self._buffer = BytesIO()
        return taken


def _readable(name: str) -> str:
    """A name that is no UTF-8 with its wrong bytes replaced: archives hold text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
