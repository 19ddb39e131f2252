"""What differs between databases: which there are, by the scheme of their URL, and what each must give.

`sqlite.py`, `postgres.py` and `mysql.py` hold all that is one database's own; the rest of this room is the same SQL for
all. A database's driver is imported when its URL is opened.
"""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import BigInteger, ColumnElement, Connection, Engine, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from headrace.base.errors import HeadraceError, InvalidInput

SCHEMES = "sqlite:///PATH, postgresql://USER:PASSWORD@HOST:PORT/NAME or mysql://USER:PASSWORD@HOST:PORT/NAME"


class Dialect(Protocol):
    """One kind of database, and where it is."""

    @property
    def label(self) -> str:
        """Which database it is, for a person; never with a password."""
        ...

    @property
    def shared(self) -> bool:
        """Several servers may use it at once, so rows may come from elsewhere between two statements."""
        ...

    @property
    def makes_all_or_nothing(self) -> bool:
        """Tables are made in the transaction that asks for them, so that a kill leaves none."""
        ...

    def writer_engine(self) -> Engine:
        """An engine for one connection, whose statements see what is committed."""
        ...

    def reader_engine(self) -> Engine:
        """A pool of connections that cannot write; a transaction sees one state of the database."""
        ...

    def trouble(self, error: BaseException) -> HeadraceError | None:
        """The error as a client may see it, where the database is in trouble; None where a unit is wrong."""
        ...

    def said(self, error: BaseException) -> str:
        """What the driver said, for whoever runs the server: it may name hosts and users, never a password.

        "" where `trouble` says it all.
        """
        ...

    def passes(self, error: BaseException) -> bool:
        """Somebody else was in the way, or the connection was lost: the same again may go through."""
        ...

    def migrating(self, tx: Connection) -> AbstractContextManager[None]:
        """While this is held nobody else migrates the database. Entered first in `tx`."""
        ...


def dialect_of(url: str, busy_seconds: float, *, durable: bool = True) -> Dialect:
    """The database that the URL names. What is `durable` on a server is decided there.

    Raises InvalidInput for what is no URL of ours, or a driver that is missing.
    """
    scheme = url.partition(":")[0]
    match scheme:
        case "sqlite":
            from headrace.store.sqlite import Sqlite

            return Sqlite.at(url, busy_seconds, durable)
        case "postgresql" | "postgres" | "postgresql+psycopg":
            from headrace.store.postgres import Postgres

            return Postgres.at(url, busy_seconds)
        case "mysql" | "mariadb" | "mysql+pymysql" | "mariadb+pymysql":
            from headrace.store.mysql import MySql

            return MySql.at(url, busy_seconds)
        case _:
            named = f"a database of the kind {scheme!r}" if "://" in url else "this text"
            raise InvalidInput(f"{named} is none that Headrace can use", where="database", hint=f"Give {SCHEMES}")


class now(FunctionElement[int]):
    """The database's clock, in microseconds since the epoch: the one clock that servers on several machines share."""

    type = BigInteger()
    inherit_cache = True


@compiles(now, "sqlite")
def _now_in_sqlite(_element: ColumnElement[Any], _compiler: object, **_: object) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(now, "postgresql")
def _now_in_postgres(_element: ColumnElement[Any], _compiler: object, **_: object) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(now, "mysql")
def _now_in_mysql(_element: ColumnElement[Any], _compiler: object, **_: object) -> str:
    return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"


class position(FunctionElement[int]):
    """Where the second text, or sequence of bytes, begins in the first one, from 1 on; 0 where it is not in it."""

    type = Integer()
    inherit_cache = True


@compiles(position)
def _position(element: position, compiler: Any, **options: Any) -> str:
    return f"INSTR({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _position_in_postgres(element: position, compiler: Any, **options: Any) -> str:
    within, part = (compiler.process(each, **options) for each in element.clauses)
    return f"POSITION({part} IN {within})"
