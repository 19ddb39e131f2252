"""What an importer does: say what its object is, and bring it into the run's workspace where the pipeline wants it.

Blocking file work, called in a thread. Nothing is fetched but into a workspace: who uses the artifact reads it where it
is. Bytes that are in the embedded store get their digest, and are left as they are, since they are not this run's.
"""

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

from headrace.base import disk, ids
from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput, NotFound
from headrace.base.json import JsonValue
from headrace.blobs import seal
from headrace.blobs.folder import FolderStore
from headrace.blobs.seal import Sealed
from headrace.blobs.uri import scheme_of
from headrace.controllers.publish import Published
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.importer import Imported, resolve_import
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import Importer
from headrace.spec.workspace import FOLDER, IN_WORKSPACE, MOUNTS, place_of

_PIECE = 1 << 20


def bring(
    importer: Importer,
    parameters: Mapping[str, JsonValue],
    context: RunContext,
    attempt_id: str,
    blobs: FolderStore,
    workspace: Path,
    at: Instant,
    ended: threading.Event,
) -> Published:
    """The artifact that the importer gives, with these inputs. Raises InvalidInput, NotFound, Unavailable, OSError.

    Once `ended` is set, nobody waits for it: a copy is given up, by InterruptedError.
    """
    found = resolve_import(importer, parameters, context)
    known, warning = _measure(found.uri, blobs)
    metadata = dict(found.metadata)
    if importer.download_to_workspace:
        _download(found, blobs, workspace, attempt_id, ended)
        metadata[IN_WORKSPACE] = True
    made = Artifact(
        artifact_id=ids.derived(attempt_id, "artifact", importer.output, 0),
        name=importer.output,
        type=importer.artifact.type,
        uri=found.uri,
        metadata=metadata,
        schema_version=importer.artifact.schema_version,
        digest=known.digest,
        size=known.size,
        created_at=at,
    )
    return Published(Bindings(artifacts={importer.output: (made,)}), warning)


def _measure(uri: str, blobs: FolderStore) -> tuple[Sealed, str]:
    """What is known of the bytes, and a warning where there should be some."""
    if not blobs.owns(uri):
        return Sealed("", -1), ""
    try:
        return blobs.measure(uri), ""
    except NotFound as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Sealed("", -1), f"there is nothing at {uri} now{hint}"


def _download(found: Imported, blobs: FolderStore, workspace: Path, attempt_id: str, ended: threading.Event) -> None:
    """Copy the object to where the SDK looks for it in the workspace; what is there already is left alone."""
    if not blobs.owns(found.uri):
        raise InvalidInput(
            f"{found.uri} cannot be brought into the workspace: it is not in a store of this server",
            where="downloadToWorkspace",
            hint="Import it without download_to_workspace, or put it into the store first",
        )
    source, artifacts = blobs.local_path(found.uri), workspace / FOLDER
    if not blobs.exists(found.uri):
        raise NotFound("there is nothing to bring into the workspace", where=found.uri, hint="Put the object there")
    _link_store(artifacts, blobs, scheme_of(found.uri))
    growing = artifacts / f".{attempt_id}"
    _discard(growing)  # of a server that was killed
    try:
        _place(source, workspace / place_of(found.uri), growing, ended)
    except OSError:
        _discard(growing)  # half of it would keep a full disk full
        raise


def _place(source: Path, target: Path, growing: Path, ended: threading.Event) -> None:
    """Have a copy at `target`. A folder may be there for what was imported from it before: then the rest comes in."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, growing, ended)
        try:
            growing.rename(target)
        except OSError:
            if not target.is_dir():  # else another importer was first
                raise
            _discard(growing)
        else:
            return
    if target.is_dir() and source.is_dir() and not source.is_symlink():
        for inner in source.iterdir():
            _place(inner, target / inner.name, growing, ended)


def _link_store(artifacts: Path, blobs: FolderStore, scheme: str) -> None:
    """A step whose SDK was told where the store is looks below `.artifacts` for that path, not for the mount's."""
    link = artifacts / str(blobs.folder(scheme)).lstrip("/")
    link.parent.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(artifacts / MOUNTS[scheme], link.parent)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(target)


def _discard(growing: Path) -> None:
    if growing.is_dir():
        disk.remove(growing)
    else:
        growing.unlink(missing_ok=True)


def _copy(source: Path, target: Path, ended: threading.Event) -> None:
    """A copy that steps may write to. Links are copied as such: they lead where they led."""
    for path, name, status in seal.walk(source):
        copy = target / os.fsdecode(name) if name else target
        if stat.S_ISDIR(status.st_mode):
            copy.mkdir()
        elif stat.S_ISLNK(status.st_mode):
            copy.symlink_to(path.readlink())
        else:
            _copy_file(path, copy, ended)


def _copy_file(source: Path, target: Path, ended: threading.Event) -> None:
    with source.open("rb") as given, target.open("wb") as copy:
        while piece := given.read(_PIECE):
            if ended.is_set():
                raise InterruptedError(errno.EINTR, "nobody waits for the copy any more", str(source))
            copy.write(piece)
