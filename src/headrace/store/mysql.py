"""What is MySQL's and MariaDB's own: sessions, the lock of migrations, collations, and what their errors mean.

Writers see what is committed before each statement; readers see one state and cannot write. Texts are compared byte by
byte, as the other databases do: the servers' own collations take "a" for "A", and "a " for "a".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from headrace.base.errors import HeadraceError, Unavailable
from headrace.store import server

EXAMPLE = "mysql://USER:PASSWORD@HOST:3306/NAME"
CHARSET = "utf8mb4"
LARGEST_PACKET = 1 << 30
"""Bytes; the driver's limit, so that the server's own `max_allowed_packet` decides."""

_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
_PASSING = (1205, 1213)
_REFUSALS = (1044, 1045, 1049, 1142, 1698)
_FULL = (3, 1021, 1041, 1114)
_READ_ONLY = (1290, 1792, 1836)
_CLOSED = (1040, 1053, 1203)
_TOO_LARGE = 1153


@dataclass(frozen=True, slots=True)
class MySql:
    """A database on a server. Implements `Dialect`."""

    url: URL
    busy_seconds: float
    shared = True

    @classmethod
    def at(cls, url: str, busy_seconds: float) -> "MySql":
        """Raises InvalidInput for a URL that cannot be used, or without the driver."""
        parsed = server.parse(url, "mysql+pymysql", EXAMPLE)
        server.need_driver("pymysql", "MySQL", "mysql")
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
        code, said = _code(cause), _said(cause)
        if code in _FULL:
            hint = "Free some room on its machine, then try again"
            return Unavailable(f"the database server has no room: {said}", hint=hint)
        if code in _READ_ONLY:
            return Unavailable(f"the database cannot be written: {said}", hint="Is it a replica? Name the primary")
        if code in _PASSING:
            return Unavailable(f"another session holds what is needed: {said}", hint="Try again")
        if code in _REFUSALS:
            return Unavailable(
                f"the database refuses us: {said}", hint="Look at the user, password and name of --database"
            )
        if code == _TOO_LARGE:
            return Unavailable(f"a value is too large for the database: {said}", hint="Raise its max_allowed_packet")
        if server.is_lost(error) or _is_connecting(cause):
            return Unavailable(f"the database cannot be reached: {said}", hint=server.HINT)
        return None

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
        return server.pool(self.url, size, arguments, configure)


def _cause(error: BaseException) -> Any:
    """The driver's error, None where it is none."""
    from pymysql import Error

    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause if isinstance(cause, Error) else None


def _code(cause: Any) -> int:
    code = cause.args[0] if cause.args else 0
    return code if isinstance(code, int) else 0


def _said(cause: Any) -> str:
    """What the server or the driver says, which holds no password."""
    return str(cause.args[1] if len(cause.args) > 1 else cause).rstrip(".")


def _is_connecting(cause: Any) -> bool:
    """The codes of the client side: there is no session, or none any more."""
    from pymysql import InterfaceError, OperationalError

    code = _code(cause)
    return isinstance(cause, InterfaceError | OperationalError) and (code < 1 or code in _CLOSED or 2000 <= code < 3000)
