"""Where control groups for steps can be made: below the server's own, if the system lets us.

In version 1 each controller has a hierarchy of its own. In version 2 there is one, in which a group with limited
children may hold no process itself: the server moves to a leaf, where its group is its own to divide (delegated). Gives
`Parents` for the jobs of steps, or the reason why there are none; removes groups that the killed have left.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from headrace.launch.runner import groups

LEAF = f"{groups.PREFIX}server"
"""Where the server itself goes in version 2."""

_LIMITED = ("memory", "cpu")


class Parents(NamedTuple):
    """The folders in which groups are made, empty where there is none for that; `reason` says why not.

    In version 2 both are the same.
    """

    memory: str
    cpu: str
    version: int
    reason: str


NOWHERE = Parents("", "", 0, "nobody has looked")


class _Mount(NamedTuple):
    root: str
    point: str
    controllers: frozenset[str]
    """Of version 1; empty for version 2."""


def find(root: str = "/") -> Parents:
    """Where groups for steps can be made now. In version 2 it may move this process and its children to a leaf."""
    try:
        mounts, paths = _mounts(root), _paths(root)
    except OSError as error:
        return Parents("", "", 0, f"this system has no control groups ({error.strerror})")
    first = {name: _first_version(mounts, paths, name) for name in _LIMITED}
    if first["memory"] or first["cpu"]:
        made = {name: folder if os.access(folder, os.W_OK) else "" for name, folder in first.items()}
        missing = " and ".join(name for name, folder in made.items() if not folder)
        return Parents(made["memory"], made["cpu"], 1, f"no control group can be made for {missing}" if missing else "")
    own = next((_place(each, paths[""]) for each in mounts if not each.controllers and "" in paths), "")
    if not own:
        return Parents("", "", 0, "no control groups are mounted")
    return _delegated(own)


def _first_version(mounts: list[_Mount], paths: dict[str, str], controller: str) -> str:
    return next((_place(each, paths.get(controller, "/")) for each in mounts if controller in each.controllers), "")


def _place(mount: _Mount, path: str) -> str:
    """The folder of a group; that of the mount where the group itself is out of sight, as in some containers."""
    if ".." in path:
        return mount.point  # the group is above what this namespace sees
    inner = path[len(mount.root) :] if mount.root != "/" and path.startswith(mount.root) else path
    folder = Path(mount.point, inner.lstrip("/"))
    return str(folder) if folder.is_dir() else mount.point


def _delegated(own: str) -> Parents:
    """Version 2: what can be had of the group that is ours to divide."""
    folder = next((each for each in (own, str(Path(own).parent)) if _is_ours(each, own)), "")
    if not folder:
        return Parents("", "", 2, f"the control group {own} is not delegated to this server")
    try:
        if folder == own:
            _vacate(folder)
        available = groups.read(f"{folder}/cgroup.controllers").split()
        wanted = [name for name in _LIMITED if name in available]
        if wanted:
            groups.write(f"{folder}/cgroup.subtree_control", " ".join(f"+{name}" for name in wanted))
    except OSError as error:
        return Parents("", "", 2, f"the control group {folder} cannot be divided: {error.strerror}")
    places = {name: folder if name in wanted else "" for name in _LIMITED}
    missing = " and ".join(name for name in _LIMITED if name not in wanted)
    reason = f"the control group {folder} has no controller for {missing}" if missing else ""
    return Parents(places["memory"], places["cpu"], 2, reason)


def _is_ours(folder: str, own: str) -> bool:
    """Whether we may divide it: the own group, or the one above where a leaf was made for the server."""
    if any(not os.access(f"{folder}/{name}", os.W_OK) for name in (".", "cgroup.procs", "cgroup.subtree_control")):
        return False
    in_leaf = Path(own).name == LEAF
    return not in_leaf if folder == own else in_leaf or _is_marked(folder)


def _is_marked(folder: str) -> bool:
    """Whether systemd says that what is in the group is not its own business any more."""
    for name in ("user.delegate", "trusted.delegate"):
        try:
            return os.getxattr(folder, name) == b"1"
        except OSError:
            continue
    return False


def _vacate(folder: str) -> None:
    """Move all processes of the group into a leaf of it. Raises OSError where some are not ours to move."""
    pids = [int(pid) for pid in groups.read(f"{folder}/cgroup.procs").split()]
    ours = {os.getpid()}
    ours.update(pid for pid in pids if _descends(pid, os.getpid()))
    if not ours.issuperset(pids):
        raise PermissionError(1, "processes that are not this server's are in it")
    Path(folder, LEAF).mkdir(exist_ok=True)
    for pid in pids:
        try:
            groups.write(f"{folder}/{LEAF}/cgroup.procs", str(pid))
        except ProcessLookupError:
            continue


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            stat = groups.read(f"/proc/{pid}/stat")
        except OSError:
            return True  # it has ended
        pid = int(stat[stat.rindex(")") + 2 :].split()[1])
    return False


def sweep(parents: Parents, is_over: Callable[[str], bool]) -> None:
    """Remove the groups of steps whose supervisor was killed; `is_over` tells it of a name that `make` was given."""
    for parent in dict.fromkeys(filter(None, (parents.memory, parents.cpu))):
        for folder in Path(parent).glob(f"{groups.PREFIX}*"):
            if folder.name != LEAF and is_over(folder.name[len(groups.PREFIX) :]):
                groups.clear(str(folder))


def _mounts(root: str) -> list[_Mount]:
    """Where hierarchies are mounted. Raises OSError."""
    found = []
    for line in groups.read(f"{root}proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ")[:3]
        if kind in ("cgroup", "cgroup2"):
            place = left.split(" ")
            controllers = frozenset(options.split(",")) if kind == "cgroup" else frozenset()
            found.append(_Mount(place[3], f"{root}{place[4].lstrip('/')}", controllers))
    return found


def _paths(root: str) -> dict[str, str]:
    """This process's group by controller; that of version 2 has the name "". Raises OSError."""
    found = {}
    for line in groups.read(f"{root}proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            found[name] = path
    return found
