"""Says for a person why a step failed: from its exit code or signal, the end of its log, and the disk the log is on."""

import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path

from headrace.base.settings import ImageSetting
from headrace.launch.base import Exited, LaunchRequest
from headrace.launch.images import base_of
from headrace.launch.runner import wire

_TAIL = 16 * 1024
_LONGEST = 500
_ROOM = 64 * 1024
"""Bytes: with less than this left, a disk counts as full."""

_ERROR = re.compile(r"(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Failure)\b.*")
_MISSING_MODULE = re.compile(r"(?:ModuleNotFoundError: No module named|ImportError: cannot import name) '([^']+)'")


def explain_exit(exited: Exited, request: LaunchRequest, images: Mapping[str, ImageSetting] | None = None) -> str:
    """A sentence or two: how it ended, and the line of its log that says most. Reads the log; never fails."""
    how = exited.message or _how(exited)
    if exited.killed:
        return how
    said = _telling_line(tail(request.folder / wire.LOG))
    text = f"{how}: {said}" if said else how
    if is_full(request.folder):
        text += ". The disk that holds its log is full, so what it said last may be missing"
    missing = _MISSING_MODULE.search(said)
    if missing is not None and not base_of(request.image, images or {}).mapped:
        module = missing[1].partition(".")[0]
        text += (
            f". The image {request.image!r} is not run as a container here, and nothing stands for it. If it brings "
            f"the module {module!r}, say so by the setting images: "
            f'images = {{"{request.image}" = {{packages = ["{module}"]}}}}'
        )
    return text


def _how(exited: Exited) -> str:
    if exited.killed:
        return "killed"
    code = exited.exit_code
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", perhaps because memory ran out" if -code == signal.SIGKILL else ""
    return f"ended by {name}{hint}"


def tail(log: Path) -> str:
    """The last of what it holds; nothing where it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def is_full(folder: Path) -> bool:
    """Whether the disk of the folder has no room for another line."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _ROOM


def _telling_line(tail: str) -> str:
    """The message of the last traceback, else the last line that says anything."""
    lines = [line.rstrip() for line in tail.splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if starts:
        for line in lines[starts[-1] + 1 :]:
            if _ERROR.fullmatch(line):
                return line[:_LONGEST]
    last = lines[-1] if lines else ""
    return last[:_LONGEST] if any(map(str.isalnum, last)) else ""  # the brace of the executor's input says nothing
