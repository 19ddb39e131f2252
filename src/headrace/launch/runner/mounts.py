"""Folders that a step is to find at fixed paths, such as `/gcs`, without a change to the host: a mount namespace.

Takes pairs of folders from the job and puts the step's process, which is ours, into a namespace where they are bound.
Root makes the namespace as it is; everybody else in a user namespace, where its user's ids stay what they are. Other
ids are real where root starts the step; in a user namespace our files are that user's, and nothing changes hands.
Instead of a folder a file system in memory can be mounted, with some files or none. A mount point that the host has
not is made on a copy: a file system in memory takes the place of the folder it is missing in, with all of that folder's
entries bound into it. Within a mount that can be written to it is made there: what a step writes beside it belongs into
that mount's folder. Linux only; elsewhere, and where the kernel forbids it, there is a reason.
"""

from __future__ import annotations

import base64
import ctypes
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any

from . import ids as others
from . import linux
from .ids import Ids

Mount = Sequence[Any]
"""[source, target path, read-only]; the source is a folder that is there, or {files: {name: base64}, mode, size}.

`mode` is octal, `size` in bytes, "" for no limit. All paths are absolute.
"""

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MS_REMOUNT, _MS_BIND, _MS_MOVE, _MS_REC = 1 << 5, 1 << 12, 1 << 13, 1 << 14
_MS_UNBINDABLE, _MS_PRIVATE, _MS_SLAVE = 1 << 17, 1 << 18, 1 << 19
_KEPT = _MS_NOSUID | _MS_NODEV | 8 | 1024 | 2048
"""Flags of a mount (also noexec, noatime, nodiratime) that only who set them may clear."""

_CAPABILITIES_V3 = 0x20080522
_PASSED = 0o111


def enter(mounts: Sequence[Mount], stage: str, ids: Ids | None = None) -> str:
    """Move this process, of one thread, into a namespace with the mounts, and with the ids. Returns why not.

    `stage` is an empty or unused folder that is covered while the mounts are made. Where it does not work nothing has
    changed: since no process comes back out of a user namespace, a child tries it first. Changes the working directory.
    """
    if not linux.IS_LINUX:
        return "only Linux has mount namespaces"
    reason = ""
    for flags in (_CLONE_NEWNS, _CLONE_NEWUSER | _CLONE_NEWNS) if ids is None else (_CLONE_NEWUSER | _CLONE_NEWNS,):
        reason = _hindrance(flags, mounts, stage, ids)
        if not reason:
            _enter(flags, mounts, stage, ids)
            return ""
    return reason


def no_ids(stage: str, ids: Ids, reach: Sequence[str]) -> str:
    """Why a process of ours cannot have these ids; nothing if it can, really or in a user namespace."""
    if os.geteuid() == 0 and not cannot_become(ids, (), stage, reach):
        return ""
    if not linux.IS_LINUX:
        return "only Linux has user namespaces"
    return _hindrance(_CLONE_NEWUSER | _CLONE_NEWNS, (), stage, ids)


def cannot_become(ids: Ids, mounts: Sequence[Mount], stage: str, reach: Sequence[str]) -> str:
    """Why this process, which is root's, cannot `become`; nothing if it can."""

    def become_and_look() -> None:
        become(ids, mounts, stage, reach)
        os.stat(f"{stage}/.")

    return _tried(become_and_look)


def become(ids: Ids, mounts: Sequence[Mount], stage: str, reach: Sequence[str]) -> None:
    """Really be another user, with the mounts, if any; `reach` is what it has to come to. Raises OSError.

    Folders in the way that are closed to it are covered by ones in memory, with nothing but the way. On other systems
    than Linux they stay closed.
    """
    closed = others.closed((*reach, *(target for _, target, _ in mounts)), ids)
    if linux.IS_LINUX and (mounts or closed):
        libc = _enter(_CLONE_NEWNS, mounts, stage, None)
        for folder, names in closed.items():
            _copy(libc, folder, stage, names)
    others.become(ids)


def _hindrance(flags: int, mounts: Sequence[Mount], stage: str, ids: Ids | None) -> str:
    """Why a process of ours cannot have the mounts; nothing if it can."""
    return _tried(lambda: _enter(flags, mounts, stage, ids))


def _tried(work: Callable[[], Any]) -> str:
    """Why it does not work, in a process of its own; nothing if it does."""
    ours, its = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except OSError as error:
            os.write(its, ": ".join(str(part) for part in (error.strerror, error.filename) if part).encode()[:1000])
        except BaseException as error:  # a child must never go on as if it was the step
            os.write(its, repr(error).encode()[:1000])
        os._exit(0)
    os.close(its)
    with open(ours, "rb") as said:
        reason = said.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    return reason or (f"the try ended with status {status}" if status else "")


