"""Puts the controllers together. Whoever starts a server hands in all that they use."""

from headrace.base.clock import Clock
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers.actor import Shared
from headrace.controllers.advance import Advance
from headrace.controllers.dispatch import Dispatcher
from headrace.controllers.errands import Errands
from headrace.controllers.faults import Faults, no_faults
from headrace.controllers.feed import Feed
from headrace.controllers.fire import Fire
from headrace.controllers.notify import Notifier, build_sender
from headrace.controllers.peers import Peers
from headrace.controllers.pruner import Pruner, Went, kept
from headrace.controllers.reclaim import Reclaimer
from headrace.controllers.runs import Runs
from headrace.controllers.schedules import Schedules
from headrace.engine.state import Options
from headrace.launch.base import Launcher
from headrace.spec.load import document_from_json
from headrace.spec.plan import Plan
from headrace.spec.plans import Plans
from headrace.store import images, runs
from headrace.store.db import Database, Tx


class Controllers:
    """The loops of one process. `start` recovers what an earlier process left; `stop` leaves steps running."""

    def __init__(
        self,
        runs: Runs,
        dispatcher: Dispatcher,
        shared: Shared,
        peers: Peers,
        schedules: Schedules,
        pruner: Pruner,
        notifier: Notifier,
        reclaimer: Reclaimer,
    ) -> None:
        self._runs = runs
        self._schedules = schedules
        self._notifier = notifier
        self._dispatcher = dispatcher
        self._shared = shared
        self._peers = peers
        self._reclaimer = reclaimer
        self.pruner = pruner

    async def start(self) -> None:
        await self._dispatcher.start()
        await self._peers.start()
        await self._runs.start(self._shared)
        self._schedules.start()
        self.pruner.start()
        self._notifier.start()
        self._reclaimer.start()

    async def stop(self) -> None:
        await self._reclaimer.stop()
        await self._notifier.stop()
        await self.pruner.stop()
        await self._schedules.stop()
        await self._peers.stop()
        await self._runs.stop()
        await self._shared.errands.stop()
        await self._dispatcher.stop()

    def wake(self, run_id: str) -> None:
        """Called after a commit that created the run or put something into its inbox."""
        self._runs.wake(run_id)

    def schedules_changed(self) -> None:
        """Called after a commit that made, enabled or changed a schedule or a backfill."""
        self._schedules.changed()

    def notify(self) -> None:
        """Called after a commit that wrote a delivery of a webhook."""
        self._notifier.wake()

    @property
    def pruned(self) -> Went:
        """What retention let go since the start."""
        return self.pruner.total

    def waits_for(self, attempt_id: str) -> str:
        """What the attempt has to wait for here, besides a slot; "" for nothing."""
        return self._dispatcher.waits_for(attempt_id)

    @property
    def live_runs(self) -> int:
        return self._runs.live

    @property
    def running_steps(self) -> int:
        return self._dispatcher.running

    @property
    def queued_steps(self) -> int:
        return self._dispatcher.queued


def build_controllers(
    *,
    database: Database,
    blobs: FolderStore,
    plans: Plans,
    launcher: Launcher,
    settings: Settings,
    home: Home,
    clock: Clock,
    feed: Feed,
    holder: str,
    faults: Faults = no_faults,
) -> Controllers:
    """The controllers of this process. `holder` names its home in leases; `faults` is for crash tests."""

    def plan(tx: Tx, plan_id: str) -> Plan:
        return plans.known(plan_id) or plans.get(document_from_json(runs.load_document(tx, plan_id)))

    registry = Runs()
    schedules = Schedules(database, Fire(clock, plan, settings.pipeline_root), clock, registry.wake, faults)
    registry.on_end = schedules.run_ended
    dispatcher = Dispatcher(launcher, blobs, home, settings, clock, registry.tell, faults)
    success = "SUCCEEDED" if settings.kfp_compat == "3.0" else "COMPLETE"
    stand_ins = settings.launcher == "process"  # a container has its image itself
    options = Options(cache=settings.cache, success_status=success, images=settings.images if stand_ins else {})
    mapped = images.contexts if stand_ins else lambda _: {}
    advance = Advance(clock, options, holder, plan, blobs.is_intact, mapped)
    reclaimer = Reclaimer(database, home)
    errands = Errands(database, blobs, home, clock, registry.tell)
    shared = Shared(database, advance, dispatcher, errands, feed, faults, registry.wake)
    peers = Peers(database, registry, feed, home, settings, holder)
    pruner = Pruner(database, blobs, home, kept(settings), clock, holder, faults)
    notifier = Notifier(database, build_sender(settings, clock), clock)
    feed.on_move(notifier.wake)
    return Controllers(registry, dispatcher, shared, peers, schedules, pruner, notifier, reclaimer)
