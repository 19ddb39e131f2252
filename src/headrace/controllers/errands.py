"""Errands: what the server does itself for a run, as attempts of its tasks: imports, and persistent volume claims.

Lives on the event loop. Takes `Errand`s from the run actors, gives events to `tell`. An errand can be done again, since
what it makes is named after its attempt: after a restart the actors send those again that have not ended.
"""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import assert_never

from headrace.base.clock import Clock, Instant
from headrace.base.errors import HeadraceError, Unavailable
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.controllers import claiming
from headrace.controllers.dispatch import Tell
from headrace.controllers.importing import bring
from headrace.controllers.publish import Published
from headrace.model.artifact import Bindings
from headrace.model.event import AttemptFailed, AttemptStarted, AttemptSucceeded
from headrace.model.run import Failure, Run
from headrace.model.task import Task
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import CreateClaim, DeleteClaim, Importer, TaskPlan
from headrace.store.db import Database

log = logging.getLogger(__name__)

_AT_ONCE = 4
_NEVER = Instant(0)


@dataclass(frozen=True, slots=True)
class Errand:
    """An attempt at such a leaf, with all that it depends on. `plan` is its task's."""

    run: Run
    task: Task
    plan: TaskPlan
    component: Importer | CreateClaim | DeleteClaim
    context: RunContext
    attempt_id: str


class Errands:
    """Those that are under way, by attempt."""

    def __init__(self, database: Database, blobs: FolderStore, home: Home, clock: Clock, tell: Tell) -> None:
        self._database = database
        self._blobs = blobs
        self._home = home
        self._clock = clock
        self._tell = tell
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="errand")

    async def stop(self) -> None:
        """Let go of them: the next start does them again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(cancel_futures=True)

    def launch(self, errand: Errand) -> None:
        """Do it; one that is under way is left alone."""
        if errand.attempt_id not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._live(errand), name=errand.run.run_id)
            self._tasks[errand.attempt_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(errand.attempt_id, None))

    def kill(self, errand: Errand) -> None:
        """End it now, whatever it has done. What it still does in a thread is heard by nobody."""
        task = self._tasks.pop(errand.attempt_id, None)
        if task is not None:
            task.cancel()
        self._fail(errand, Failure("it was ended"), killed=True)

    def abandon(self, run_id: str) -> None:
        """Stop all that is done for the run: it has no use for it any more."""
        for attempt_id, task in list(self._tasks.items()):
            if task.get_name() == run_id:
                self._tasks.pop(attempt_id)
                task.cancel()

    async def _live(self, errand: Errand) -> None:
        """The errand from its start to its end; this is its loop top."""
        begun = self._clock.now()
        self._tell(errand.run.run_id, AttemptStarted(errand.attempt_id, errand.task.path, begun))
        try:
            done = await self._do(errand, begun)
        except Unavailable as error:
            self._fail(errand, Failure(str(error)), begun, infrastructure=True)
        except OSError as error:
            self._fail(errand, Failure(f"the disk refused: {error}"), begun, infrastructure=True)
        except HeadraceError as error:
            self._fail(errand, Failure(str(error), code=3), begun)
        except Exception as error:  # a mistake of ours ends the errand, and with it the task
            log.exception("the errand %s of %s failed", errand.attempt_id, errand.task.path)
            self._fail(errand, Failure(f"internal error: {type(error).__name__}: {error}", code=13), begun)
        else:
            path, now = errand.task.path, self._clock.now()
            ended = AttemptSucceeded(errand.attempt_id, path, now, begun, done.outputs, warning=done.warning)
            self._tell(errand.run.run_id, ended)

    async def _do(self, errand: Errand, at: Instant) -> Published:
        match errand.component:
            case Importer():
                ended = threading.Event()
                try:
                    return await asyncio.get_running_loop().run_in_executor(
                        self._threads,
                        bring,
                        errand.component,
                        errand.task.inputs.parameters,
                        errand.context,
                        errand.attempt_id,
                        self._blobs,
                        self._home.workspace(errand.run.run_id),
                        at,
                        ended,
                    )
                finally:
                    ended.set()
            case CreateClaim():
                asked = claiming.Asked(
                    errand.attempt_id,
                    errand.run.run_id,
                    errand.task.task_id,
                    errand.run.namespace,
                    errand.task.inputs.parameters,
                    errand.context,
                    takes=errand.plan.caching.enabled,
                )
                return await asyncio.wrap_future(self._database.submit(lambda tx: claiming.create(tx, asked, at)))
            case DeleteClaim():
                run, parameters = errand.run, errand.task.inputs.parameters
                await asyncio.wrap_future(
                    self._database.submit(lambda tx: claiming.delete(tx, run.namespace, parameters, errand.attempt_id))
                )
                return Published(Bindings())
        assert_never(errand.component)

    def _fail(
        self,
        errand: Errand,
        failure: Failure,
        begun: Instant = _NEVER,
        *,
        killed: bool = False,
        infrastructure: bool = False,
    ) -> None:
        failed = AttemptFailed(
            errand.attempt_id,
            errand.task.path,
            self._clock.now(),
            begun,
            failure,
            killed=killed,
            infrastructure=infrastructure,
        )
        self._tell(errand.run.run_id, failed)
