"""What a step's pod was granted, as an engine gives it to a container: mounts, and files in memory behind some of them.

Takes the request and the `Grant` that `pod` has made of it; gives mounts for `body`. Raises StepError that
names what a container cannot be given. Placement is no matter on one machine, but for the pull policy, which is
`engine.images`'.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.base import disk
from headrace.base.errors import StepError
from headrace.base.json import JsonObject, JsonValue
from headrace.launch.base import LaunchRequest
from headrace.launch.pod import VOLUMES, Grant

_MEMORY = Path("/dev/shm")
"""Where a file is on no disk."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """Mounts as the engine takes them; and by the folder behind one its files, to be made before: base64 by name."""

    mounts: tuple[JsonObject, ...] = ()
    files: tuple[tuple[Path, Mapping[str, str]], ...] = ()


def check(request: LaunchRequest) -> None:
    """Raises StepError for what a container does not get, all of it at once."""
    missing = list(_missing(request))
    if missing:
        raise StepError(
            f"it asks for {', '.join(missing)}, which steps in containers do not get",
            where=request.path,
            hint='Run it as a process (launcher = "process"), or leave that out',
        )


def volumes(request: LaunchRequest, granted: Grant) -> Volumes:
    """What the step mounts. Raises StepError."""
    mounts, files = list[JsonObject](), list[tuple[Path, Mapping[str, str]]]()
    in_memory = [target for source, target, _ in granted.mounts if not isinstance(source, str)]
    for source, target, read_only in granted.mounts:
        if isinstance(source, str):
            if source in in_memory:
                raise StepError(
                    f"one volume in memory is mounted at {source} and at {target}, which no engine can do",
                    where=request.path,
                    hint="Leave its medium out, or mount it once",
                )
            mounts.append(bind(source, target, read_only=read_only))
        elif read_only:
            held: Any = source["files"]
            folder = _memory(request.folder) / str(len(files))
            files.append((folder, held))
            mounts.append(bind(str(folder), target, read_only=True))
        else:
            mounts.append(_in_memory(target, str(source["size"])))
    return Volumes(tuple(mounts), tuple(files))


def bind(source: str, target: str, *, read_only: bool = False) -> JsonObject:
    return {"Type": "bind", "Source": source, "Target": target, **({"ReadOnly": True} if read_only else {})}


def write(files: tuple[tuple[Path, Mapping[str, str]], ...]) -> None:
    """Make the files, for any user of the container to read, and none of this machine. Raises OSError, StepError."""
    if files and not _MEMORY.is_dir():
        raise StepError(
            "it mounts a secret or a config map, whose files this machine cannot keep in memory",
            hint=f"There is no {_MEMORY}; take them as variables, or run it as a process",
        )
    for folder, held in files:
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(exist_ok=True)
        for name, value in held.items():
            (folder / name).unlink(missing_ok=True)  # of a launch that did not come as far as starting it
            (folder / name).write_bytes(base64.b64decode(value))
            (folder / name).chmod(0o444)
        folder.chmod(0o755)


def remove(folder: Path) -> None:
    """What was only there for the container of the attempt in `folder`. Raises Unavailable."""
    for each in (folder / VOLUMES, _memory(folder)):
        if each.exists():
            disk.remove(each)


def _memory(folder: Path) -> Path:
    """Of the attempt in that folder."""
    return _MEMORY / f"headrace-{folder.name}"


def _in_memory(path: str, size: str) -> JsonObject:
    limit: dict[str, JsonValue] = {"TmpfsOptions": {"SizeBytes": int(size)}} if size else {}
    return {"Type": "tmpfs", "Target": path, **limit}


def _missing(request: LaunchRequest) -> Iterator[str]:
    if request.workers > 1:
        yield f"{request.workers} workers (the annotation headrace.dev/workers)"
    for each in request.pod.init:
        yield f"the {'sidecar' if each.sidecar else 'init container'} {each.name!r}"
