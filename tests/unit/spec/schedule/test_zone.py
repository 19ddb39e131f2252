"""Local times as instants, on the days on which clocks are changed."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.base.clock import Instant, from_rfc3339, to_rfc3339
from headrace.base.errors import InvalidInput
from headrace.spec.schedule.cron import Cron, parse
from headrace.spec.schedule.zone import LAST, first_after, load_zone


def ticks(expression: str, zone: str, start: str, count: int) -> list[str]:
    """The next times after `start`, in UTC."""
    cron, found, at = parse(expression), [], from_rfc3339(start)
    assert isinstance(cron, Cron)
    for _ in range(count):
        later = first_after(cron, load_zone(zone), at)
        assert later is not None
        found.append(to_rfc3339(later))
        at = later
    return found


def test_a_time_of_day_stays_where_it_is_when_clocks_change() -> None:
    assert ticks("0 0 6 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3) == [
        "2026-03-28T05:00:00Z",
        "2026-03-29T04:00:00Z",
        "2026-03-30T04:00:00Z",
    ]


def test_a_skipped_time_comes_when_the_clock_jumps_over_it() -> None:
    """In Berlin 02:00 to 03:00 of 29 March 2026 is not there: it would begin at 01:00 UTC."""
    assert ticks("0 30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3) == [
        "2026-03-28T01:30:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
    ]


def test_skipped_times_and_the_one_after_them_are_one() -> None:
    assert ticks("0 0,30 2-3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 3) == [
        "2026-03-29T01:00:00Z",
        "2026-03-29T01:30:00Z",
        "2026-03-30T00:00:00Z",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    """In Berlin 02:00 to 03:00 of 25 October 2026 comes twice, from 00:00 and from 01:00 UTC."""
    assert ticks("0 30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2) == [
        "2026-10-25T00:30:00Z",
        "2026-10-26T01:30:00Z",
    ]
    assert ticks("0 30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1) == ["2026-10-26T01:30:00Z"]


def test_hours_with_a_star_go_by_the_time_that_passes() -> None:
    assert ticks("0 30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3) == [
        "2026-03-29T00:30:00Z",
        "2026-03-29T01:30:00Z",
        "2026-03-29T02:30:00Z",
    ]
    assert ticks("0 30 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 4) == [
        "2026-10-24T23:30:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T02:30:00Z",
    ]


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        ("0 30 * 25 10 *", "Atlantic/Azores", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]),
        ("0 30 * 25 10 *", "Atlantic/Azores", "2026-02-01T00:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]),
        (
            "0 30 * 24 10 *",
            "America/Nuuk",
            "2026-10-24T22:45:00Z",
            ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2027-10-24T01:30:00Z"],
        ),
    ],
)
def test_an_hour_that_comes_twice_is_not_missed_from_far_away(
    expression: str, zone: str, start: str, expected: list[str]
) -> None:
    """Where nothing fits until clocks were changed there and back."""
    assert ticks(expression, zone, start, len(expected)) == expected


def test_half_an_hour_of_change_and_zones_without_any() -> None:
    """Lord Howe Island puts its clocks back by half an hour, at 15:00 UTC on 4 April 2026."""
    assert ticks("0 45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2) == [
        "2026-04-04T14:45:00Z",
        "2026-04-05T15:15:00Z",
    ]
    assert ticks("0 0 12 * * *", "Asia/Kolkata", "2026-04-04T00:00:00Z", 1) == ["2026-04-04T06:30:00Z"]


def test_a_whole_day_that_is_skipped() -> None:
    """Samoa had no 30 December 2011."""
    assert ticks("0 0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3) == [
        "2011-12-29T22:00:00Z",
        "2011-12-30T10:00:00Z",
        "2011-12-30T22:00:00Z",
    ]


def test_far_away_there_is_none() -> None:
    cron = parse("* * * * * *")
    assert isinstance(cron, Cron)
    assert first_after(cron, load_zone("UTC"), LAST) is None
    assert first_after(cron, load_zone("UTC"), Instant(-1)) is None
    never = parse("0 0 0 31 2 *")
    assert isinstance(never, Cron)
    assert first_after(never, load_zone("Europe/Berlin"), Instant(0)) is None


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "", "../etc/passwd", "/etc/localtime", "Europe", "a\0b", "x" * 999]
)
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a time zone"):
        load_zone(name)


@settings(deadline=None)
@given(
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
    step=st.integers(1, 5),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    start=st.datetimes(datetime.fromisoformat("2015-01-01"), datetime.fromisoformat("2035-01-01")),
)
def test_hours_with_a_star_fire_whenever_clocks_show_a_fitting_time(
    minutes: set[int], step: int, zone: str, start: datetime
) -> None:
    cron = parse(f"0 {','.join(map(str, minutes))} */{step} * * *")
    assert isinstance(cron, Cron)
    at = from_rfc3339(start.isoformat())
    found = first_after(cron, load_zone(zone), at)
    first = datetime.fromisoformat(to_rfc3339(at)).replace(second=0, microsecond=0)
    walls = ((utc := first + timedelta(minutes=ahead), utc.astimezone(ZoneInfo(zone))) for ahead in range(1, 1000))
    expected = next(utc for utc, wall in walls if wall.minute in minutes and wall.hour % step == 0)
    assert found == from_rfc3339(expected.isoformat())


@settings(max_examples=30, deadline=None)
@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    start=st.datetimes(datetime.fromisoformat("2015-01-01"), datetime.fromisoformat("2035-01-01")),
)
def test_a_time_of_the_day_comes_once_a_day(hour: int, minute: int, zone: str, start: datetime) -> None:
    cron = parse(f"0 {minute} {hour} * * *")
    assert isinstance(cron, Cron)
    at, days = from_rfc3339(start.isoformat()), []
    for _ in range(400):
        later = first_after(cron, load_zone(zone), at)
        assert later is not None
        assert later > at
        at = later
        days.append(datetime.fromisoformat(to_rfc3339(at)).astimezone(ZoneInfo(zone)).date())
    assert days == [days[0] + timedelta(days=ahead) for ahead in range(400)]
