"""The store on every database, which no power cut is to survive: see tests/conftest.py for `url`."""

from collections.abc import Iterator

import pytest

from headrace.store.db import Database
from headrace.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(tick=1)


@pytest.fixture
def database(url: str, clock: FakeClock) -> Iterator[Database]:
    database = Database.open(url, clock, durable=False)
    yield database
    database.close()
