"""Homes for launchers. What uv builds is shared by all tests of a session, as steps of one server share it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.launch.pods import held_objects
from tests.launch.steps import HeldObjects
from tests.mounting import skip_where_forbidden

from headrace.base.home import Home


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def home(environments: Path) -> Iterator[Home]:
    """A home of its own, with the session's environments; with a short name, as sockets in a step's TMPDIR need it."""
    with tempfile.TemporaryDirectory(prefix="hr-") as folder:
        home = Home(Path(folder))
        home.environments.symlink_to(environments)
        yield home


@pytest.fixture
def objects(home: Home) -> HeldObjects:
    return held_objects(home)


@pytest.fixture
def allowed(home: Home) -> None:
    """Whoever runs the tests, and so the launcher, can have mounts."""
    skip_where_forbidden(home.root)
