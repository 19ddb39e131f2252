"""Other ids for a step's process, where root starts it: its folders are given to that user, and the way to them opened.

Takes a user and a group. Root's own folders are often closed to others (`/root`), and so what is in them, open or not.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence

from . import linux

Ids = Sequence[int]
"""The user and the group."""

_SHARED = 0o1775
"""Of the attempt's folder: the step's group may make files there, and not remove those of others."""


def closed(paths: Iterable[str], ids: Ids) -> dict[str, set[str]]:
    """The folders on the way to what is at `paths` that the user cannot pass, outer ones first.

    Each with the names in it that lead on. A path that is or goes by a link is followed, too.
    """
    found: dict[str, set[str]] = {}
    for inner in {each for path in paths for each in (path, os.path.realpath(path))}:
        while inner != "/":
            folder, name = os.path.split(inner)
            if not _passes(folder, ids):
                found.setdefault(folder, set()).add(name)
            inner = folder
    return {folder: found[folder] for folder in sorted(found, key=len)}


def _passes(folder: str, ids: Ids) -> bool:
    """Whether the user may search the folder; nobody has to search one that is not there."""
    try:
        status = os.stat(folder)
    except OSError:
        return True
    if ids[0] in (0, status.st_uid):
        return ids[0] == 0 or bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & (stat.S_IXGRP if ids[1] == status.st_gid else stat.S_IXOTH))


def give(folder: str, own: Iterable[str], log: str, ids: Ids) -> None:
    """Let the user write where a step writes: in the attempt's `folder`, in its `own` ones, and to its log."""
    os.chown(folder, -1, ids[1])
    os.chmod(folder, _SHARED)
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))
    for each in (*own, log):
        os.chown(each, *ids)


def become(ids: Ids) -> None:
    """Be that user, in no other group, for good."""
    os.setgroups([])
    os.setgid(ids[1])
    os.setuid(ids[0])
    linux.stay_as_forked()
