"""Runs as they were last shown: the bytes of get-run, kept until the run is another one.

Takes a run's id and gives an answer that is no older than the question, whoever changed the run and wherever: a kept
answer is given only after its version was read from the database, or where nothing was committed since. Questions that
arrive together share that reading, and whoever asks for the same run shares its making, so what a run costs does not
grow with how many watch it.

A large run that changes all the time is made anew for a part of the time only: after a making comes a pause in
proportion, and whoever asks meanwhile waits for the next.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from headrace.base.errors import NotFound
from headrace.store import query
from headrace.store.db import Database, Tx
from headrace.store.views import RunVersion

T = TypeVar("T")

MOST_BYTES = 32 * 1024 * 1024
PAUSE = 9.0
"""How long the pause is over the making before it, which so takes a tenth of a core at most."""

LONGEST_PAUSE = 1.0

Key = tuple[str, bool]
"""A run's id, and whether it is wanted in full."""


@dataclass(slots=True)
class _Kept:
    """An answer, the version that it is of, the seconds that it took to make, and what `Database.commits` was when it
    was known to be the run's last."""

    version: RunVersion
    body: bytes
    cost: float
    commits: int | None


Waiting = list["asyncio.Future[bytes]"]


@dataclass(slots=True)
class Answers:
    """Lives on the event loop. `make` gives the answer, and is called in threads."""

    database: Database
    make: Callable[[Tx, str, bool], bytes]
    most: int = MOST_BYTES
    cpu_time: Callable[[], float] = time.thread_time
    _kept: OrderedDict[Key, _Kept] = field(default_factory=OrderedDict)
    _held: int = 0
    _looking: dict[Key, Waiting] = field(default_factory=lambda: defaultdict(list))
    _wanted: dict[Key, Waiting] = field(default_factory=lambda: defaultdict(list))
    _tasks: dict[Key | None, "asyncio.Task[None]"] = field(default_factory=dict)

    async def get(self, run_id: str, full: bool) -> bytes:
        """Raises NotFound, Unavailable."""
        key = (run_id, full)
        kept = self._kept.get(key)
        if kept is not None and kept.commits is not None and kept.commits == self.database.commits:
            self._kept.move_to_end(key)
            return kept.body
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if kept is not None:
            self._looking[key].append(answer)
            self._begin(None)
        else:
            self._want(key, [answer])
        return await answer

    def _want(self, key: Key, waiting: Waiting) -> None:
        """Make the answer anew, for these."""
        self._wanted[key] += waiting
        self._begin(key)

    def _begin(self, key: Key | None) -> None:
        """Have a task that makes answers for `key`; for None the one that looks for versions."""
        if key not in self._tasks:
            work = self._look() if key is None else self._build(key)
            self._tasks[key] = asyncio.get_running_loop().create_task(work)

    async def _look(self) -> None:
        """As long as somebody asks: read the versions of all that is asked for, answer what has not changed."""
        try:
            while self._looking:
                asked, self._looking = self._looking, defaultdict(list)
                run_ids, commits = {run_id for run_id, _ in asked}, self.database.commits
                try:
                    versions = await _read(self.database, partial(_versions, run_ids))
                except Exception as error:
                    for waiting in asked.values():
                        _fail(waiting, error)
                    continue
                for key, waiting in asked.items():
                    self._settle(key, waiting, versions.get(key[0]), commits)
        finally:
            del self._tasks[None]

    def _settle(self, key: Key, waiting: Waiting, version: RunVersion | None, commits: int | None) -> None:
        kept = self._kept.get(key)
        if version is None:
            self._drop(key)
            _fail(waiting, NotFound(f"Run {key[0]} not found"))
        elif kept is not None and kept.version == version:
            kept.commits = commits
            self._kept.move_to_end(key)
            _answer(waiting, kept.body)
        else:
            self._want(key, waiting)

    async def _build(self, key: Key) -> None:
        """As long as somebody wants it: make the answer, keep it, give it, pause."""
        try:
            while waiting := self._wanted.pop(key, []):
                try:
                    made = await _read(self.database, partial(self._made, key))
                except Exception as error:
                    self._drop(key)
                    _fail(waiting, error)
                    continue
                self._keep(key, made)
                _answer(waiting, made.body)
                await asyncio.sleep(min(made.cost * PAUSE, LONGEST_PAUSE))
        finally:
            del self._tasks[key]

    def _made(self, key: Key, tx: Tx) -> _Kept:
        """The answer and its version, of one state of the database; and what of this thread's time it took."""
        begin, commits = self.cpu_time(), self.database.commits
        version = query.run_versions(tx, [key[0]]).get(key[0])
        if version is None:
            raise NotFound(f"Run {key[0]} not found")
        body = self.make(tx, *key)
        return _Kept(version, body, self.cpu_time() - begin, commits)

    def _keep(self, key: Key, made: _Kept) -> None:
        self._drop(key)
        if len(made.body) * 4 > self.most:
            return
        self._kept[key] = made
        self._held += len(made.body)
        while self._held > self.most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._held -= len(dropped.body)


async def _read(database: Database, function: Callable[[Tx], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, database.read, function)


def _versions(run_ids: Collection[str], tx: Tx) -> Mapping[str, RunVersion]:
    return query.run_versions(tx, run_ids)


def _answer(waiting: Waiting, body: bytes) -> None:
    for each in waiting:
        if not each.done():
            each.set_result(body)


def _fail(waiting: Waiting, error: Exception) -> None:
    for each in waiting:
        if not each.done():
            each.set_exception(error)
