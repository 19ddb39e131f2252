"""`headrace gc`: attempt folders, environments and sources that nothing needs, removed; with the server up or down.

An attempt's folder is needed while its run is in the database (its log is in it) or its step runs. Folders are listed
before the database is asked: a row is committed before its folder is made, so a folder without a row is nobody's.
An environment is needed while steps use it: its ready mark is touched by each step that is started in it. Both are
built or written again when they are missed, so a wrong guess costs time, never a result.
Sources are needed while an image is mapped to them or a task that has not ended was reached with them; a run that is
live may still reach one with those that its images were mapped to when it began, so they are as old as their last use.
"""

import fcntl
import time
from dataclasses import dataclass
from pathlib import Path

from headrace.base import disk
from headrace.base.clock import SECOND, Instant
from headrace.base.errors import InvalidInput
from headrace.base.home import Home
from headrace.cli import discover, identity, output
from headrace.cli.database import opened
from headrace.cli.view import spell_bytes
from headrace.launch.attempt import is_running
from headrace.launch.runner.wire import CLAIM
from headrace.store import images, upkeep

_DAY = 24 * 3600
_MARGIN = 2 * 3600
"""Seconds that may lie between an environment's last mark and the claim of a step in it: servers mark it hourly. And
between the making of a context and the row that names it."""
_READY = "headrace-ready.json"
_LOCKS = "locks"
_GONE = ".gone"


@dataclass(frozen=True, slots=True)
class Rubbish:
    """A folder to remove, and the bytes that its removal frees."""

    folder: Path
    size: int


def gc(
    *,
    dry_run: bool,
    environments: float,
    attempts: float | None,
    home: str | None,
    database: str | None,
    json: bool,
) -> int:
    """Remove what nothing needs, or only say what that is. `environments` and `attempts` are ages in days."""
    place = discover.home_of(home)
    if identity.read(place) is None:
        raise InvalidInput(
            "no server was ever up in this home", where=str(place.root), hint="Name the home with --home"
        )
    if environments < 0 or (attempts is not None and attempts < 0):
        raise InvalidInput("an age is less than 0", where="gc", hint="Give days")
    now = time.time()
    running: list[float] = []
    found = {
        "attempts": _attempts(place, database, None if attempts is None else now - attempts * _DAY, running),
        "environments": _environments(place, min([now - environments * _DAY, *(at - _MARGIN for at in running)])),
        "contexts": _contexts(place, database, now - max(environments * _DAY, _MARGIN)),
    }
    if not dry_run:
        for each in (*found["attempts"], *found["contexts"]):
            disk.remove(each.folder)
        for each in found["environments"]:
            _remove_environment(place, each.folder)
    _report(found, dry_run=dry_run, as_json=json)
    return 0


def _attempts(home: Home, url: str | None, ended_before: float | None, running: list[float]) -> list[Rubbish]:
    """Folders of attempts that no run knows, and of runs that ended before that time. Notes when running ones began."""
    folders = {folder.name: folder for folder in _folders(home.attempts)}
    with opened(home, url) as database:
        known = database.read(lambda tx: upkeep.known_attempts(tx, list(folders)))
        if ended_before is not None:
            instant = Instant(int(ended_before * SECOND))
            known -= set(database.read(lambda tx: upkeep.attempts_of_ended_runs(tx, instant)))
    rubbish = []
    for name, folder in folders.items():
        if is_running(folder):
            if (folder / CLAIM).exists():  # a container has its environment itself
                running.append((folder / CLAIM).stat().st_mtime)
        elif name not in known:
            rubbish.append(Rubbish(folder, disk.size(folder)))
    return rubbish


def _environments(home: Home, unused_since: float) -> list[Rubbish]:
    """Environments that no step has used since that time, and what killed builds and collections left."""
    return [
        Rubbish(folder, disk.size(folder))
        for folder in _folders(home.environments)
        if folder.name not in (_LOCKS, "resolutions") and _is_unused(home, folder, unused_since)
    ]


def _contexts(home: Home, url: str | None, unused_since: float) -> list[Rubbish]:
    """Sources that nothing stands for any more, and what killed uploads left. The folders are listed first."""
    folders = [each for each in _folders(home.contexts) if each.stat().st_mtime < unused_since]
    if not folders:
        return []
    with opened(home, url) as database:
        used = database.read(images.contexts_in_use)
    return [Rubbish(folder, disk.size(folder)) for folder in folders if folder.name not in used]


def _is_unused(home: Home, folder: Path, since: float) -> bool:
    """Nobody builds it now, and no step was started in it since that time; it counts as used when it was begun."""
    if folder.name.endswith(_GONE):
        return True
    with (home.environments / _LOCKS / folder.name).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        mark = folder / _READY
        return not mark.exists() or mark.stat().st_mtime < since


def _remove_environment(home: Home, folder: Path) -> None:
    """Out of the way at once, under the lock that builders take; then removed."""
    gone = folder if folder.name.endswith(_GONE) else folder.with_name(folder.name + _GONE)
    if gone is not folder:
        with (home.environments / _LOCKS / folder.name).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            folder.rename(gone)
    disk.remove(gone)


def _folders(parent: Path) -> list[Path]:
    return sorted(each for each in parent.iterdir() if each.is_dir()) if parent.is_dir() else []


def _report(found: dict[str, list[Rubbish]], *, dry_run: bool, as_json: bool) -> None:
    sizes = {what: sum(each.size for each in rubbish) for what, rubbish in found.items()}
    if as_json:
        parts = {
            what: {"count": len(rubbish), "bytes": sizes[what], "names": [each.folder.name for each in rubbish]}
            for what, rubbish in found.items()
        }
        output.document({"dry_run": dry_run, "bytes": sum(sizes.values()), **parts})
        return
    verb = "Would remove" if dry_run else "Removed"
    for what, rubbish in found.items():
        noun = what if len(rubbish) != 1 else what.removesuffix("s")
        print(f"{verb} {len(rubbish)} {noun}, {spell_bytes(sizes[what])}")
