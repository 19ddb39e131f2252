"""Removes what is in volumes and workspaces once nobody has a use for it: on disk, then its row.

A claim that was deleted keeps its bytes while an attempt has it mounted; a workspace is its run's until that succeeds
or is deleted. A folder is listed before it is looked up, and its row is older than it: a workspace without a row is
nobody's. What is in a volume without a row may be of a claim in another database that the home was used with: it stays.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from headrace.base import disk
from headrace.base.errors import HeadraceError
from headrace.base.home import Home
from headrace.store import claims, upkeep
from headrace.store.db import Database

EVERY_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reclaimer:
    """Lives on the event loop."""

    database: Database
    home: Home
    _task: "asyncio.Task[None] | None" = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._live(), name="reclaimer")

    async def stop(self) -> None:
        """In the middle of a pass, if need be: the next one goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _live(self) -> None:
        """The loop top: what went wrong is said, and tried again at the next turn."""
        while True:
            try:
                await asyncio.to_thread(self.run)
            except HeadraceError as error:
                log.warning("volumes and workspaces are not tidied for now: %s", error)
            except Exception:
                log.exception("volumes and workspaces are not tidied; trying again later")
            await asyncio.sleep(EVERY_SECONDS)

    def run(self) -> None:
        """One pass, in which what cannot be removed keeps nothing else. Blocking. Raises Unavailable."""
        gone = [uid for uid in self.database.read(claims.unused) if _is_removed(self.home.volume(uid))]
        over = self.database.read(claims.mounts_are_over)
        if gone or over:
            self.database.submit(partial(claims.forget, uids=gone)).result()
        volumes, workspaces = _names(self.home.volumes), _names(self.home.workspaces)
        if not volumes and not workspaces:
            return
        known = self.database.read(lambda tx: claims.known(tx, volumes))
        in_use = self.database.read(lambda tx: upkeep.workspaces_in_use(tx, workspaces))
        for uid in volumes:
            if uid not in known:
                _drop_empty(self.home.volume(uid))
        for run_id in workspaces:
            if run_id not in in_use:
                _is_removed(self.home.workspace(run_id))


def _is_removed(folder: Path) -> bool:
    """Whether it is not there any more; else that is said, and tried again at the next turn."""
    try:
        if folder.exists():
            disk.remove(folder)
    except HeadraceError as error:
        log.warning("something of volumes and workspaces is left behind for now: %s", error)
        return False
    return True


def _drop_empty(folder: Path) -> None:
    """Made for an attempt that never came to mounting it, it holds nothing."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()] if folder.is_dir() else []
