"""Moments on the command line, in this machine's time zone."""

import time
from collections.abc import Iterator

import pytest

from headrace.base.clock import from_rfc3339
from headrace.base.errors import InvalidInput
from headrace.cli.moments import is_day_of, read_moment, show_moment


@pytest.fixture(autouse=True)
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nine hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-01-31", "2026-01-30T15:00:00Z", "2026-01-31T14:59:59Z"),
        ("2026-01-31T08:00", "2026-01-30T23:00:00Z", "2026-01-30T23:00:00Z"),
        ("2026-01-31T08:00Z", "2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
    ],
)
def test_a_day_alone_is_its_first_moment_or_its_last(text: str, first: str, last: str) -> None:
    assert read_moment(text, "--from") == first
    assert read_moment(text, "--to", end_of_day=True) == last


def test_what_is_no_moment() -> None:
    with pytest.raises(InvalidInput, match="--from: 'soon' is no time"):
        read_moment("soon", "--from")


def test_whether_it_is_today() -> None:
    now = from_rfc3339("2026-01-30T15:00:00Z")
    told = ("2026-01-31", "20260131", "2026-01-30", "2026-02-01", "2026-01-31T08:00")
    assert [is_day_of(text, now) for text in told] == [True, True, False, False, False]


def test_a_moment_is_shown_as_it_is_here() -> None:
    assert (show_moment("2026-01-30T15:00:00Z"), show_moment("")) == ("2026-01-31 00:00:00", "")
