"""Which database a home has: the setting `database`, else a file of its own; and the lock of a file's one server."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from headrace.base import settings as base_settings
from headrace.base.clock import SystemClock
from headrace.base.errors import FailedPrecondition
from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.cli import identity
from headrace.store.db import Database


def database_url(home: Home, settings: Settings) -> str:
    """The URL as `Database.open` takes it."""
    return settings.database or f"sqlite:///{home.database}"


@contextlib.contextmanager
def opened(home: Home, option: str | None) -> Iterator[Database]:
    """The home's database, for a command beside its server; `option` is what `--database` gave.

    Raises FailedPrecondition where its servers use another one.
    """
    settings = base_settings.load(home.settings, os.environ, {"database": option})
    database = Database.open(database_url(home, settings), SystemClock())
    try:
        identity.check(home, database.label)
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def serving(database: Database) -> Iterator[None]:
    """No other server uses the database where it is a file; on a server it is shared. Raises FailedPrecondition."""
    if database.shared:
        yield
        return
    with Path(f"{database.label}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FailedPrecondition(
                "another server uses this database, and a file is for one server at a time",
                where=database.label,
                hint="Stop that one, or give several servers a database on PostgreSQL or MySQL",
            ) from None
        yield
