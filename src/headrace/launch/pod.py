"""What a step's pod asks for, granted on this machine: variables, mounts, ids, and what runs before the step.

Takes a launch request and the objects that it names. Reads these from a thread when the attempt really starts: what it
gives holds values of secrets, goes to the step by way of its job alone, and is kept nowhere. Raises StepError for what
would keep a pod from starting on Kubernetes: an object or a key that is missing and not optional.
"""

import base64
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from headrace.base.errors import StepError
from headrace.base.home import BUCKETS, buckets
from headrace.base.json import JsonObject, JsonValue
from headrace.launch.base import LaunchRequest, Objects
from headrace.launch.jobs import Place
from headrace.launch.points import Mount
from headrace.launch.variables import temporary_folder
from headrace.model.pod import (
    ClaimVolume,
    ConfigMapVariables,
    ConfigMapVolume,
    EmptyVolume,
    EphemeralVolume,
    FieldVariable,
    Pod,
    SecretVariables,
    SecretVolume,
    SharedMemory,
    Volume,
    WorkspaceVolume,
)
from headrace.spec.quantity import parse_quantity

VOLUMES = "volumes"
"""The folder of an attempt that holds what is the step's alone: removed when it has ended."""

MEMORY = "Memory"
"""The medium of volumes that are in memory."""

_NAMESPACE, _ACCOUNT, _ADDRESS = "default", "pipeline-runner", "127.0.0.1"
_OPEN = 0o777


@dataclass(frozen=True, slots=True)
class Grant:
    """`variables` come after those of the component; `extras` are keys of the job (`runner.wire`)."""

    variables: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    extras: JsonObject = field(default_factory=dict)


def grant(request: LaunchRequest, objects: Objects, place: Place) -> Grant:
    """What the step, which runs at the place, is to get. No volume may cover what it needs there. Blocking."""
    pod = request.pod
    kept = [request.folder, request.store_root, Path(temporary_folder(request.folder)[0]), *place.needs]
    _check_user(pod)
    variables = tuple(_variables(request, objects))
    mounts = tuple(_mounts(request, objects, kept))
    extras: dict[str, JsonValue] = {}
    if mounts:
        extras["must"] = [target for _, target, _ in mounts]
    if pod.security.user is not None or pod.security.group is not None:
        user = os.geteuid() if pod.security.user is None else pod.security.user
        extras["ids"] = [user, pod.security.group or 0]
        others = (buckets(request.store_root, scheme) for scheme in BUCKETS)
        searched = os.get_exec_path(place.variables)
        extras["reach"] = [str(each) for each in (*kept, *others, *searched) if Path(each).is_absolute()]
    if any(isinstance(each, EmptyVolume | EphemeralVolume) for each in pod.volumes):
        extras["scratch"] = str(request.folder / VOLUMES)
    return Grant(variables, mounts, extras)


def before(request: LaunchRequest, inherited: Mapping[str, str]) -> JsonObject:
    """The key of the job for its init containers, with the variables that each has: none of the step's."""
    return {
        "before": [
            {
                "name": each.name,
                "argv": [*each.command, *each.args],
                "env": list({**inherited, **dict(request.system_env), **dict(each.env)}.items()),
                "sidecar": each.sidecar,
            }
            for each in request.pod.init
        ]
    }


def _check_user(pod: Pod) -> None:
    """Images run as root unless they say otherwise, and here as the server's user."""
    user = os.geteuid() if pod.security.user is None else pod.security.user
    if pod.security.non_root and user == 0:
        raise StepError(
            "container has runAsNonRoot and would run as root: the server does",
            where="securityContext",
            hint="Give runAsUser, or leave runAsNonRoot out",
        )


def _variables(request: LaunchRequest, objects: Objects) -> Iterator[tuple[str, str]]:
    pod = request.pod
    for asked in pod.variables:
        match asked:
            case SecretVariables(name, keys, optional):
                found = objects.secret(pod.namespace, name)
                yield from _of_keys("secret", name, keys, found, optional=optional)
            case ConfigMapVariables(name, keys, optional):
                found = objects.config_map(pod.namespace, name)
                yield from _of_keys("configmap", name, keys, found, optional=optional)
            case FieldVariable(variable, path):
                yield variable, _field(request, path)
            case _:
                assert_never(asked)


def _of_keys(
    kind: str, name: str, keys: Sequence[tuple[str, str]], found: Mapping[str, bytes] | None, *, optional: bool
) -> Iterator[tuple[str, str]]:
    if found is None and not optional:
        raise _missing(kind, name)
    for key, variable in keys:
        value = (found or {}).get(key)
        if value is not None:
            yield variable, os.fsdecode(value)
        elif not optional:
            there = ", ".join(sorted(found or {})) or "none"
            raise StepError(
                f"couldn't find key {key} in {kind} {name!r}, which the variable {variable} is of",
                hint=f"Its keys: {there}. Add it with `headrace {kind} create {name} --replace`",
            )


