"""What is MySQL's and MariaDB's own: sessions, the lock of migrations, collations, and what their errors mean.

Writers see what is committed before each statement; readers see one state and cannot write. Texts are compared byte by
byte, as the other databases do: the servers' own collations take "a" for "A", and "a " for "a".
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from headrace.base.errors import HeadraceError, InvalidInput, Unavailable
from headrace.store import server

EXAMPLE = "mysql://USER:PASSWORD@HOST:3306/NAME"
CHARSET = "utf8mb4"
LARGEST_PACKET = 1 << 30
"""Bytes; the driver's limit, so that the server's own `max_allowed_packet` decides."""

SMALLEST_LIMIT = 1 << 20
"""Characters; no server is set to take less than that in one packet."""

_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
_EXACT = """COALESCE((
    SELECT collation_name FROM information_schema.collations
    WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin') LIMIT 1
), 'utf8mb4_bin')"""
_PASSING = (1205, 1213)
_REFUSALS = (1044, 1045, 1049, 1142, 1698)
_FULL = (3, 1021, 1041, 1114)
_READ_ONLY = (1290, 1792, 1836)
_CLOSED = (1040, 1053, 1203)


@dataclass(frozen=True, slots=True)
class MySql:
    """A database on a server. Implements `Dialect`."""

    url: URL
    busy_seconds: float
    shared = True
    makes_all_or_nothing = False

    @classmethod
    def at(cls, url: str, busy_seconds: float) -> "MySql":
        """Raises InvalidInput for a URL that cannot be used, or without the driver."""
        parsed = server.parse(url, "mysql+pymysql", EXAMPLE)
        server.need_driver("pymysql", "MySQL", "mysql")
        _check_options(set(parsed.query))
        return cls(parsed.update_query_dict({"charset": CHARSET}), busy_seconds)

    @property
    def label(self) -> str:
        return f"MySQL at {server.place(self.url, 3306)}"

    def writer_engine(self) -> Engine:
        wait = max(1, round(self.busy_seconds))
        return self._engine(1, f"innodb_lock_wait_timeout = {wait}", "READ COMMITTED")

    def reader_engine(self) -> Engine:
        return self._engine(server.READERS, "autocommit = 0", "REPEATABLE READ, READ ONLY")

    def trouble(self, error: BaseException) -> HeadraceError | None:
        cause = _cause(error)
        if cause is None:
            return None
        code = _code(cause)
        if code in _FULL:
            return Unavailable(server.FULL, hint=server.FULL_HINT)
        if code in _READ_ONLY:
            return Unavailable(server.READ_ONLY, hint=server.READ_ONLY_HINT)
        if code in _PASSING:
            return Unavailable(server.HELD, hint=server.HELD_HINT)
        if code in _REFUSALS:
            return Unavailable(server.REFUSED, hint=server.REFUSED_HINT)
        if server.is_lost(error) or _is_connecting(cause):
            return Unavailable(server.AWAY, hint=server.AWAY_HINT)
        return None

    def said(self, error: BaseException) -> str:
        cause = _cause(error)
        return str(cause.args[-1] if cause and cause.args else cause or error).rstrip(".")

    def passes(self, error: BaseException) -> bool:
        cause = _cause(error)
        return cause is not None and (_code(cause) in _PASSING or server.is_lost(error))

    @contextmanager
    def migrating(self, tx: Connection) -> Iterator[None]:
        name = {"name": f"headrace.{self.url.database}"[:64]}
        tx.execute(text("SELECT GET_LOCK(:name, 3600)"), name)
        yield  # where it fails the session ends, and the lock with it
        tx.execute(text("SELECT RELEASE_LOCK(:name)"), name)

    def _engine(self, size: int, setting: str, transactions: str) -> Engine:
        def configure(connection: Any, _record: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute(f"SET SESSION time_zone = '+00:00', sql_mode = '{_MODE}', {setting}")
                cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {transactions}")

        arguments = {"connect_timeout": server.CONNECT_SECONDS, "max_allowed_packet": LARGEST_PACKET}
        engine = server.pool(self.url, size, arguments, configure)
        event.listen(engine, "connect", _compare_bytes)  # after SQLAlchemy, which sets the names as the URL has them
        event.listen(engine, "handle_error", _say_what_is_too_large)
        return engine


def _compare_bytes(connection: Any, _record: object) -> None:
    """Texts of a statement's own are compared as those in columns are."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION collation_connection = {_EXACT}")


def _say_what_is_too_large(context: ExceptionContext) -> None:
    """Raises InvalidInput where the server took a statement for an attack and hung up: its words do not say so."""
    size = sum(len(each) for each in _texts(context.parameters))
    if size < SMALLEST_LIMIT or _code(context.original_exception) not in (1153, 2006, 2013):
        return
    raise InvalidInput(
        f"{size:,} characters at once are more than the database takes",
        hint="Whoever runs it can raise its max_allowed_packet",
    )


def _texts(parameters: Any) -> Iterator[str]:
    """The texts among the parameters of a statement, or of many."""
    for row in parameters if isinstance(parameters, list) else [parameters]:
        values = row.values() if isinstance(row, dict) else row or ()
        yield from (value for value in values if isinstance(value, str))


def _check_options(given: set[str]) -> None:
    """Raises InvalidInput for what follows `?` in the URL and means nothing to the driver."""
    from pymysql import Connection

    unknown = sorted(given - set(inspect.signature(Connection.__init__).parameters))
    if unknown:
        raise InvalidInput(f"unknown option {unknown[0]!r}", where="database", hint="Look at what follows ? in the URL")


def _cause(error: BaseException) -> Any:
    """The driver's error, None where it is none."""
    from pymysql import Error

    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause if isinstance(cause, Error) else None


def _code(cause: Any) -> int:
    code = cause.args[0] if cause.args else 0
    return code if isinstance(code, int) else 0


def _is_connecting(cause: Any) -> bool:
    """The codes of the client side: there is no session, or none any more."""
    from pymysql import InterfaceError, OperationalError

    code = _code(cause)
    return isinstance(cause, InterfaceError | OperationalError) and (code < 1 or code in _CLOSED or 2000 <= code < 3000)
