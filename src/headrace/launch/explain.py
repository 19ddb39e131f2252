"""Says for a person why a step failed: from its exit code or signal, the end of its log, and the disk the log is on."""

import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path

from headrace.base.settings import ImageSetting
from headrace.launch.absent import said_of_inputs
from headrace.launch.base import Exited, LaunchRequest, OverLimit
from headrace.launch.containers.marks import read_mark
from headrace.launch.images import base_of, how_to_map
from headrace.launch.runner import wire
from headrace.model.task import Usage

_TAIL = 16 * 1024
_LONGEST = 500
_ROOM = 64 * 1024
"""Bytes: with less than this left, a disk counts as full."""

_ERROR = re.compile(r"(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Failure)\b.*")
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?:: .*)?")
"""An exception of another name: in a traceback nothing else begins at the first column."""
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_TRACEBACK = "Traceback (most recent call last)"
_GROUP = "  + Exception Group Traceback (most recent call last)"
_CALLED_ERROR = re.compile(r"(?:[\w./-]+: )?\[?(?:fatal|panic|error)\]?(?: error)?: ", re.IGNORECASE)
_MISSING_MODULE = re.compile(r"(?:ModuleNotFoundError: No module named|ImportError: cannot import name) '([^']+)'")

_MISSING_FILE = re.compile(r"No such file or directory|: (?:command )?not found$|can't open file")


def explain_exit(exited: Exited, request: LaunchRequest, images: Mapping[str, ImageSetting] | None = None) -> str:
    """A sentence or two: how it ended, and the line of its log that says most. Reads the log; never fails."""
    how = exited.message or _how(exited)
    if exited.killed:
        return how
    log = request.folder / wire.LOG
    if exited.rank is not None and exited.over_limit is None:
        how = f"rank {exited.rank} of {request.workers}: {how}"
        log = log.with_name(wire.log_of(exited.rank))
    said = _telling_line(tail(log))
    text = f"{how}: {said}" if said else how
    if is_full(request.folder):
        text += ". The disk that holds its log is full, so what it said last may be missing"
    text += _unbound(request.folder) + said_of_inputs(request)
    if request.sources or base_of(request.image, images or {}).mapped or read_mark(request.folder) is not None:
        return text
    return text + _unmapped(request.image, said)


def _unmapped(image: str, said: str) -> str:
    """What is to be said where the step may have missed what its image brings, for which nothing stands."""
    nothing = f". The image {image!r} is not run as a container here, and nothing stands for it. If it brings"
    module = _MISSING_MODULE.search(said)
    if module is not None:
        package = module[1].partition(".")[0]
        return (
            f"{nothing} the module {package!r}, map its sources to it: `{how_to_map(image)}`, or its packages by the "
            f'setting images: images = {{"{image}" = {{packages = ["{package}"]}}}}'
        )
    if _MISSING_FILE.search(said):
        return f"{nothing} what is missing, map its sources to it: `{how_to_map(image)}`"
    return ""


def _how(exited: Exited) -> str:
    if exited.killed:
        return "killed"
    code = exited.exit_code
    if exited.over_limit is not None:
        return _over_limit(exited.over_limit, exited.usage)
    if exited.out_of_memory:
        held = exited.usage.max_rss
        most = f"; its largest process held {held / 2**20:,.0f} MiB" if held else ""
        return f"killed by the kernel, probably out of memory{most}"
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", which Headrace did not send" if -code == signal.SIGKILL else ""
    return f"ended by {name}{hint}"


def _over_limit(over: OverLimit, usage: Usage) -> str:
    """What it was killed for. The hint comes with it: what its log says is said after that."""
    used = f" and held {_mebibytes(over.used)}" if over.used else ""
    held = max(over.held, usage.max_rss)
    largest = f"; its largest process{f', {over.process},' if over.process else ''} held {_mebibytes(held)}"
    return (
        f"out of memory: it was killed because it needed more than its limit of {_mebibytes(over.limit)}{used}"
        f"{largest if held else ''}. Raise the limit with set_memory_limit"
    )


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def _unbound(folder: Path) -> str:
    """What the step's process said of mounts that it could not make."""
    try:
        return f". {(folder / wire.UNBOUND).read_text()}"
    except OSError:  # as a rule there were none to make
        return ""


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
    """The message of the last traceback; else the first line that calls itself an error, and the last one.

    The last one alone may be what a wrapper says after it, the first alone what a tool complained of and survived.
    """
    lines = [line.rstrip() for line in _COLOR.sub("", tail).splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith((_TRACEBACK, _GROUP))]
    if starts:
        raised = lines[starts[-1] + 1 :]
        if lines[starts[-1]].startswith(_GROUP):
            return _first_of_group(raised)
        for shape in (_ERROR, _RAISED):
            if found := next(filter(shape.fullmatch, raised), None):
                return _with_end(found, raised[-1])
    last = lines[-1] if lines else ""
    if not any(map(str.isalnum, last)):  # the brace of the executor's input says nothing
        last = ""
    error = next(filter(_CALLED_ERROR.match, lines), last)
    return last[:_LONGEST] if error == last else f"{error[:_LONGEST]} … {last[:_LONGEST]}".removesuffix(" … ")


def _with_end(message: str, last: str) -> str:
    """The first line of an exception's message; with the last one, where the first only says that more follows."""
    more = message.endswith(":") and last != message and any(map(str.isalnum, last))
    return f"{message[:_LONGEST]} … {last[:_LONGEST]}" if more else message[:_LONGEST]


def _first_of_group(drawn: list[str]) -> str:
    """The group, and the first of the exceptions in it, which are drawn further to the right."""
    bare = [(line.index("| "), line[line.index("| ") + 2 :]) for line in drawn if line.lstrip().startswith("| ")]
    raised = [(depth, text) for depth, text in bare if _RAISED.fullmatch(text)]
    if not raised:
        return ""
    inner = next((f": {text}" for depth, text in raised if depth > raised[0][0] and _ERROR.fullmatch(text)), "")
    return f"{raised[0][1]}{inner}"[:_LONGEST]
