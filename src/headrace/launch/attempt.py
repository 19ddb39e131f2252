"""What an attempt's folder tells: whether it was claimed, whether its supervisor lives, how it ended.

The folder is the truth about an attempt (see `runner.supervision`); a pid in it only says whom to signal, after the
held lock has said that the process is still the one that wrote it.
"""

import fcntl
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from headrace.base.clock import Instant
from headrace.launch.base import Exited, LaunchRequest, Lost, OverLimit, Refused
from headrace.launch.containers.marks import read_mark
from headrace.launch.images import how_to_map
from headrace.launch.runner import linux, wire
from headrace.launch.variables import LINK
from headrace.model.task import Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Nothing of it ran."""


@dataclass(frozen=True, slots=True)
class Alive:
    """Its supervisor has it. `watch` becomes readable when that ends, and it does not outlive an attempt whose server
    is gone; whoever looked has to close it."""

    pid: int
    watch: int


@dataclass(frozen=True, slots=True)
class Ended:
    """It left a record."""

    record: dict[str, object]


@dataclass(frozen=True, slots=True)
class Vanished:
    """It was claimed by `pid`, which is gone without a record."""

    pid: int


@dataclass(frozen=True, slots=True)
class Contained:
    """It has a container, which may run: only the engine knows, until its end is recorded."""


def look(folder: Path) -> Unclaimed | Alive | Ended | Vanished | Contained:
    """The state of the attempt; a snapshot. Raises OSError where the folder cannot be read."""
    try:
        claim = os.open(folder / wire.CLAIM, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return look_without_claim(folder)
    try:
        text = os.read(claim, 64)
        if not text.endswith(b"\n"):
            return Unclaimed()
        pid = int(text)
        # Watched first, locked second: a lock that is still held says that the pid was its maker's all along.
        watch = _watch(pid)
        if watch >= 0:
            try:
                fcntl.flock(claim, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Alive(pid, watch)
            os.close(watch)
    finally:
        os.close(claim)
    record = _record(folder)
    return Vanished(pid) if record is None else Ended(record)


def look_without_claim(folder: Path) -> Unclaimed | Ended | Contained:
    """The state of an attempt that no supervisor has. Raises OSError."""
    if read_mark(folder) is None:
        return Unclaimed()
    record = _record(folder)
    return Contained() if record is None else Ended(record)


def _record(folder: Path) -> dict[str, object] | None:
    try:
        found: dict[str, object] = json.loads((folder / wire.EXIT).read_bytes())
    except FileNotFoundError:
        return None
    return found


def is_running(folder: Path) -> bool:
    """Its supervisor runs, or it may run in a container. Raises OSError where the folder cannot be read."""
    state = look(folder)
    if isinstance(state, Alive):
        os.close(state.watch)
    return isinstance(state, Alive | Contained)


def is_over(folder: Path) -> bool:
    """It ran, and does not any more. Raises OSError where the folder cannot be read."""
    return not is_running(folder) and not isinstance(look(folder), Unclaimed)


def mark_killed(folder: Path, grace: float) -> None:
    """Leave word that the attempt is to end, or never to start. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{wire.KILL}.{os.getpid()}"
    fresh.write_text(str(grace))
    fresh.replace(folder / wire.KILL)


def is_marked_killed(folder: Path) -> bool:
    return (folder / wire.KILL).exists()


def killed_at(folder: Path) -> Instant | None:
    """When its latest kill was asked for, if one was. Raises OSError where the folder cannot be read."""
    try:
        return Instant((folder / wire.KILL).stat().st_mtime_ns // 1000)
    except FileNotFoundError:
        return None


def grace_of(folder: Path) -> float:
    """The seconds of grace of its kill. Raises OSError where there was none."""
    return float((folder / wire.KILL).read_text())


def sweep_links() -> None:
    """Remove the short names of attempts in homes that are gone. Those of other users are theirs to sweep."""
    begins = Path(LINK)
    for link in begins.parent.glob(f"{begins.name}*"):
        try:
            if link.is_symlink() and link.lstat().st_uid == os.getuid() and _leads_nowhere(link):
                link.unlink()
        except OSError as error:  # somebody else sweeps too, or its home may not be looked into
            log.debug("the short name %s is left: %s", link, error)


def _leads_nowhere(link: Path) -> bool:
    try:
        link.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    return False


def observation(request: LaunchRequest, record: dict[str, object]) -> Exited | Refused | Lost:
    """A record as the waist says it."""
    at = Instant(_number(record, "ended"))
    if "lost" in record:
        return Lost(request.attempt_id, at, str(record["lost"]))
    if "refused" in record:
        reason, infrastructure = str(record["refused"]), bool(record["infrastructure"])
        if record.get("host"):
            reason += f". {_missing(request)}"
        return Refused(request.attempt_id, at, reason, infrastructure)
    return Exited(
        attempt_id=request.attempt_id,
        started_at=Instant(_number(record, "started")),
        at=at,
        exit_code=_number(record, "code"),
        killed=bool(record["killed"]),
        message=str(record["message"]),
        out_of_memory=bool(record.get("memory")),
        usage=_usage(record),
        over_limit=_over_limit(record.get("over")),
        rank=_number(record, "rank") if "rank" in record else None,
    )


def _missing(request: LaunchRequest) -> str:
    """Why a command is not there, and what to do."""
    if request.sources:
        return (
            f"It is not among the sources that {request.image!r} is mapped to, nor what they require, nor on this host"
        )
    return (
        f"The image {request.image!r} is not run as a container: what it brings has to be on this host, "
        f"or in sources that are mapped to it: {how_to_map(request.image)}"
    )


def _usage(record: dict[str, object]) -> Usage:
    largest, over = _number(record, "rss"), _over_limit(record.get("over"))
    return Usage(
        user_seconds=_fraction(record, "user"),
        system_seconds=_fraction(record, "system"),
        max_rss=largest,
        peak_memory=max(largest, _number(record, "peak", 0)),
        read_bytes=_number(record, "read", 0),
        written_bytes=_number(record, "written", 0),
        average_memory=_number(record, "average", 0),
        peak_cores=_fraction(record, "cores", 0.0),
        over_limit=over.limit if over is not None else 0,
    )


def _over_limit(said: object) -> OverLimit | None:
    if not isinstance(said, dict):
        return None
    return OverLimit(_number(said, "limit"), _number(said, "used"), str(said["process"]), _number(said, "held"))


def _watch(pid: int) -> int:
    try:
        return linux.watch(pid)
    except ProcessLookupError:
        return -1


def _number(record: dict[str, object], name: str, default: int | None = None) -> int:
    """Raises KeyError where there is neither it nor a default: what not every record has has one."""
    value = record[name] if default is None else record.get(name, default)
    assert isinstance(value, int)
    return value


def _fraction(record: dict[str, object], name: str, default: float | None = None) -> float:
    value = record[name] if default is None else record.get(name, default)
    assert isinstance(value, int | float)
    return float(value)
