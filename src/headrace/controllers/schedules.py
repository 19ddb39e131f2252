"""The loop of all schedules and backfills: fires what is due, then sleeps until the next tick.

Due times are rows; nothing in memory is needed to go on. The loop is woken when the API changed something and when a
run ended. Beside that it looks at the clock every few seconds, for clocks are put forward and back, and at the database
once a minute, for another server may have left it something to do.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from headrace.base.clock import SECOND, Clock, Instant
from headrace.base.errors import Unavailable
from headrace.controllers.faults import Fault, Faults
from headrace.controllers.fire import Fire, Fired
from headrace.model.run import Failure
from headrace.store import schedules
from headrace.store.db import Database, Tx

BATCH = 128
"""How many schedules are fired at once: the writer commits them together, and others still get their turn."""

MOST_HELD = 1_024
"""How many runs are made before the first of them starts: what is due comes first, for starting takes longer."""

CLOCK_SECONDS = 2.0
DATABASE_SECONDS = 60.0
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Schedules:
    """Lives on the event loop. `wake(run_id)` tells the controllers of a new run, after its commit."""

    def __init__(
        self, database: Database, fire: Fire, clock: Clock, wake: Callable[[str], None], faults: Faults
    ) -> None:
        self._database = database
        self._fire = fire
        self._clock = clock
        self._wake = wake
        self._faults = faults
        self._news = asyncio.Event()
        self._waiting = True
        self._made: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Catch up with what became due while no server was up, and go on."""
        self._task = asyncio.get_running_loop().create_task(self._live(), name="schedules")

    async def stop(self) -> None:
        """Leave the schedules as they are written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def changed(self) -> None:
        """A schedule or backfill was made, enabled or changed. Called after the commit."""
        self._news.set()

    def run_ended(self) -> None:
        """A run ended: one that waits for it may be due."""
        if self._waiting:
            self._news.set()

    async def turn(self) -> Instant:
        """Fire all that can be fired now; gives the soonest tick after that, 0 for none."""
        self._waiting = True  # A run that ends while we look makes us look again.
        try:
            while True:
                outlook = await self._look()
                moved = await asyncio.gather(
                    *map(self._schedule, outlook.schedules), *map(self._backfill, outlook.backfills)
                )
                if not any(moved):
                    self._waiting = outlook.waiting
                    return outlook.soonest
                if len(self._made) >= MOST_HELD:
                    self._wake_made()
        finally:
            self._wake_made()

    async def _look(self) -> schedules.Outlook:
        now = self._clock.now()
        return await asyncio.to_thread(self._database.read, lambda tx: schedules.outlook(tx, now, BATCH))

    def _wake_made(self) -> None:
        made, self._made = self._made, []
        for run_id in made:
            self._wake(run_id)

    async def _schedule(self, each: str) -> bool:
        """Fire one schedule; whether it moved."""
        return await self._transact(
            lambda tx: self._fire.schedule(tx, each), lambda tx, why: self._fire.give_up(tx, each, why)
        )

    async def _backfill(self, each: str) -> bool:
        return await self._transact(
            lambda tx: self._fire.backfill(tx, each), lambda tx, why: self._fire.give_up_backfill(tx, each, why)
        )

    async def _transact(self, unit: Callable[[Tx], Fired], give_up: Callable[[Tx, Failure], None]) -> bool:
        """Commit the unit, and keep the run that it made in mind. An error of ours costs the tick, not the schedule."""
        self._faults(Fault.BEFORE_COMMIT)
        try:
            fired = await asyncio.wrap_future(self._database.submit(unit))
        except Unavailable:
            raise
        except Exception as error:
            log.exception("a tick of a schedule failed")
            why = Failure(f"internal error: {type(error).__name__}: {error}", code=13)
            await asyncio.wrap_future(self._database.submit(lambda tx: give_up(tx, why)))
            return True
        self._faults(Fault.AFTER_COMMIT)
        if fired.run_id:
            self._made.append(fired.run_id)
        return fired.moved

    async def _live(self) -> None:
        """The loop top. What goes wrong is said, and tried again."""
        while True:
            self._news.clear()
            try:
                soonest = await self.turn()
            except Exception as error:
                if not isinstance(error, Unavailable):  # That the writer has said.
                    log.exception("schedules cannot be fired; trying again")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._sleep(soonest)

    async def _sleep(self, until: Instant) -> None:
        """Until that instant by the clock, wherever it jumps meanwhile, or until there is news."""
        look = asyncio.get_running_loop().time() + DATABASE_SECONDS
        while not self._news.is_set():
            left = look - asyncio.get_running_loop().time()
            if until:
                left = min(left, (until - self._clock.now()) / SECOND)
            if left <= 0:
                return
            await _within(self._news.wait(), min(left, CLOCK_SECONDS) if until else left)


async def _within(waiting: Coroutine[Any, Any, Any], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting
