"""Packages that components install: from which index, which version, where, and what is said of one that is absent."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.compat.conftest import ordinary_home, served
from tests.compat.pipelines.installs import installs
from tests.compat.pipelines.play import Played, message
from tests.harness import parameters_of
from tests.wheels import index, wheel, wheel_of_sdk

GAVE = {
    "exact": ["1.0", True],
    "latest": ["2.0", True],
    "range": ["1.5", True],
    "by url": ["1.5", True],
    "by file": ["1.5", True],
    "two indexes": ["1.5", True],
    "options": ["1.0", True],
    "in a venv": ["1.0", True, True],
    "in a venv too": ["2.0", True],
    "more": ["1.0", "3.0"],
    "without": True,
}


@pytest.fixture(scope="module")
def wheels() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:  # pytest's folders are root's alone
        folder = Path(made)
        folder.chmod(0o755)
        for version in ("1.0", "1.5", "2.0"):
            wheel(folder, "tiny", version, {"tiny.py": f"VERSION = {version!r}\n"})
        wheel(folder, "other", "3.0", {"other.py": "VERSION = '3.0'\n"})
        wheel_of_sdk(folder)
        yield folder


@pytest.fixture(scope="module", params=["own", "ordinary"])
def played(request: pytest.FixtureRequest, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """On a server that has no index of its own."""
    nothing = {"PIP_CONFIG_FILE": "/dev/null", **{name: "" for name in os.environ if name.startswith(("PIP_", "UV_"))}}
    with ExitStack() as stack:
        home, *under = [tmp_path_factory.mktemp("installs") / "home"]
        if request.param == "ordinary":
            home, *under = stack.enter_context(ordinary_home())
        back = stack.enter_context(contextmanager(served)(home, *under, environment=nothing))
        url = stack.enter_context(index(wheels))
        yield back.play(installs(url, str(wheels)), "FAILED")


@pytest.mark.parametrize("name", GAVE)
def test_what_is_installed(played: Played, name: str) -> None:
    task = played.displayed(name)
    assert parameters_of(task).get("Output") == GAVE[name], message(task)


def test_a_version_that_no_index_has(played: Played) -> None:
    told = message(played.displayed("absent"))
    assert "there is no version of tiny==9" in told
    assert "Packages come from the indexes" in told
