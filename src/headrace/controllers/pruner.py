"""Lets go what retention does not keep any more: once an hour, or when somebody asks.

Takes the server's retention and a clock. Of the servers that share a database one removes rows and artifacts; each
removes the logs in its own home. What goes is looked up first, in one read; then it goes in bounded transactions, so
that runs get their turn in between. Nothing is remembered between passes: what a killed pass has left, rows, queued
bytes or folders without a run, the next one finds.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple, dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from headrace.base import disk
from headrace.base.clock import Clock
from headrace.base.errors import HeadraceError, InvalidInput, NotFound
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.blobs.uri import outermost
from headrace.controllers.faults import Fault, Faults, no_faults
from headrace.launch.attempt import is_running
from headrace.model import retention
from headrace.model.retention import PARTS, Retention
from headrace.store import expiry, leases, prune, upkeep
from headrace.store.db import Database, Tx
from headrace.store.expiry import Bytes, Expired
from headrace.store.foreseen import Foreseen, foreseen

T = TypeVar("T")

FIRST_SECONDS = 300.0
EVERY_SECONDS = 3600.0
SETTLE_SECONDS = 5.0
"""Until a transaction of another server that began before ours has ended, and shows what it linked."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Went:
    """What went, or would. `uncached` counts executions that equal steps do not take any more."""

    runs: int = 0
    tasks: int = 0
    logs: int = 0
    log_bytes: int = 0
    artifacts: int = 0
    artifact_bytes: int = 0
    uncached: int = 0

    def __add__(self, other: "Went") -> "Went":
        return Went(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


@dataclass(slots=True)
class Pruner:
    """Lives on the event loop. `total` is what went since the server started."""

    database: Database
    blobs: FolderStore
    home: Home
    retention: Retention
    clock: Clock
    holder: str
    faults: Faults = no_faults
    settle_seconds: float = SETTLE_SECONDS
    total: Went = field(default_factory=Went)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _task: "asyncio.Task[None] | None" = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._live(), name="pruner")

    async def stop(self) -> None:
        """In the middle of a pass, if need be: the next one goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def dry_run(self) -> tuple[Went, Foreseen]:
        """What `run` would let go now, and the first of it by name."""
        found = await self._survey()
        logs = await asyncio.to_thread(self._old_logs, found)
        going = (*found.artifacts, *found.folders)
        kept = await self._read(partial(expiry.named_near, going=going))
        named = await self._read(partial(foreseen, found=found))
        went = Went(
            runs=len(found.due),
            tasks=found.tasks,
            logs=len(logs),
            log_bytes=await asyncio.to_thread(lambda: sum(map(disk.size, logs))),
            artifacts=len(found.artifacts),
            artifact_bytes=await asyncio.to_thread(self._measure, going, kept),
            uncached=len(found.uncached),
        )
        return went, named

    async def run(self) -> Went:
        """Let go what may go now, whichever server this is; gives what went."""
        async with self._turn:
            found = await self._survey()
            went = await self._rows(found)
            if self.database.shared and await self._read(prune.is_unfinished):
                await asyncio.sleep(self.settle_seconds)
            went += await self._bytes(found, folders=False)
            went += await self._bytes(found, folders=True)
            went += await self._logs(found)
            self.total += went
        if went != Went():
            log.info(
                "retention let go %d runs with %d tasks, %d logs (%d bytes), %d artifacts (%d bytes), %d executions",
                *astuple(went),
            )
        return went

    async def _live(self) -> None:
        """The loop top: what went wrong is said, and tried again at the next turn."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                if await self._is_wanted():
                    await (self.run() if await self._is_first() else self._only_logs())
            except (HeadraceError, OSError) as error:
                log.warning("retention is put off: %s", error)
            except Exception:
                log.exception("retention failed; trying again later")
            await asyncio.sleep(EVERY_SECONDS)

    async def _only_logs(self) -> None:
        async with self._turn:
            self.total += await self._logs(await self._survey())

    async def _is_wanted(self) -> bool:
        """Something is not kept for ever, or an earlier pass was not finished."""

        def read(tx: Tx) -> bool:
            return expiry.is_wanted(tx, self.retention) or prune.is_unfinished(tx)

        return await self._read(read)

    async def _is_first(self) -> bool:
        return await self._read(lambda tx: leases.is_first(tx, self.holder))

    async def _survey(self) -> Expired:
        now = self.clock.now()
        return await self._read(lambda tx: expiry.survey(tx, self.retention, now))

    async def _rows(self, found: Expired) -> Went:
        """Remove the rows of runs, and queue artifacts."""
        await self._each(sorted(found.aged), prune.drop)
        runs, tasks, rest = 0, 0, list(found.due)
        while rest:
            count = await self._read(partial(prune.batch, due=tuple(rest)))
            taken, rest = rest[:count], rest[count:]
            removed = await self._write(partial(prune.remove_runs, run_keys=taken))
            self.faults(Fault.AFTER_COMMIT)
            runs, tasks = runs + removed[0], tasks + removed[1]
        await self._each(found.staying, prune.expire)
        await self._each(found.orphans, prune.queue)
        if plans := await self._read(prune.unnamed_plans):
            await self._write(lambda tx: prune.remove_plans(tx, plans))
        return Went(runs=runs, tasks=tasks, uncached=len(found.uncached))

    async def _each(self, ids: Sequence[str], unit: Callable[[Tx, Sequence[str]], None]) -> None:
        """The unit, for some hundred of the ids at a time."""
        for start in range(0, len(ids), prune.QUEUE):
            await self._write(_of(unit, ids[start : start + prune.QUEUE]))

    async def _bytes(self, found: Expired, *, folders: bool) -> Went:
        """Remove the bytes of what is queued, by this pass or by one that was killed."""
        expected = {each.artifact_id for each in found.artifacts}
        went, last = Went(), ""
        while some := await self._read(partial(prune.queued, after=last, folders=folders)):
            last = some[-1]
            settled = await self._write(partial(prune.settle, artifacts=some, released=found.released))
            going = (*settled.whole, *settled.staying)
            kept = await self._read(partial(expiry.named_near, going=going))
            freed, left = await asyncio.to_thread(self._remove, going, kept)
            self.faults(Fault.BEFORE_COMMIT)
            await self._write(partial(prune.done, settled=settled, but=left))
            counted = [each for each in going if each.artifact_id in expected.difference(left)]
            went += Went(artifacts=len(counted), artifact_bytes=freed)
        return went

    async def _logs(self, found: Expired) -> Went:
        """Remove the folders of attempts, on this machine."""

        def remove() -> Went:
            went = Went()
            for folder in self._old_logs(found):
                size = disk.size(folder)
                if _tried(disk.remove, folder):
                    went += Went(logs=1, log_bytes=size)
            return went

        return await asyncio.to_thread(remove)

    def _old_logs(self, found: Expired) -> list[Path]:
        """Of attempts whose run let them go, or that no run knows. Listed first: rows are older than folders."""
        if self.retention.keeps_all and not found.without_logs:
            return []
        parent = self.home.attempts
        folders = {each.name: each for each in parent.iterdir()} if parent.is_dir() else {}
        known = self.database.read(lambda tx: upkeep.known_attempts(tx, list(folders), found.without_logs))
        return [folder for name, folder in sorted(folders.items()) if name not in known and not is_running(folder)]

    def _measure(self, going: Sequence[Bytes], kept: Collection[str]) -> int:
        return sum(map(self._size, outermost({uri for each in going for uri in self._parts(each, kept)})))

    def _remove(self, going: Sequence[Bytes], kept: Collection[str]) -> tuple[int, set[str]]:
        """Remove the bytes that are this store's, but those that are kept; how many, and whose are left."""
        freed = 0

        def remove(each: Bytes) -> None:
            nonlocal freed
            for uri in self._parts(each, kept):
                size = self._size(uri)
                self.blobs.delete(uri)
                self.blobs.tidy(uri, each.run_id)
                freed += size

        left = {each.artifact_id for each in going if not _tried(remove, each)}
        return freed, left

    def _parts(self, each: Bytes, kept: Collection[str]) -> list[str]:
        """The uris of what goes. One that a step made up may be none that the store takes: then there is nothing."""
        if not each.is_of_run or not self.blobs.owns(each.uri):
            return []
        try:
            return self.blobs.besides(each.uri, kept)
        except InvalidInput:
            return []

    def _size(self, uri: str) -> int:
        try:
            return self.blobs.size(uri)
        except (NotFound, InvalidInput):
            return 0

    async def _read(self, function: Callable[[Tx], T]) -> T:
        return await asyncio.to_thread(self.database.read, function)

    async def _write(self, unit: Callable[[Tx], T]) -> T:
        return await asyncio.wrap_future(self.database.submit(unit))


def kept(settings: Settings) -> Retention:
    """What the server's settings say."""
    return Retention(**{name: retention.parse(getattr(settings, f"retention_{name}"), name) for name in PARTS})


def _of(unit: Callable[[Tx, Sequence[str]], None], ids: Sequence[str]) -> Callable[[Tx], None]:
    return lambda tx: unit(tx, ids)


def _tried(remove: Callable[[T], None], what: T) -> bool:
    """Whether it was removed. One that cannot be keeps no other one; the next pass tries again."""
    try:
        remove(what)
    except (HeadraceError, OSError) as error:
        log.warning("retention leaves something behind for now: %s", error)
        return False
    return True
