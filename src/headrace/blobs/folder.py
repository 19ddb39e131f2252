"""The embedded store: `minio://BUCKET/KEY` is the file `ROOT/BUCKET/KEY`, read and written where it is.

`gs://` and `s3://` have folders of their own beside the root, so that a pipeline that names a cloud's store runs here.
Steps and the server share the files, nothing is copied. A uri cannot lead out of the root: its key is checked before
it becomes a path, and what is read, written or deleted through a symbolic link that leads elsewhere is refused.
"""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound, Unavailable
from headrace.base.home import BUCKETS, buckets
from headrace.blobs import seal
from headrace.blobs.pack import Entry
from headrace.blobs.seal import Sealed
from headrace.blobs.uri import lies_in, parse, scheme_of, within
from headrace.model.artifact import Artifact

INCOMING = ".incoming"
"""Where files grow until they are whole. No bucket's name begins with a dot."""


class FolderStore:
    """Artifact bytes by uri, in a folder. `root` need not exist yet; all methods but `owns` and `local_path` block."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders = {scheme: buckets(root, scheme) for scheme in BUCKETS}

    def folder(self, scheme: str) -> Path:
        """The folder of the buckets of a scheme that this store has."""
        return self._folders[scheme]

    def owns(self, uri: str) -> bool:
        """The uri is this store's by its scheme; a path and an object of another store are not."""
        return scheme_of(uri) in self._folders

    def local_path(self, uri: str) -> Path:
        """Where the object is or would be; does not look at the disk.

        Raises InvalidInput for a uri that this store does not own (a plain path, `oci://`), or that is not sound.
        """
        if not self.owns(uri):
            held = ", ".join(f"{scheme}://" for scheme in self._folders)
            raise InvalidInput(f"is not in the embedded store, which holds {held}", where=uri[:200])
        location = parse(uri)
        return self._folders[location.scheme].joinpath(location.bucket, *location.names)

    def write(self, uri: str, data: bytes) -> None:
        """Make `data` the object, at once and durably. Raises Unavailable where there is no room."""
        path = self._inside(self.local_path(uri), uri)
        with _told(uri):
            incoming = self._folders[scheme_of(uri)] / INCOMING
            _make_folder(incoming)
            _make_folder(path.parent)
            _replace(path, data, incoming)

    def read(self, uri: str) -> bytes:
        """All of the object. Raises NotFound, InvalidInput for a folder."""
        with self.open(uri) as file, _told(uri):
            return file.read()

    def open(self, uri: str) -> BinaryIO:
        """The object, to be read piece by piece and closed by the caller. Raises as `read` does."""
        path = self._inside(self.local_path(uri), uri)
        with _told(uri):
            if path.exists() and not path.is_file():
                raise InvalidInput("is a folder, or no file", where=uri)
            return path.open("rb")

    def exists(self, uri: str) -> bool:
        """There is a file or a folder."""
        return self._inside(self.local_path(uri), uri).exists()

    def size(self, uri: str) -> int:
        """Bytes, of a folder of all in it. Raises NotFound."""
        with _told(uri):
            return seal.size(self._inside(self.local_path(uri), uri))

    def is_folder(self, uri: str) -> bool:
        """There is a folder. Raises NotFound where there is nothing."""
        path = self._inside(self.local_path(uri), uri)
        with _told(uri):
            return stat.S_ISDIR(path.stat().st_mode)

    def entries(self, uri: str) -> Iterator[Entry]:
        """The files in a folder, by name; links are not followed, and only files are told. Raises NotFound."""
        root = self._inside(self.local_path(uri), uri)
        with _told(uri):
            for path, name, status in seal.walk(root):
                if name and stat.S_ISREG(status.st_mode):
                    yield Entry(os.fsdecode(name), path, status.st_size)

    def besides(self, uri: str, kept: Collection[str]) -> list[str]:
        """What there is of an object besides what is kept: it, nothing, or parts of a folder that hold none of it."""
        path = self.local_path(uri)
        self._inside(path.parent, uri)
        if any(lies_in(uri, each) for each in kept):
            return []
        inside = [each for each in kept if lies_in(each, uri)]
        with _told(uri):
            if not inside or path.is_symlink() or not path.is_dir():
                return [uri] if os.path.lexists(path) else []
            names = sorted(each.name for each in path.iterdir())
        return [part for name in names for part in self.besides(within(uri, name), inside)]

    def delete(self, uri: str) -> None:
        """Remove the file, or the folder with all in it, sealed or not. Nothing is done where there is none."""
        path = self.local_path(uri)
        self._inside(path.parent, uri)
        with _told(uri):
            if os.path.lexists(path):
                seal.allow(path.parent)  # it may be a part of a folder that was sealed
            if path.is_dir() and not path.is_symlink():
                seal.unseal(path)
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def tidy(self, uri: str, top: str) -> None:
        """Remove the folders that the object was in as far as they are empty, the last of them the one named `top`."""
        folder, names = self.local_path(uri).parent, parse(uri).names[:-1]
        while top in names:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass  # somebody else was here
            except OSError:
                return  # not empty
            folder, names = folder.parent, names[:-1]

    def seal(self, path: Path, hash_limit: int = seal.HASH_LIMIT) -> Sealed:
        """`seal.seal`, with trouble of the disk told as Unavailable."""
        with _told(str(path)):
            return seal.seal(path, hash_limit)

    def measure(self, uri: str) -> Sealed:
        """`seal.measure` of the object. Raises NotFound where there is none."""
        path = self._inside(self.local_path(uri), uri)
        with _told(uri):
            if not path.exists():
                raise FileNotFoundError(uri)
            return seal.measure(path)

    def verify(self, path: Path, digest: str) -> bool:
        """`seal.verify`, with trouble of the disk told as Unavailable."""
        with _told(str(path)):
            return seal.verify(path, digest)

    def touched_since(self, path: Path, instant: Instant) -> bool:
        """`seal.touched_since`, with trouble of the disk told as Unavailable."""
        with _told(str(path)):
            return seal.touched_since(path, instant)

    def is_intact(self, artifact: Artifact) -> bool:
        """The artifact's bytes are there as they were published. One that is not this store's is taken at its word.

        Where there were none, there are none still. Cheap where nothing was written since: then no byte is read.
        """
        if not self.owns(artifact.uri):
            return True
        try:
            path = self.local_path(artifact.uri)
            if artifact.size < 0:
                return not path.exists()
            if not seal.written_since(path, artifact.created_at):
                return seal.size(path) == artifact.size
            return bool(artifact.digest) and seal.verify(path, artifact.digest)
        except (NotFound, InvalidInput, OSError):
            return artifact.size < 0

    def sweep(self) -> None:
        """Remove what writers that were killed have left. Only while nobody writes."""
        for folder in self._folders.values():
            shutil.rmtree(folder / INCOMING, ignore_errors=True)

    def _inside(self, path: Path, uri: str) -> Path:
        """The path, if no symbolic link takes it out of its store. Raises InvalidInput."""
        real, root = os.path.realpath(path), os.path.realpath(self._folders[scheme_of(uri)])
        if os.path.commonpath([real, root]) != root:
            raise InvalidInput("leads out of the store by a symbolic link", where=uri)
        return path


