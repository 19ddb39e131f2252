"""A persistent volume claim: a named folder that outlives steps and runs, and that steps mount."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.base.clock import Instant
from headrace.base.errors import InvalidInput

ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
STORAGE_CLASS = "standard"
NAME_LENGTH = 253
"""Kubernetes takes a DNS-1123 subdomain of at most so many characters."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SIZE = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Claim:
    """`uid` names its folder and is its alone; the name is free again once the claim is deleted.

    `size` is a quantity as written, which nothing enforces here. `run_id` and `task_id` are of the task that made it,
    "" where a user did.
    """

    uid: str
    namespace: str
    name: str
    size: str
    created_at: Instant
    access_modes: tuple[str, ...] = ("ReadWriteOnce",)
    storage_class: str = STORAGE_CLASS
    volume_name: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    task_id: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """An attempt that has the claim mounted and has not ended."""

    attempt_id: str
    run_id: str
    run_name: str
    path: str


def check_claim(claim: Claim) -> None:
    """Raises InvalidInput for what Kubernetes would refuse."""
    if len(claim.name) > NAME_LENGTH or not _NAME.fullmatch(claim.name):
        raise InvalidInput(
            f"{claim.name[:NAME_LENGTH]!r} is no name of a claim",
            where="name",
            hint="Give a DNS-1123 subdomain: lower-case letters, digits, - and ., an alphanumeric at each end",
        )
    if not _SIZE.fullmatch(claim.size) or not float(_number(claim.size)):
        raise InvalidInput(f"{claim.size!r} is no size", where="size", hint="Give a quantity, such as 5Gi")
    if not claim.access_modes:
        raise InvalidInput("no access mode is given", where="access_modes", hint=f"Give {', '.join(ACCESS_MODES)}")
    for mode in claim.access_modes:
        if mode not in ACCESS_MODES:
            raise InvalidInput(
                f"{mode!r} is no access mode", where="access_modes", hint=f"There are {', '.join(ACCESS_MODES)}"
            )


def _number(size: str) -> str:
    found = _SIZE.fullmatch(size)
    return found.group(1) if found is not None else "0"
