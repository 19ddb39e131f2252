"""The short names of temporary folders: removed where the attempt's supervisor is gone."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.launch.attempt import sweep_links
from headrace.launch.runner import wire
from headrace.launch.variables import LINK


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Path]:
    """The short name of the temporary folder of an attempt in `tmp_path`."""
    made = Path(f"{LINK}test-{os.getpid()}")
    (tmp_path / "one" / "tmp").mkdir(parents=True)
    made.symlink_to(tmp_path / "one" / "tmp")
    yield made
    made.unlink(missing_ok=True)


def test_of_an_attempt_that_nobody_has(tmp_path: Path, link: Path) -> None:
    sweep_links(tmp_path)
    assert not link.is_symlink()
    assert (tmp_path / "one" / "tmp").is_dir()


def test_of_an_attempt_that_runs(tmp_path: Path, link: Path) -> None:
    with (tmp_path / "one" / wire.CLAIM).open("w") as claim:
        claim.write(f"{os.getpid()}\n")
        claim.flush()
        fcntl.flock(claim, fcntl.LOCK_EX)
        sweep_links(tmp_path)
        assert link.is_symlink()


def test_of_another_home(tmp_path: Path, link: Path) -> None:
    sweep_links(tmp_path / "other")
    assert link.is_symlink()