def _replace(path: Path, data: bytes, incoming: Path) -> None:
    """Write it in `incoming`, sync, rename, sync the folder."""
    descriptor, name = tempfile.mkstemp(dir=incoming)
    growing = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        growing.chmod(0o644)
        growing.replace(path)
    except BaseException:
        growing.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _make_folder(path: Path) -> None:
    """The folder and those above it, each entry durable."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_far(uri: str) -> bool:
    """Elsewhere the uri would name an object of a cloud's store."""
    return scheme_of(uri) not in ("", "minio")


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    """The operating system's errors as ours."""
    try:
        yield
    except (NotFound, InvalidInput) as error:  # of `seal`, which knows paths: nobody's business
        raise type(error)(error.message, where=where, hint=error.hint) from error
    except FileNotFoundError as error:
        near = f"No remote store is set up, so {scheme_of(where)}:// is a folder here" if _is_far(where) else ""
        raise NotFound("there is no such object", where=where, hint=near) from error
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise InvalidInput("a folder and a file have the same name there", where=where) from error
    except OSError as error:
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                raise Unavailable("the disk is full", where=where, hint="Free some space, then try again") from error
            case errno.ENAMETOOLONG:
                raise InvalidInput("its path is too long for this file system", where=where) from error
            case _:
                raise Unavailable(f"the disk refused: {error.strerror}", where=where) from error
