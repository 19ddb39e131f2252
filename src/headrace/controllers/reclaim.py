"""Removes what is in volumes and workspaces once nobody has a use for it: on disk, then its row.

A claim that was deleted keeps its bytes while an attempt has it mounted; a workspace is its run's until that succeeds
or is deleted. A folder is listed before it is looked up, and its row is older than it: one without a row is nobody's.
"""

import asyncio
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
        """One pass. Blocking. Raises Unavailable where the database or the disk is."""
        for uid in self.database.read(claims.unused):
            folder = self.home.volume(uid)
            if folder.exists():
                disk.remove(folder)
            self.database.submit(partial(claims.forget, uids=[uid])).result()
        volumes, workspaces = _names(self.home.volumes), _names(self.home.workspaces)
        if not volumes and not workspaces:
            return
        known = self.database.read(lambda tx: claims.known(tx, volumes))
        in_use = self.database.read(lambda tx: upkeep.workspaces_in_use(tx, workspaces))
        for folder in (
            *(self.home.volume(uid) for uid in volumes if uid not in known),
            *(self.home.workspace(run_id) for run_id in workspaces if run_id not in in_use),
        ):
            disk.remove(folder)


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()] if folder.is_dir() else []
