"""The disk that a home holds: real files, counted once each."""

import os
from pathlib import Path

from headrace.base import disk
from headrace.base.home import Home


def fill(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


def test_each_file_counts_once_and_for_what_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    fill(home.store / "mlpipeline" / "x", 60_000)
    fill(home.root / "store.gs" / "bucket" / "x", 40_000)
    library = fill(home.environments / "one" / "library", 200_000)
    (home.environments / "two").mkdir()
    os.link(library, home.environments / "two" / "library")
    (home.environments / "two" / "loop").symlink_to(home.root)
    fill(home.database, 50_000)
    used = disk.usage(home)
    assert 100_000 <= used.artifacts < 150_000
    assert 200_000 <= used.environments < 300_000
    assert used.attempts == 0
    assert 50_000 <= used.rest < 100_000
    assert used.total == used.artifacts + used.environments + used.rest
    assert 0 < used.free <= used.capacity


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert disk.size(tmp_path / "none") == 0
