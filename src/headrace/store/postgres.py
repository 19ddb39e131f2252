"""What is PostgreSQL's own: sessions, the lock of migrations, and what its errors mean.

Writers see what is committed before each statement; readers see one state and cannot write. A session that stops in the
middle of a transaction (its machine is gone, its process stopped) is ended by the server, so that nobody waits on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from headrace.base.errors import HeadraceError, InvalidInput, Unavailable
from headrace.store import server

EXAMPLE = "postgresql://USER:PASSWORD@HOST:5432/NAME"
MIGRATION_LOCK = 0x6865616472616365
"""The word `headrace`, as a number: advisory locks of others in the same database do not meet it."""

_SESSION = {"timezone": "UTC", "idle_in_transaction_session_timeout": "30s", "client_encoding": "UTF8"}
_PASSING = ("40001", "40P01", "55P03", "25P03")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A database on a server. Implements `Dialect`."""

    url: URL
    busy_seconds: float
    shared = True
    makes_all_or_nothing = True

    @classmethod
    def at(cls, url: str, busy_seconds: float) -> "Postgres":
        """Raises InvalidInput for a URL that cannot be used, or without the driver."""
        text = "postgresql" + url.removeprefix("postgresql").removeprefix("postgres")
        parsed = server.parse(text, "postgresql+psycopg", EXAMPLE)
        server.need_driver("psycopg", "PostgreSQL", "postgres")
        _check_options(dict(parsed.query))
        return cls(parsed, busy_seconds)

    @property
    def label(self) -> str:
        return f"PostgreSQL at {server.place(self.url, 5432)}"

    def writer_engine(self) -> Engine:
        return self._engine(1, {"lock_timeout": f"{round(self.busy_seconds * 1000)}ms"}, _write)

    def reader_engine(self) -> Engine:
        return self._engine(server.READERS, {}, _read)

    def trouble(self, error: BaseException) -> HeadraceError | None:
        cause = _cause(error)
        if cause is None:
            return None
        code = _code(cause)
        if code[:2] == "53" and code != "53300":
            return Unavailable(server.FULL, hint=server.FULL_HINT)
        if code == "25006":
            return Unavailable(server.READ_ONLY, hint=server.READ_ONLY_HINT)
        if code in _PASSING:
            return Unavailable(server.HELD, hint=server.HELD_HINT)
        if code == "42501" or code[:2] in ("28", "3D") or _is_refusal(str(cause)):
            return Unavailable(server.REFUSED, hint=server.REFUSED_HINT)
        if code[:2] in ("08", "57", "58", "XX") or code == "53300" or server.is_lost(error) or _is_connecting(cause):
            return Unavailable(server.AWAY, hint=server.AWAY_HINT)
        return None

    def said(self, error: BaseException) -> str:
        return str(_cause(error) or error).strip().partition("\n")[0].rstrip(".")

    def passes(self, error: BaseException) -> bool:
        cause = _cause(error)
        return cause is not None and (server.is_lost(error) or _code(cause) in _PASSING)

    @contextmanager
    def migrating(self, tx: Connection) -> Iterator[None]:
        tx.exec_driver_sql("SET LOCAL lock_timeout = 0")
        tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        yield

    def _engine(self, size: int, session: dict[str, str], configure: Any) -> Engine:
        settings = " ".join(f"-c {name}={value}" for name, value in {**_SESSION, **session}.items())
        given = self.url.query.get("options", "")
        options = {
            "options": f"{settings} {given}".strip(),
            "connect_timeout": server.CONNECT_SECONDS,
            "application_name": "headrace",
        }
        engine = server.pool(self.url, size, options, configure)
        event.listen(engine, "handle_error", _say_what_a_text_may_not_hold)
        return engine


def _check_options(options: dict[str, Any]) -> None:
    """Raises InvalidInput for what follows `?` in the URL and means nothing to the driver."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    try:
        make_conninfo(**options)
    except ProgrammingError as error:
        raise InvalidInput(str(error).strip(), where="database", hint="Look at what follows ? in the URL") from None


def _write(connection: Any, _record: object) -> None:
    from psycopg import IsolationLevel

    connection.isolation_level = IsolationLevel.READ_COMMITTED


def _read(connection: Any, _record: object) -> None:
    from psycopg import IsolationLevel

    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True


def _say_what_a_text_may_not_hold(context: ExceptionContext) -> None:
    """Raises InvalidInput for the one character that PostgreSQL keeps in no text."""
    if "NUL (0x00)" in str(context.original_exception):
        raise InvalidInput("a text has a NUL character, which PostgreSQL cannot keep", hint="Leave it out")


def _cause(error: BaseException) -> Any:
    """The driver's error, None where it is none."""
    from psycopg import Error

    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause if isinstance(cause, Error) else None


def _code(cause: Any) -> str:
    return cause.sqlstate or ""


def _is_connecting(cause: Any) -> bool:
    """The error came before there was a session."""
    from psycopg import OperationalError

    return isinstance(cause, OperationalError) and not cause.sqlstate


def _is_refusal(said: str) -> bool:
    """While connecting the driver gives no code, so the words decide what is advised."""
    return any(words in said for words in ("authentication failed", "no password", "does not exist", "pg_hba.conf"))
