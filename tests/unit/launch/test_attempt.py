"""The short names of the folders of attempts: removed where the home is gone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.launch.attempt import sweep_links
from headrace.launch.variables import LINK


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Path]:
    """The short name of the folder of attempts in a home."""
    made = Path(f"{LINK}test-{os.getpid()}")
    (tmp_path / "attempts").mkdir()
    made.symlink_to(tmp_path / "attempts")
    yield made
    made.unlink(missing_ok=True)


def test_of_a_home_that_is_there(link: Path) -> None:
    sweep_links()
    assert link.is_symlink()


def test_of_a_home_that_is_gone(tmp_path: Path, link: Path) -> None:
    (tmp_path / "attempts").rmdir()
    sweep_links()
    assert not link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to somebody else")
def test_of_another_user(tmp_path: Path, link: Path) -> None:
    (tmp_path / "attempts").rmdir()
    os.chown(link, 4242, 4242, follow_symlinks=False)
    sweep_links()
    assert link.is_symlink()


def test_one_that_cannot_be_looked_at_is_left(monkeypatch: pytest.MonkeyPatch, link: Path) -> None:
    """The home may be closed to this user by now, or another server sweeps at the same moment."""

    def refuse(_: Path) -> bool:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr("headrace.launch.attempt._leads_nowhere", refuse)
        sweep_links()
    assert link.is_symlink()
