"""The database: opened once, handed to whoever reads or writes.

`submit` takes a unit of work (a function of a `Connection` in a transaction) and gives a future that resolves after
COMMIT. `read` runs a function on a connection of the read pool, in a transaction that sees one state; it is for any
thread but an event loop's.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from sqlalchemy import Connection, Engine

from headrace.base.clock import Clock
from headrace.store import schema, sqlite
from headrace.store.writer import Writer

T = TypeVar("T")

Tx = Connection
"""A connection in a transaction: what every function of this room takes first. Other rooms hand it on, unread."""

BUSY_SECONDS = 10.0


class Database:
    """One database, open."""

    def __init__(self, writer: Writer, readers: Engine) -> None:
        self._writer = writer
        self._readers = readers

    @classmethod
    def open(cls, url: str, clock: Clock, *, busy_seconds: float = BUSY_SECONDS) -> "Database":
        """Open `sqlite:///path`, made and migrated as need be; the path is taken as it stands, nothing is decoded.

        `busy_seconds` is how long one try waits for another process that holds the write lock. Raises InvalidInput for
        an url that is none of ours, FailedPrecondition for a database of a newer Headrace, Unavailable for a bad disk.
        """
        path = sqlite.path_of(url)
        engine = sqlite.writer_engine(path, busy_seconds)
        try:
            schema.bring_up(engine, clock.now())
        except BaseException as error:
            engine.dispose()
            trouble = sqlite.trouble(error)
            if trouble is None:
                raise
            trouble.where = str(path)
            raise trouble from error
        return cls(Writer(engine), sqlite.reader_engine(path, busy_seconds))

    def submit(self, unit: Callable[[Connection], T]) -> Future[T]:
        """Run `unit` in the writer's next transaction. The future has its value, or its error, after COMMIT."""
        return self._writer.submit(unit)

    def read(self, function: Callable[[Connection], T]) -> T:
        """What `function` makes of the database as it is now."""
        try:
            with self._readers.begin() as tx:
                return function(tx)
        except Exception as error:
            trouble = sqlite.trouble(error)
            if trouble is None:
                raise
            raise trouble from error

    def close(self) -> None:
        """Finish the writes that were submitted, then let go. May be called again."""
        self._writer.close()
        self._readers.dispose()
