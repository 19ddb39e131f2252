"""Where a path that a step spells is for everybody else, once the step has ended.

A step's relative paths begin in the folder that it was started in, the short name of its TMPDIR is this machine's, and
what it calls `/gcs` may have been the store's.
"""

from pathlib import Path

from headrace.base.home import buckets
from headrace.launch.points import SCHEMES
from headrace.launch.variables import temporary_folder, working_folder


def outside(path: str, folder: Path, store_root: Path, sources: str = "") -> Path:
    """The file that the step of the attempt in `folder` meant; it need not be there.

    `sources` are those that stand for its image, if any: it started in its copy of them.
    """
    name, target = temporary_folder(folder)
    meant = Path(path)
    if meant.is_relative_to(name):
        return Path(target) / meant.relative_to(name)
    for point, scheme in SCHEMES.items():
        if meant.is_relative_to(point) and not meant.exists():
            return buckets(store_root, scheme) / meant.relative_to(point)
    return working_folder(folder, sources) / meant
