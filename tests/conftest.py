"""The three databases. A test that takes `url` runs on each of them; see tests/databases.py."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from tests.databases import Instances, Missing

from headrace.base.clock import SystemClock
from headrace.store.db import Database

hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile(
        "ci"
    )  # the same examples in each run: it is in others that new ones are looked for

DATABASES = ("sqlite", "postgresql", "mariadb")


def pytest_collection_finish() -> None:
    """Thousands of tests were found, which stay: whoever looks for rubbish while one runs need not look at them all."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def instances() -> Iterator[Instances]:
    """The database servers of this run of the tests."""
    made = Instances()
    yield made
    made.stop()


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database; a test that is not for all of them parametrizes this one itself."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite that has all tables, and no rows."""
    file = tmp_path_factory.mktemp("made") / "headrace.db"
    Database.open(f"sqlite:///{file}", SystemClock(), durable=False).close()
    return file


@pytest.fixture
def url(kind: str, instances: Instances, made: Path, tmp_path: Path) -> str:
    """A database without rows. Its tables are there already, to save each test their making."""
    if kind == "sqlite":
        return f"sqlite:///{shutil.copyfile(made, tmp_path / 'headrace.db')}"
    try:
        return instances.get(kind).clean()
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def empty_url(kind: str, instances: Instances, tmp_path: Path) -> str:
    """A database that has nothing at all."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    try:
        return instances.get(kind).empty()
    except Missing as missing:
        pytest.skip(str(missing))
