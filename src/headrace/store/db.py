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
from headrace.store import schema
from headrace.store.dialect import Dialect, dialect_of
from headrace.store.writer import Writer

T = TypeVar("T")

Tx = Connection
"""A connection in a transaction: what every function of this room takes first. Other rooms hand it on, unread."""

BUSY_SECONDS = 10.0


class Database:
    """One database, open."""

    def __init__(self, writer: Writer, readers: Engine, dialect: Dialect) -> None:
        self._writer = writer
        self._readers = readers
        self._dialect = dialect

    @classmethod
    def open(cls, url: str, clock: Clock, *, busy_seconds: float = BUSY_SECONDS, durable: bool = True) -> "Database":
        """Open the database at `url` (see `dialect.SCHEMES`), migrated as need be; a file of SQLite is also made.

        `busy_seconds` is how long one try waits for a lock that another process holds. A file that is thrown away need
        not be `durable`: a power cut may then damage it. Raises InvalidInput for an url that is none of ours or a
        missing driver, FailedPrecondition for a database of a newer Headrace or of another
        program, Unavailable for a bad disk, a server that is not there, or one that refuses us.
        """
        dialect = dialect_of(url, busy_seconds, durable=durable)
        engine = dialect.writer_engine()
        try:
            schema.bring_up(engine, dialect, clock.now())
        except BaseException as error:
            engine.dispose()
            if (trouble := dialect.trouble(error)) is None:
                raise
            told = ": ".join(filter(None, [trouble.message, dialect.said(error)]))
            raise type(trouble)(told, where=dialect.label, hint=trouble.hint) from error
        return cls(Writer(engine, dialect), dialect.reader_engine(), dialect)

    @property
    def label(self) -> str:
        """Which database it is, for a person."""
        return self._dialect.label

    @property
    def shared(self) -> bool:
        """Other servers may use it too."""
        return self._dialect.shared

    @property
    def commits(self) -> int | None:
        """How often this process has committed: while that is the same, so is the database. None where others write.

        It is raised before whoever asked for the commit hears of it.
        """
        return None if self.shared else self._writer.commits

    def submit(self, unit: Callable[[Connection], T]) -> Future[T]:
        """Run `unit` in the writer's next transaction. The future has its value, or its error, after COMMIT."""
        return self._writer.submit(unit)

    def read(self, function: Callable[[Connection], T]) -> T:
        """What `function` makes of the database as it is now."""
        try:
            try:
                return self._read(function)
            except Exception as error:
                if not self._dialect.passes(error):
                    raise
            return self._read(function)  # the server went away: every connection of the pool is new now
        except Exception as error:
            trouble = self._dialect.trouble(error)
            if trouble is None:
                raise
            raise trouble from error

    def _read(self, function: Callable[[Connection], T]) -> T:
        with self._readers.begin() as tx:
            return function(tx)

    def close(self) -> None:
        """Finish the writes that were submitted, then let go. May be called again."""
        self._writer.close()
        self._readers.dispose()
