"""Sealing what a step has published: read-only from then on, measured, and known by a digest.

A file's digest is of its bytes, a folder's of the sorted listing of what is in it: kind, digest or target, and path.
Symbolic links are never followed: one is known by its target, and what it leads to is neither sealed nor hashed. Pipes,
sockets and devices are refused. Nothing is synced to disk here: after a power cut the digest shows what is lost.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headrace.base.clock import MILLISECOND, Instant
from headrace.base.errors import InvalidInput, NotFound

HASH_LIMIT = 256 * 1024 * 1024
CLOCK_LAG = 20 * MILLISECOND
"""How far the time stamps of a file system may be behind the clock."""

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is known of published bytes: `sha256:<hex>` or "" where that was put off, and bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something in a folder, or the file that an artifact is. `name` is its path in the folder."""

    path: Path
    name: bytes
    status: os.stat_result


def seal(path: Path, hash_limit: int = HASH_LIMIT) -> Sealed:
    """Make the file or folder read-only and say what it is; past `hash_limit` bytes without its digest.

    Raises NotFound where there is nothing, InvalidInput for what is neither file, folder nor link.
    """
    entries = list(_walk(path))
    for entry in reversed(entries):
        if not stat.S_ISLNK(entry.status.st_mode):
            entry.path.chmod(stat.S_IMODE(entry.status.st_mode) & ~_WRITE)
    size = _size(entries)
    return Sealed(_digest(path, entries) if size <= hash_limit else "", size)


def measure(path: Path, hash_limit: int = HASH_LIMIT) -> Sealed:
    """What `seal` would say of the file or folder, which stays as it is. Raises as `seal` does."""
    entries = list(_walk(path))
    size = _size(entries)
    return Sealed(_digest(path, entries) if size <= hash_limit else "", size)


def digest(path: Path) -> str:
    """`sha256:<hex>` of the file or folder, however large. Raises as `seal` does."""
    return _digest(path, list(_walk(path)))


def size(path: Path) -> int:
    """Bytes of the file, or of all files in the folder. Raises as `seal` does."""
    return _size(list(_walk(path)))


def verify(path: Path, expected: str) -> bool:
    """The file or folder is there and still has that digest."""
    try:
        return digest(path) == expected
    except (NotFound, InvalidInput):
        return False


def touched_since(path: Path, instant: Instant) -> bool:
    """Something of the file or folder may have changed since `instant`; reads no bytes. Raises as `seal` does."""
    since = (instant - CLOCK_LAG) * 1000
    return any(entry.status.st_ctime_ns >= since for entry in _walk(path))


def written_since(path: Path, instant: Instant) -> bool:
    """The bytes of some file may have changed since `instant`, or what a folder holds. Raises as `seal` does."""
    since = (instant + CLOCK_LAG) * 1000
    return any(entry.status.st_mtime_ns > since for entry in _walk(path))


def walk(path: Path) -> Iterator[tuple[Path, bytes, os.stat_result]]:
    """The path, then all that is in it in the order of names: where, its path in the folder, its status.

    Raises as `seal` does.
    """
    return ((entry.path, entry.name, entry.status) for entry in _walk(path))


def unseal(path: Path) -> None:
    """Let the folder and those in it be written again, so that they can be removed, whatever else is in them."""
    allow(path)
    for parent, folders, _ in os.walk(path):
        for folder in (Path(parent, name) for name in folders):
            if not folder.is_symlink():
                allow(folder)


def allow(folder: Path) -> None:
    """Let the folder itself be written again."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        folder.chmod(mode | stat.S_IRWXU)


def _walk(path: Path) -> Iterator[_Entry]:
    """The path, then all that is in it, folder by folder in the order of names."""
    waiting = [(path, b"")]
    while waiting:
        each, name = waiting.pop()
        status = _status(each)
        yield _Entry(each, name, status)
        if stat.S_ISDIR(status.st_mode):
            inner = sorted(each.iterdir(), key=os.fsencode, reverse=True)
            waiting += [(path, (name + b"/" if name else b"") + os.fsencode(path.name)) for path in inner]


def _status(path: Path) -> os.stat_result:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("there is neither a file nor a folder", where=str(path)) from error
    if not any(kind(status.st_mode) for kind in (stat.S_ISDIR, stat.S_ISREG, stat.S_ISLNK)):
        raise InvalidInput("is a pipe, a socket or a device", where=str(path), hint="An artifact is a file or a folder")
    return status


def _size(entries: list[_Entry]) -> int:
    return sum(entry.status.st_size for entry in entries if stat.S_ISREG(entry.status.st_mode))


def _digest(path: Path, entries: list[_Entry]) -> str:
    if len(entries) == 1 and stat.S_ISREG(entries[0].status.st_mode):
        return f"sha256:{_hash(path)}"
    listing = hashlib.sha256()
    for entry in entries:
        listing.update(_line(entry))
    return f"sha256:{listing.hexdigest()}"


def _line(entry: _Entry) -> bytes:
    """Ends in NUL, as no name holds one."""
    if stat.S_ISDIR(entry.status.st_mode):
        return b"folder " + entry.name + b"\0"
    if stat.S_ISLNK(entry.status.st_mode):
        return b"link " + os.fsencode(entry.path.readlink()) + b"\0" + entry.name + b"\0"
    return b"file " + _hash(entry.path).encode() + b" " + entry.name + b"\0"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
