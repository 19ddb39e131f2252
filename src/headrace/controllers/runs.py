"""All live runs of this process: one actor each, found by run id.

Starting is recovering: every run that has not ended gets its actor, which loads it and sends its open commands again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from headrace.base.errors import LeaseLost, NotFound
from headrace.controllers.actor import RunActor, Shared
from headrace.controllers.feed import News
from headrace.engine.abort import abort
from headrace.model.event import Event, RunAborted
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.store import equal, leases, runs, upkeep
from headrace.store.db import Tx
from headrace.store.views import EventRow

log = logging.getLogger(__name__)


class Runs:
    """Lives on the event loop. `on_end` is called when a run has ended here."""

    def __init__(self) -> None:
        self.on_end: Callable[[], None] = lambda: None
        self._shared: Shared | None = None
        self._actors: dict[str, RunActor] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self, shared: Shared) -> None:
        """Take up every run that has not ended and that no other server has."""
        self._shared = shared
        holder = shared.advance.holder
        for run_id in await asyncio.to_thread(shared.database.read, lambda tx: leases.takeable_runs(tx, holder)):
            self.wake(run_id)

    async def stop(self) -> None:
        """Leave the runs as they are written."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def has(self, run_id: str) -> bool:
        """The run has its actor here."""
        return run_id in self._actors

    @property
    def live(self) -> int:
        """Runs that have an actor."""
        return len(self._actors)

    def wake(self, run_id: str) -> None:
        """The run is new, or something was put into its inbox."""
        actor = self._actors.get(run_id)
        if actor is not None:
            actor.poke()
        elif self._shared is not None and not self._stopping:
            actor = self._actors[run_id] = RunActor(run_id, self._shared)
            task = asyncio.get_running_loop().create_task(self._live(actor, self._shared), name=f"run {run_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def tell(self, run_id: str, event: Event) -> None:
        """An observation of one of the run's attempts. A run that has ended has no use for it."""
        actor = self._actors.get(run_id)
        if actor is not None:
            actor.tell(event)

    async def _live(self, actor: RunActor, shared: Shared) -> None:
        """The loop top of one run: whatever goes wrong in it ends that run alone, and says so."""
        try:
            await actor.live()
        except LeaseLost:
            log.info("run %s is owned by another controller", actor.run_id)
            _abandon(shared, actor.run_id)
        except Exception as error:
            if isinstance(error, NotFound) and not await asyncio.to_thread(_is_there, shared, actor.run_id):
                log.info("run %s was deleted", actor.run_id)
            else:
                log.exception("run %s cannot go on", actor.run_id)
                await self._give_up(actor.run_id, shared, error)
        finally:
            del self._actors[actor.run_id]
            self.on_end()
        if actor.is_poked:
            self.wake(actor.run_id)

    async def _give_up(self, run_id: str, shared: Shared, error: Exception) -> None:
        """An error of ours in a run: it ends FAILED, with the reason, and its steps are killed."""
        failure = Failure(f"internal error: {type(error).__name__}: {error}", code=13)

        def unit(tx: Tx) -> tuple[Sequence[EventRow], tuple[str, ...]]:
            leases.take_lease(tx, runs.run_key(tx, run_id), shared.advance.holder)
            rows = runs.load_run(tx, run_id)
            runs.take_inbox(tx, rows.run)
            aborted = RunAborted(shared.advance.clock.now(), failure)
            changes = abort(rows.tasks, aborted.at, failure)
            lines = runs.write(tx, rows.run, rows.last_event, (aborted,), changes)
            freed = {task.fingerprint for task in rows.tasks if task.fingerprint and not task.state.ended}
            woken = equal.wake(tx, rows.run.namespace, freed, aborted.at)
            upkeep.remove_if_gone(tx, run_id)
            return lines, woken

        _abandon(shared, run_id)
        lines, woken = await asyncio.wrap_future(shared.database.submit(unit))
        shared.feed.publish(run_id, News(lines, State.FAILED, moved=True))
        for each in woken:
            self.wake(each)


def _abandon(shared: Shared, run_id: str) -> None:
    shared.dispatcher.abandon(run_id)
    shared.errands.abandon(run_id)


def _is_there(shared: Shared, run_id: str) -> bool:
    """Whether the run has its row, deleted or not."""
    return shared.database.read(lambda tx: runs.exists(tx, run_id))
