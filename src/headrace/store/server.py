"""What PostgreSQL and MySQL have in common: a URL with a host and a name, a driver that is an extra, a pool.

Messages never hold the password: a URL is shown as host, port and database.
"""

import importlib
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from headrace.base.errors import InvalidInput

READERS = 8
CONNECT_SECONDS = 10

AWAY, AWAY_HINT = "the database cannot be reached", "Look at its address, and whether it is up and reachable from here"
REFUSED, REFUSED_HINT = "the database refuses us", "Look at the user, the password and the database's name"
READ_ONLY, READ_ONLY_HINT = "the database cannot be written", "Is it a replica? Name the primary"
HELD, HELD_HINT = "another session holds what is needed in the database", "Try again"
FULL, FULL_HINT = "the database server has no room", "Free some on its machine, then try again"


def parse(url: str, driver: str, example: str) -> URL:
    """The URL for SQLAlchemy's dialect `driver`. Raises InvalidInput that says what is missing, not what was given."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput("the URL cannot be read", where="database", hint=f"Write it as {example}") from None
    if not parsed.database:
        raise InvalidInput("the URL names no database", where="database", hint=f"Write it as {example}")
    return parsed.set(drivername=driver)


def need_driver(module: str, kind: str, extra: str) -> None:
    """Raises InvalidInput, which says what to install, where the driver is not there."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise InvalidInput(
            f"{kind} needs the driver {module}, which cannot be imported: {error}",
            where="database",
            hint=f"Install it: pip install 'headrace[{extra}]'",
        ) from error


def place(url: URL, port: int) -> str:
    """Host, port and database of a URL."""
    host = url.host or url.query.get("host") or url.query.get("unix_socket") or "localhost"
    return f"{host}:{url.port or url.query.get('port') or port}/{url.database}"


def pool(url: URL, size: int, connect_args: dict[str, Any], configure: Any) -> Engine:
    """A pool of `size` connections, each made ready by `configure`. Who finds no free one waits."""
    engine = create_engine(
        url, pool_size=size, max_overflow=0, pool_timeout=None, pool_reset_on_return=None, connect_args=connect_args
    )
    event.listen(engine, "connect", configure, insert=True)
    return engine


def is_lost(error: BaseException) -> bool:
    """The connection is gone, and with it whatever was not committed."""
    return isinstance(error, DBAPIError) and error.connection_invalidated
