"""Whether a step failed because a disk was full that it did not fill itself.

Takes the request of an attempt that ended badly, and looks at its log and at the disks that it wrote to. A disk that
would have room without what the attempt left was filled by the step, and no other try would go better.
"""

import errno
import os
from collections import Counter
from pathlib import Path

from headrace.base import disk
from headrace.launch.base import LaunchRequest
from headrace.launch.explain import is_full, tail
from headrace.launch.runner import wire

_SAID = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT))
_LITTLE = 0.05
"""With less than this share of it free, a disk is to blame that somebody finds it full."""


def was_starved(request: LaunchRequest, rank: int = 0) -> bool:
    """The step found a disk full, as the log of that rank says, and it is, even without what it wrote. Reads files."""
    said = tail(request.folder / wire.log_of(rank))
    if not is_full(request.folder) and not any(each in said for each in _SAID):
        return False
    own: Counter[int] = Counter()
    disks: dict[int, Path] = {}
    for folder in {request.folder, *(output.parent for output in request.outputs[:1])}:
        if folder.is_dir():
            device = folder.stat().st_dev
            own[device] += disk.size(folder)
            disks[device] = folder
    return any(_is_crowded(folder, own[device]) for device, folder in disks.items())


def _is_crowded(folder: Path, own: int) -> bool:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize + own < found.f_blocks * found.f_frsize * _LITTLE
