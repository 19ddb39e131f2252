"""The place, on a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.controllers.runs.place import Place

from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.store.db import Database
from headrace.testing.clock import FakeClock
from headrace.testing.launcher import ScriptedLauncher


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FakeClock(tick=1)
    home = Home(tmp_path)
    database = Database.open(f"sqlite:///{home.database}", clock, durable=False)
    yield Place(home, database, clock, ScriptedLauncher(clock), FolderStore(home.store))
    database.close()