def _missing(kind: str, name: str) -> StepError:
    flags = " --from-literal KEY=VALUE" if kind == "configmap" else " --from-file KEY=PATH"
    return StepError(
        f"{kind} {name!r} not found",
        hint=f"Make it with `headrace {kind} create {name}{flags}`, then retry the run",
    )


def _field(request: LaunchRequest, path: str) -> str:
    """The downward API: a label or annotation that is not there is empty."""
    pod = request.pod
    for name, values in (("labels", pod.labels), ("annotations", pod.annotations)):
        prefix = f"metadata.{name}['"
        if path.startswith(prefix):
            return values.get(path[len(prefix) : -2], "")
    known = {
        "metadata.name": request.attempt_id,
        "metadata.uid": request.attempt_id,
        "metadata.namespace": pod.namespace or _NAMESPACE,
        "spec.serviceAccountName": pod.service_account or _ACCOUNT,
        "spec.nodeName": socket.gethostname(),
    }
    return known.get(path, _ADDRESS)  # the rest are addresses: of the pod, and of its node


def _mounts(request: LaunchRequest, objects: Objects, kept: Sequence[Path]) -> Iterator[Mount]:
    """Outer ones first: one may be within another."""
    own: dict[str, str] = {}
    for number, volume in enumerate(sorted(request.pod.volumes, key=lambda each: each.path.rstrip("/").count("/"))):
        target = volume.path.rstrip("/")
        covered = next((each for each in kept if each.is_relative_to(target)), None)
        if covered is not None:
            raise StepError(
                f"a volume at {target} would cover {covered}, which the step needs on this machine",
                hint="Mount it at another path, or keep the home (--home) elsewhere",
            )
        yield _mount(request, objects, volume, target, number, own)


def _mount(
    request: LaunchRequest, objects: Objects, volume: Volume, target: str, number: int, own: dict[str, str]
) -> Mount:
    """`own` holds where the step's own volumes are, by name: two paths with one name are one folder."""
    pod = request.pod
    match volume:
        case SecretVolume(name, _, optional):
            return _files("secret", name, objects.secret(pod.namespace, name), target, optional=optional)
        case ConfigMapVolume(name, _, optional):
            return _files("configmap", name, objects.config_map(pod.namespace, name), target, optional=optional)
        case ClaimVolume(name, _, sub_path):
            folder = objects.volume(pod.namespace, name, request.attempt_id)
            if folder is None:
                raise StepError(
                    f"persistentvolumeclaim {name!r} not found", hint=f"Make it with `headrace pvc create {name}`"
                )
            return str(_inside(folder, sub_path, name)), target, False
        case EmptyVolume(name, medium=medium, size=size) if medium == MEMORY:
            if name in own:
                return own[name], target, False
            own[name] = target
            return _memory(size), target, False
        case EmptyVolume(name) | EphemeralVolume(name):
            source = own.setdefault(name, str(request.folder / VOLUMES / str(number)))
            _make(Path(source))
            return source, target, False
        case SharedMemory(size=size):
            return _memory(size), target, False
        case WorkspaceVolume():
            return str(objects.workspace(request.run_id)), target, False
    assert_never(volume)


def _files(kind: str, name: str, values: Mapping[str, bytes] | None, target: str, *, optional: bool) -> Mount:
    """A file for each key, in memory: a value is on no disk."""
    if values is None and not optional:
        raise _missing(kind, name)
    held = {key: base64.b64encode(value).decode() for key, value in (values or {}).items()}
    return {"files": held, "mode": "755", "size": ""}, target, True


def _memory(size: str) -> JsonObject:
    """`size` is a quantity, "" for as much as the machine lends (half of its memory)."""
    number = parse_quantity(size) if size else None
    if size and number is None:
        raise StepError(f"the size {size!r} of a volume is no quantity", hint="Give a number of bytes, such as 64Mi")
    return {"files": {}, "mode": "1777", "size": "" if number is None else str(int(number))}


def _inside(folder: Path, sub_path: str, name: str) -> Path:
    """What is at `sub_path` in the claim's folder; made where there is nothing. A link in it must not lead out."""
    found = folder / sub_path
    if not found.resolve().is_relative_to(folder.resolve()):
        raise StepError(f"the sub path {sub_path!r} leads out of the claim {name!r}", hint="Give a path within it")
    if not found.exists():
        _make(found)
    return found


def _make(folder: Path) -> None:
    """As a fresh volume is: whoever the step runs as may write to it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(_OPEN)
