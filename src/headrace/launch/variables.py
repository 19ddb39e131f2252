"""The environment variables of a step: an allow-list of the server's, what Headrace adds, what the component declares.

The server's own environment, with its secrets, is never handed on; `pass_env` names what else a step may see.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from headrace.base.settings import Settings
from headrace.launch.base import LaunchRequest
from headrace.model.pod import FieldVariable, Pod

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
_ALLOWED = ("PATH", "HOME", "LANG", "TZ", "CUDA_VISIBLE_DEVICES", *_PROXIES, *map(str.upper, _PROXIES))

UNBUFFERED = "PYTHONUNBUFFERED"
"""Set for all steps, so that a Python step's output is in its log when it was printed."""

STORE = "HEADRACE_STORE"
"""The folder behind `minio://`, beside those of `gs://` and `s3://`; the hook of managed environments reads it."""

PACKAGES = "HEADRACE_PACKAGES"
"""The folder for what the step installs itself; the hook reads it."""

_SOCKET_PATH = 103  # on macOS, 107 on Linux
_SOCKET_NAME = len("/pymp-12345678/listener-12345678") + 4

_READ_AT_START = re.compile(r"PYTHON|LD_|DYLD_|MALLOC_|GLIBC_|LC_|LANG$|LANGUAGE$|_KFP_RUNTIME$")


def common(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """What every step has of the server's environment."""
    names = (*_ALLOWED, *settings.pass_env)
    return {UNBUFFERED: "1", **{name: environment[name] for name in names if name in environment}}


def own(request: LaunchRequest, inherited: Mapping[str, str], *, hooked: bool = True) -> dict[str, str]:
    """What this step has besides: its folders, what its component declares, and what says who it is.

    `hooked` says that the start-up hook is in the environment, which sees to what a step installs itself; elsewhere
    pip and Python are told by variables, which the pip of a virtual environment that the step makes obeys too.
    """
    packages, starts = packages_folder(request.folder), str(working_folder(request.folder, request.sources))
    found = {
        "PATH": f"{packages}/bin:{inherited.get('PATH', os.defpath)}",
        "PWD": starts,
        "TMPDIR": temporary_folder(request.folder)[0],
        PACKAGES: packages,
        STORE: str(request.store_root),
    }
    if request.sources:
        found["PYTHONPATH"] = ":".join(filter(None, (starts, inherited.get("PYTHONPATH"))))
    if not hooked:
        found["PIP_TARGET"] = packages
        found["PYTHONPATH"] = ":".join(filter(None, (packages, inherited.get("PYTHONPATH"))))
    return {**found, **dict(request.env), **dict(request.system_env)}


LINK = "/tmp/headrace-"
"""How the short names of the folders of attempts begin."""


def temporary_folder(folder: Path) -> tuple[str, str]:
    """What TMPDIR is, and the folder behind it: the same, unless its path leaves no room for the name of a socket.

    Python's multiprocessing makes sockets there, and the system takes at most 107 bytes for the path of one. So a
    long one is reached by the short name of the home's attempts, which the supervisors of steps see to.
    """
    target = f"{folder}/tmp"
    if len(target.encode()) <= _SOCKET_PATH - _SOCKET_NAME:
        return target, target
    return f"{short_name(folder.parent)}/{folder.name}/tmp", target


def short_name(attempts: Path) -> str:
    """The link to this folder; with it and an id, TMPDIR is as long as it may be."""
    return f"{LINK}{hashlib.sha256(str(attempts).encode()).hexdigest()[:12]}"


def working_folder(folder: Path, sources: str) -> Path:
    """Where the step of the attempt in `folder` starts, and its relative paths begin: there, or in its copy of the
    sources that stand for its image."""
    return folder / "workdir" if sources else folder


def packages_folder(folder: Path) -> str:
    """Where a `pip install` inside the step goes."""
    return f"{folder}/packages"


def needs_fresh_interpreter(request: LaunchRequest, inherited: Mapping[str, str]) -> bool:
    """Whether the step declares what Python or the loader read only once, and other than they found it."""
    for name, value in (*request.env, *request.system_env):
        if name == UNBUFFERED and value:
            continue
        if _READ_AT_START.match(name) and inherited.get(name) != value:
            return True
    return any(_READ_AT_START.match(name) for name in _of_pod(request.pod))


def _of_pod(pod: Pod) -> Iterator[str]:
    """The names of the variables whose values come from elsewhere."""
    for each in pod.variables:
        if isinstance(each, FieldVariable):
            yield each.variable
        else:
            yield from (variable for _, variable in each.keys)
