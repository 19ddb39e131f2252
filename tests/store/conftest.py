"""One suite for every database. A database that comes later adds its url to `DATABASES` and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.store.db import Database
from headrace.testing.clock import FakeClock

DATABASES = ("sqlite",)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is empty."""
    assert request.param == "sqlite"
    return f"sqlite:///{tmp_path / 'headrace.db'}"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(tick=1)


@pytest.fixture
def database(url: str, clock: FakeClock) -> Iterator[Database]:
    database = Database.open(url, clock)
    yield database
    database.close()
