"""The contexts of a home: sources that images would hold, kept by their content and never changed.

Takes archives as `context` packs them, from whoever: nothing is written outside of the folder that it is unpacked in.
A context is a folder that is named by the digest of all in it: `files/`, and `context.json`, which says what they need.
It is made beside its place and renamed, so whoever finds it finds all of it.
"""

import hashlib
import json
import os
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from headrace.base import disk
from headrace.base.errors import InvalidInput, NotFound
from headrace.base.json import canonical
from headrace.blobs.context import MOST_BYTES, MOST_FILES

NEW = ".new-"
"""How the folder of a context that is being made begins."""

_FILES = "files"
_MANIFEST = "context.json"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Needs:
    """What the sources need: a Python (a version, or nothing for the server's), and the arguments of a `pip install`.

    An argument that begins with `./` is a file of the context.
    """

    python: str
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """One that is kept: `files` is the folder of its sources, `size` their bytes."""

    digest: str
    files: Path
    needs: Needs
    count: int
    size: int


class Contexts:
    """`root` is `contexts/` in the home."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def unpacked(self, archive: IO[bytes]) -> Iterator[Path]:
        """A folder with what is in the archive, for `keep`; gone afterwards. Raises InvalidInput."""
        self._root.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=NEW, dir=self._root))
        try:
            files = made / _FILES
            files.mkdir()
            _unpack(archive, files)
            yield files
        finally:
            if made.exists():
                disk.remove(made)

    def keep(self, files: Path, needs: Needs) -> Context:
        """The context of these unpacked files. One that is there already is as good."""
        digest, count, size = _seal(files, needs)
        made, place = files.parent, self._root / digest
        made.chmod(0o755)  # for steps with ids of their own
        manifest = made / _MANIFEST
        manifest.touch(0o600)  # the address of an index may hold credentials
        manifest.write_text(
            json.dumps({"python": needs.python, "requirements": needs.requirements, "count": count, "size": size})
        )
        try:
            made.rename(place)
        except OSError:
            if not place.is_dir():
                raise
        os.utime(place)  # `gc` leaves the young alone: the row that names it is yet to come
        return Context(digest, place / _FILES, needs, count, size)

    def use(self, digest: str) -> Context:
        """The context, which is marked as used. Raises NotFound where this home does not have it."""
        place = self._root / digest
        try:
            held = json.loads((place / _MANIFEST).read_bytes())
        except FileNotFoundError:
            raise NotFound("they are not in this home", where=digest[:12]) from None
        os.utime(place)
        return Context(
            digest, place / _FILES, Needs(held["python"], tuple(held["requirements"])), held["count"], held["size"]
        )


def _unpack(archive: IO[bytes], into: Path) -> None:
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as members:
            _Unpacking(into).take(members)
    except (tarfile.TarError, zlib.error, EOFError, UnicodeError, ValueError) as error:
        raise InvalidInput(f"it is no tar.gz that can be read: {error}", where="uploadfile") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise InvalidInput(f"it is no tar.gz that can be read: {error}", where="uploadfile") from error


class _Unpacking:
    """Files, folders and links of an archive, written under a folder and nowhere else, up to a size."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._links: set[str] = set()
        self._count = 0
        self._size = 0

    def take(self, members: tarfile.TarFile) -> None:
        for member in members:
            name = _inside(member.name)
            if not name:
                continue
            if any(str(parent) in self._links for parent in PurePosixPath(name).parents):
                raise InvalidInput("it is said to be behind a link", where=name)
            self._count += 1
            self._size += member.size if member.isreg() else 0
            if self._count > MOST_FILES or self._size > MOST_BYTES:
                raise InvalidInput(
                    f"the context holds more than {MOST_FILES:,} files or {MOST_BYTES >> 20} MiB",
                    where="uploadfile",
                    hint="Leave out what steps do not need",
                )
            self._write(members, member, name)
        for link in self._links:
            if not Path(os.path.realpath(self._root / link)).is_relative_to(os.path.realpath(self._root)):
                raise InvalidInput("it is a link that leads out of the context", where=link)

    def _write(self, members: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        place = self._root / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if member.isdir():
                place.mkdir(exist_ok=True)
            elif member.issym():
                place.symlink_to(member.linkname)
                self._links.add(name)
            elif member.isreg():
                with place.open("xb") as file, members.extractfile(member) as source:  # type: ignore[union-attr]
                    while part := source.read(_CHUNK):
                        file.write(part)
                place.chmod(0o755 if member.mode & 0o111 else 0o644)
            else:
                raise InvalidInput("it is neither a file, a folder nor a symbolic link", where=name)
        except (FileExistsError, NotADirectoryError) as error:
            raise InvalidInput("the archive holds it twice", where=name) from error


def _inside(name: str) -> str:
    """The path, normalized. Raises InvalidInput for one that leads out."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise InvalidInput("it leads out of the context", where=name[:200])
    return "" if path == PurePosixPath() else str(path)


def _seal(root: Path, needs: Needs) -> tuple[str, int, int]:
    """Make all of it read-only; the digest of what it is, the number of files, and their bytes."""
    seen: list[Sequence[str]] = []
    size = 0
    for parent, folders, names in os.walk(root, topdown=False):
        for name in [*names, *folders]:
            path = Path(parent, name)
            inside = str(path.relative_to(root))
            if path.is_symlink():
                seen.append(("link", inside, str(path.readlink())))
            elif path.is_file():
                mode = 0o555 if path.stat().st_mode & stat.S_IXUSR else 0o444
                path.chmod(mode)
                size += path.stat().st_size
                with path.open("rb") as file:
                    seen.append(("file", inside, oct(mode), hashlib.file_digest(file, "sha256").hexdigest()))
            elif not any(path.iterdir()):
                seen.append(("folder", inside))
        Path(parent).chmod(0o555)
    parts = {"files": sorted(map(list, seen)), "python": needs.python, "requirements": list(needs.requirements)}
    digest = hashlib.sha256(canonical(parts).encode("utf-8", "surrogateescape")).hexdigest()
    return digest, sum(each[0] != "folder" for each in seen), size
