"""A PostgreSQL of one's own to measure on: from this machine's programs, with its settings as they come."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database; the server is gone at the end."""
    sys.path.append(str(Path(__file__).parents[1]))
    from tests.databases import start_postgres

    instance = start_postgres()
    try:
        yield instance.empty()
    finally:
        instance.stop()
