"""The place, on a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.controllers.schedules.place import Place

from headrace.base.home import Home
from headrace.store import catalog
from headrace.store.db import Database
from headrace.testing.clock import FakeClock


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FakeClock()
    database = Database.open(f"sqlite:///{tmp_path / 'headrace.db'}", clock, durable=False)
    found = Place(Home(tmp_path), database, clock)
    found.do(lambda tx: catalog.ensure_default_experiment(tx, "", clock.now()))
    yield found
    database.close()
