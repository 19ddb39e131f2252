"""Folders for a while: gone after their use, swept where their maker was killed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from headrace.base.scratch import scratch, sweep

HOLD = (
    "from headrace.base.scratch import scratch\nwith scratch() as folder:\n    print(folder, flush=True)\n    input()\n"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_gone_afterwards_and_stays_until_then(temporary: Path) -> None:
    with scratch() as folder:
        (folder / "something").touch()
        sweep()
        assert (folder / "something").exists()
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_killed_process_is_swept_once_it_is_dead(temporary: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as maker:
        assert maker.stdout is not None
        folder = Path(maker.stdout.readline().strip())
        sweep()
        assert folder.is_dir()
        maker.send_signal(signal.SIGKILL)
        maker.wait()
        sweep()
        assert not folder.exists()


def test_what_is_not_ours_is_left_alone(temporary: Path) -> None:
    (temporary / "headrace-other").mkdir()
    (temporary / "headrace-file").touch()
    (temporary / "headrace-link").symlink_to(temporary)
    sweep()
    assert len(list(temporary.iterdir())) == 3
