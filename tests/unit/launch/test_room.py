"""Whether a step that found a disk full is to blame for it. The disks are the machine's own, which have room."""

import errno
import os
from pathlib import Path

import pytest

from headrace.launch.base import LaunchRequest
from headrace.launch.room import was_starved

SAYS_FULL = f"OSError: [Errno 28] {os.strerror(errno.ENOSPC)}: '/data'\n"


def request(folder: Path) -> LaunchRequest:
    return LaunchRequest("a", "r", "root.a", "python", (), (), (), (), {}, folder, folder, (folder / "made" / "out",))


@pytest.mark.parametrize("log", ["ValueError: no such column\n", ""])
def test_a_step_that_says_nothing_of_it_was_not_starved(tmp_path: Path, log: str) -> None:
    (tmp_path / "log").write_text(log)
    assert not was_starved(request(tmp_path))


def test_a_disk_that_has_room_is_not_to_blame(tmp_path: Path) -> None:
    """The step filled another one, or this one itself: what it left is counted as room."""
    (tmp_path / "log").write_text(SAYS_FULL)
    (tmp_path / "made").mkdir()
    assert not was_starved(request(tmp_path))


def test_a_disk_without_room_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_text(SAYS_FULL)
    real = os.statvfs

    def little(path: Path) -> os.statvfs_result:
        found = list(real(path))
        found[2], found[4] = 1_000_000, 10_000  # one per cent of the blocks
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", little)
    assert was_starved(request(tmp_path))
