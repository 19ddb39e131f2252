"""What is SQLite's own: how its engines are made, and which of its errors are trouble with the disk, not with us.

WAL with `synchronous=FULL`: a commit that was answered survives a power cut, readers never wait for the writer. One
server at a time uses the file; the commands beside it wait for the write lock as long as `busy_seconds`. A file that is
thrown away need not be `durable`: then no commit waits for the disk.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from headrace.base.errors import InvalidInput, Unavailable

SCHEME = "sqlite:///"
READERS = 8
CACHE_KIB = 16_000
"""A reader's at most: an index of the names of 100,000 runs, and the pages of a list beside it."""

_PRIMARY = 0xFF


@dataclass(frozen=True, slots=True)
class Sqlite:
    """A file. Implements `Dialect`."""

    path: Path
    busy_seconds: float
    durable: bool = True
    shared = False
    makes_all_or_nothing = True

    @classmethod
    def at(cls, url: str, busy_seconds: float, durable: bool) -> "Sqlite":
        """Of `sqlite:///path`, its folder made; the path is taken as it stands, nothing is decoded.

        Raises InvalidInput, Unavailable for a bad disk.
        """
        name = url.removeprefix(SCHEME)
        if name in (url, "", ":memory:"):
            raise InvalidInput(f"{url!r} names no file", where="database", hint=f"Give {SCHEME}path/to/headrace.db")
        path = Path(name).absolute()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"the folder cannot be made: {error.strerror}", where=str(path.parent)) from error
        return cls(path, busy_seconds, durable)

    @property
    def label(self) -> str:
        return str(self.path)

    def writer_engine(self) -> Engine:
        """One connection, whose transactions hold the write lock from their begin."""
        engine = self._engine(1)

        @event.listens_for(engine, "connect")
        def configure(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'OFF'}")
            connection.execute("PRAGMA temp_store = MEMORY")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine

    def reader_engine(self) -> Engine:
        engine = self._engine(READERS)

        @event.listens_for(engine, "connect")
        def configure(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA query_only = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.create_function("lower", 1, _lower, deterministic=True)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

        return engine

    def trouble(self, error: BaseException) -> Unavailable | None:
        return trouble(error)

    def said(self, error: BaseException) -> str:  # noqa: ARG002 - its trouble names no host
        return ""

    def passes(self, error: BaseException) -> bool:
        return busy(error)

    @contextmanager
    def migrating(self, tx: Connection) -> Iterator[None]:  # noqa: ARG002 - its transaction has the write lock
        yield

    def _engine(self, pool_size: int) -> Engine:
        """With the driver's own transactions off: `begin` says which kind it is. Who finds no free connection waits."""
        return create_engine(
            URL.create("sqlite", database=str(self.path)),
            pool_size=pool_size,
            max_overflow=0,
            pool_reset_on_return=None,
            pool_timeout=None,
            connect_args={"isolation_level": None, "timeout": self.busy_seconds, "check_same_thread": False},
        )


def _lower(text: str | None) -> str | None:
    """SQLite's own knows the letters of ASCII alone."""
    return None if text is None else text.lower()


def trouble(error: BaseException) -> Unavailable | None:
    """The error as the caller should see it, where the database itself is in trouble; None where the unit is wrong."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    match getattr(cause, "sqlite_errorcode", 0) & _PRIMARY:
        case sqlite3.SQLITE_FULL:
            return Unavailable("the disk that holds the database is full", hint="Free some space, then try again")
        case sqlite3.SQLITE_IOERR:
            return Unavailable(f"the database's disk failed: {cause}", hint="Look at the disk and the system's log")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return Unavailable(f"the database cannot be written: {cause}", hint="Look at its file's permissions")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Unavailable(f"the database's file is damaged: {cause}", hint="Put back a copy of it")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable("another process holds the database", hint="See which one has its file open")
        case _:
            return None


def busy(error: BaseException) -> bool:
    """Somebody else holds the lock: the same again may go through."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY
    return isinstance(cause, sqlite3.Error) and code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
