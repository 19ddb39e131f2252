"""What the handlers are handed. Made once by whoever starts the server; tests hand in their own."""

from collections.abc import Callable
from dataclasses import dataclass

from headrace.base.clock import Clock
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.blobs.folder import FolderStore
from headrace.controllers.feed import Feed
from headrace.controllers.pruner import Pruner
from headrace.spec.plans import Plans
from headrace.store.db import Database
from headrace.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Services:
    """`wake(run_id)` tells the controllers that the run's inbox holds something: on the loop, after the commit.

    So does `schedules_changed()` where a recurring run or a backfill was made, enabled or changed, and `notify()` where
    a delivery of a webhook was written. `waits_for(attempt_id)` says what else than a slot an attempt of this server's
    waits for; it is called from threads.
    """

    database: Database
    blobs: FolderStore
    plans: Plans
    settings: Settings
    home: Home
    clock: Clock
    fresh_id: Callable[[], str]
    wake: Callable[[str], None]
    schedules_changed: Callable[[], None]
    notify: Callable[[], None]
    waits_for: Callable[[str], str]
    feed: Feed
    pruner: Pruner
    vault: Vault