def _enter(flags: int, mounts: Sequence[Mount], stage: str, ids: Ids | None) -> Any:
    """Returns the C library. Raises OSError, which says what failed."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.unshare(flags), "a mount namespace cannot be made")
    if flags & _CLONE_NEWUSER:
        _write("/proc/self/setgroups", "deny")
        inner_uid, inner_gid = (uid, gid) if ids is None else ids
        _write("/proc/self/uid_map", f"{inner_uid} {uid} 1")
        _write("/proc/self/gid_map", f"{inner_gid} {gid} 1")
    _mount(libc, "none", "/", _MS_REC | _MS_SLAVE)  # what the host mounts later arrives, what we mount does not leave
    copied: set[str] = set()
    for number, (source, target, read_only) in enumerate(mounts):
        _make_point(libc, target, stage, copied, mounts[:number])
        if isinstance(source, str):
            _mount(libc, source, target, _MS_BIND | _MS_REC)
        else:
            _fill(libc, source, target)
        if read_only:
            kept = os.statvfs(target).f_flag & _KEPT
            _mount(libc, "none", target, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)
    if flags & _CLONE_NEWUSER and os.geteuid() != 0:
        _drop_capabilities(libc)
    return libc


def _fill(libc: Any, source: dict[str, Any], target: str) -> None:
    """A file system in memory, with its files."""
    size = f",size={source['size']}" if source["size"] else ""
    _mount(libc, "tmpfs", target, _MS_NOSUID | _MS_NODEV, "tmpfs", f"mode={source['mode']}{size}")
    for name, content in source["files"].items():
        fd = os.open(f"{target}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with open(fd, "wb") as file:
            os.fchmod(fd, 0o644)  # whatever the umask is
            file.write(base64.b64decode(content))


def _make_point(libc: Any, target: str, stage: str, copied: set[str], made: Sequence[Mount]) -> None:
    """Let there be a folder at `target`, for us only. Raises OSError where something else is there."""
    if os.path.isdir(target):
        return
    parent = os.path.dirname(target)
    while not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    if parent not in copied and not _is_ours(parent, made):
        _copy(libc, parent, stage)
        copied.add(parent)
    os.makedirs(target, exist_ok=True)  # another step that has the same volume may be as far


def _is_ours(folder: str, made: Sequence[Mount]) -> bool:
    """Whether it is in a mount of ours, and can be written to there."""
    over = [mount for mount in made if folder == mount[1] or folder.startswith(f"{mount[1]}/")]
    return bool(over) and not max(over, key=lambda mount: len(mount[1]))[2]


def _copy(libc: Any, folder: str, stage: str, only: Collection[str] = ()) -> None:
    """Cover `folder` with a file system in memory that has the same entries; `only` some of them, but for everybody."""
    mode = os.stat(folder).st_mode & 0o7777 | (_PASSED if only else 0)
    entries = [entry for entry in os.scandir(folder) if not only or entry.name in only]
    _mount(libc, "tmpfs", stage, _MS_NOSUID | _MS_NODEV, "tmpfs", f"mode={mode:o}")
    _mount(libc, "none", stage, _MS_UNBINDABLE)  # so that it is not bound into itself with a folder it is in
    for entry in entries:
        try:
            _copy_entry(libc, entry, f"{stage}/{entry.name}")
        except FileNotFoundError:
            continue  # it went while we looked
    _mount(libc, "none", stage, _MS_PRIVATE)
    os.chdir(stage)
    _mount(libc, ".", folder, _MS_MOVE)
    if folder == "/":
        os.chroot(".")  # what covers the root is found by no path from above it


def _copy_entry(libc: Any, entry: os.DirEntry[str], copy: str) -> None:
    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), copy)
        return
    if entry.is_dir(follow_symlinks=False):
        os.mkdir(copy)
    else:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    _mount(libc, entry.path, copy, _MS_BIND | _MS_REC)


def _drop_capabilities(libc: Any) -> None:
    """Its maker has all capabilities in a user namespace, and could write what is read-only to its owner."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)()), "capabilities cannot be dropped")


def _mount(libc: Any, source: str, target: str, flags: int, kind: str = "", options: str = "") -> None:
    given = [os.fsencode(text) or None for text in (source, target, kind)]
    done = libc.mount(*given, ctypes.c_ulong(flags), os.fsencode(options) or None)
    _check(done, f"{source} cannot be mounted at {target}")


def _check(result: int, trouble: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{trouble}: {os.strerror(number)}")


def _write(file: str, text: str) -> None:
    try:
        with open(file, "wb", buffering=0) as opened:
            opened.write(text.encode())
    except OSError as error:
        raise OSError(error.errno, f"{file} cannot be written: {error.strerror}") from error
