"""How much disk a home holds, by what it is for, and how much is left; and folders removed."""

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from headrace.base.errors import Unavailable
from headrace.base.home import BUCKETS, Home, buckets


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes on disk, by what they are for; `free` is what is left on the home's file system, `capacity` all of it."""

    artifacts: int
    environments: int
    attempts: int
    rest: int
    free: int
    capacity: int

    @property
    def total(self) -> int:
        """All that the home holds."""
        return self.artifacts + self.environments + self.attempts + self.rest


def usage(home: Home) -> Usage:
    """Measure a home. A file that two folders share (environments do, by hard links) counts once."""
    seen: set[tuple[int, int]] = set()
    artifacts = sum(size(buckets(home.store, scheme), seen) for scheme in BUCKETS)
    environments, attempts, rest = (size(folder, seen) for folder in (home.environments, home.attempts, home.root))
    disk = shutil.disk_usage(home.root)
    return Usage(artifacts, environments, attempts, rest, disk.free, disk.total)


def size(folder: Path, seen: set[tuple[int, int]] | None = None) -> int:
    """Bytes that the files under a folder take on disk, those in `seen` left out; `seen` grows. 0 for no folder."""
    seen = set() if seen is None else seen
    total = 0
    waiting = [os.fspath(folder)]
    while waiting:
        for entry in _entries(waiting.pop()):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # It went while we looked: a server is at work.
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            total += status.st_blocks * 512
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
    return total


def remove(folder: Path) -> None:
    """The folder and all in it, whatever its steps made unwritable. Raises Unavailable where it is not ours."""
    try:
        folder.chmod(stat.S_IRWXU)
        for parent, names, _ in os.walk(folder):
            for inner in (Path(parent, name) for name in names):
                if not inner.is_symlink():
                    inner.chmod(stat.S_IRWXU)
        shutil.rmtree(folder)
    except OSError as error:
        raise Unavailable(f"it cannot be removed: {error}", where=str(folder), hint="Is it another user's?") from error


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing, where it went meanwhile or a step closed it to us."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, PermissionError):
        return []
