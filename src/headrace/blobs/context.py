"""A folder of sources as one file: what an image that is built from it would hold, as tar.gz.

Takes a folder of the user's, gives an archive without what `ignore` leaves out. The links in it lead to what is in it.
Raises InvalidInput, which names the path, for what cannot be taken along.
"""

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from headrace.base.errors import InvalidInput
from headrace.blobs import ignore

MOST_BYTES = 256 * 1024 * 1024
"""Of all files of a context."""

MOST_FILES = 20_000

_LARGEST = 3


@dataclass(frozen=True, slots=True)
class Packed:
    """How many files went in, and their bytes."""

    files: int
    size: int


def pack(folder: Path, into: IO[bytes]) -> Packed:
    """Write the archive of the folder."""
    if not folder.is_dir():
        raise InvalidInput("it is no folder", where=str(folder), hint="Give the folder that the image is built from")
    found = list(_found(folder))
    _check(folder, found)
    with tarfile.open(fileobj=into, mode="w:gz", compresslevel=5, format=tarfile.PAX_FORMAT) as archive:
        for name in found:
            try:
                _add(archive, folder / name, name)
            except OSError as error:
                raise InvalidInput(f"it cannot be read: {error.strerror}", where=str(folder / name)) from error
    return Packed(len(found), sum((folder / name).lstat().st_size for name in found))


def _found(root: Path) -> Iterator[str]:
    """The files and links under the folder that are not left out, by their paths in it, in order."""
    file = root / ignore.FILE
    is_left_out = ignore.parse(file.read_text(errors="replace") if file.is_file() else "")
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            entries = sorted(os.scandir(root / inside), key=lambda each: each.name)
        except OSError as error:
            raise InvalidInput(f"it cannot be read: {error.strerror}", where=str(root / inside)) from error
        for entry in entries:
            path = f"{inside}{entry.name}"
            left_out = is_left_out(path)
            if entry.is_dir(follow_symlinks=False):
                is_environment = Path(entry.path, "pyvenv.cfg").exists()
                if not is_environment and not (left_out and is_left_out.prunes):
                    waiting.append(f"{path}/")
            elif not left_out and entry.is_symlink():
                _check_link(root, path)
                yield path
            elif not left_out and entry.is_file():
                yield path


def _check_link(root: Path, name: str) -> None:
    """Raises InvalidInput for a link that leads out of the folder: what it leads to would not be in the image."""
    target = (root / name).readlink()
    if target.is_absolute() or not (root / name).resolve().is_relative_to(root.resolve()):
        raise InvalidInput(
            f"it is a link that leads out of the folder, to {target}",
            where=str(root / name),
            hint=f"Put there what it leads to, or leave it out with a line in {ignore.FILE}",
        )


def _check(root: Path, found: list[str]) -> None:
    sizes = {name: (root / name).lstat().st_size for name in found}
    total = sum(sizes.values())
    if len(found) <= MOST_FILES and total <= MOST_BYTES:
        return
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_LARGEST]
    named = ", ".join(f"{name} ({sizes[name] >> 20} MiB)" for name in largest)
    raise InvalidInput(
        f"it holds {len(found):,} files of {total >> 20} MiB, and {MOST_FILES:,} of {MOST_BYTES >> 20} MiB are taken; "
        f"its largest are {named}",
        where=str(root),
        hint=f"Leave out what steps do not need, with lines in {ignore.FILE}",
    )


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """The file or link, without who made it and when. Raises OSError."""
    info = tarfile.TarInfo(name)
    if path.is_symlink():
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
        archive.addfile(info)
        return
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        info.size, info.mode = status.st_size, 0o755 if status.st_mode & 0o111 else 0o644
        archive.addfile(info, file)
