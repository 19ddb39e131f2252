"""The folder that a step of a mapped image starts in: its image's sources, as a container would have them.

Called in the step's process with the folder of the sources, which all steps share and none may change, and the folder
to make. Small files are the step's own copies, which it may overwrite as it may in a container; large ones are links.
"""

from __future__ import annotations

import os

_COPIED = 1 << 20


def make(sources: str, folder: str) -> None:
    """Make the folder. Raises OSError."""
    os.mkdir(folder, 0o755)
    with os.scandir(sources) as entries:
        for entry in entries:
            target = f"{folder}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), target)
            elif entry.is_dir():
                make(entry.path, target)
            else:
                _place(entry, target)


def _place(entry: os.DirEntry[str], target: str) -> None:
    status = entry.stat()
    if status.st_size > _COPIED:
        os.symlink(entry.path, target)
        return
    with open(entry.path, "rb") as file, open(target, "wb") as copy:
        copy.write(file.read())
    os.chmod(target, 0o755 if status.st_mode & 0o100 else 0o644)
