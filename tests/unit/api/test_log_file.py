"""The end of a log file, found by reading back from it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.api import log_file


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(alphabet="a\n", max_size=40).map(str.encode), lines=st.integers(0, 12))
def test_the_last_lines_are_those_that_a_reader_of_all_would_keep(tmp_path: Path, content: bytes, lines: int) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    whole = content.splitlines(keepends=True)
    assert content[log_file.start_of_last(path, lines) :] == b"".join(whole[max(0, len(whole) - lines) :])


@pytest.mark.parametrize("around", [-2, -1, 0, 1, 2])
def test_lines_may_be_longer_than_what_is_read_at_once(tmp_path: Path, around: int) -> None:
    path, long = tmp_path / "log", b"x" * (log_file.CHUNK + around)
    path.write_bytes(b"first\n" + long + b"\n" + long + b"\nlast\n")
    content = path.read_bytes()
    assert content[log_file.start_of_last(path, 2) :] == long + b"\nlast\n"
    assert content[log_file.start_of_last(path, 3) :] == long + b"\n" + long + b"\nlast\n"
    assert log_file.start_of_last(path, 4) == 0


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert log_file.start_of_last(tmp_path / "none", 3) == 0
    assert log_file.read(tmp_path / "none", 3) == b""
