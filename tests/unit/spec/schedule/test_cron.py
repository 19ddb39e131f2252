"""Cron expressions: what they mean, and what is none."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.base.errors import InvalidInput
from headrace.spec.schedule.cron import Cron, Every, parse, split_zone


def cron(expression: str) -> Cron:
    parsed = parse(expression)
    assert isinstance(parsed, Cron)
    return parsed


def after(expression: str, moment: str, count: int = 1) -> list[str]:
    found, at = [], datetime.fromisoformat(moment)
    for _ in range(count):
        later = cron(expression).after(at)
        assert later is not None
        found.append(later.isoformat(" "))
        at = later
    return found


@pytest.mark.parametrize(
    ("expression", "moment", "expected"),
    [
        ("* * * * * *", "2026-01-01 00:00:00", ["2026-01-01 00:00:01", "2026-01-01 00:00:02"]),
        ("0 * * * * *", "2026-01-01 00:00:30", ["2026-01-01 00:01:00", "2026-01-01 00:02:00"]),
        ("0 30 6 * * *", "2026-01-01 06:30:00", ["2026-01-02 06:30:00"]),
        ("0 0 9 ? * 2-6", "2026-01-02 09:00:00", ["2026-01-03 09:00:00", "2026-01-06 09:00:00"]),
        ("0 0 0 1 jan,JUL ?", "2026-03-05 12:00:00", ["2026-07-01 00:00:00", "2027-01-01 00:00:00"]),
        ("0 0 12 * * Mon-fri", "2026-01-02 12:00:00", ["2026-01-05 12:00:00"]),
        ("*/20 59 23 31 12 *", "2026-12-31 23:59:40", ["2027-12-31 23:59:00"]),
        ("10/25 0 0 * * *", "2026-01-01 00:00:00", ["2026-01-01 00:00:10", "2026-01-01 00:00:35"]),
        ("0 0 8-18/5 * * *", "2026-01-01 08:00:00", ["2026-01-01 13:00:00", "2026-01-01 18:00:00"]),
        ("0 0 0 29 2 *", "2096-02-29 00:00:00", ["2104-02-29 00:00:00"]),
        ("0 0 0 31 * *", "2026-01-31 00:00:00", ["2026-03-31 00:00:00"]),
        ("@yearly", "2026-01-01 00:00:00", ["2027-01-01 00:00:00"]),
        ("@annually", "2025-05-01 00:00:00", ["2026-01-01 00:00:00"]),
        ("@monthly", "2026-01-01 00:00:00", ["2026-02-01 00:00:00"]),
        ("@weekly", "2026-01-01 00:00:00", ["2026-01-04 00:00:00"]),
        ("@daily", "2026-01-01 00:00:00", ["2026-01-02 00:00:00"]),
        ("@midnight", "2026-01-01 00:00:00", ["2026-01-02 00:00:00"]),
        ("@hourly", "2026-01-01 00:00:00", ["2026-01-01 01:00:00"]),
    ],
)
def test_the_next_time(expression: str, moment: str, expected: list[str]) -> None:
    assert after(expression, moment, len(expected)) == expected


def test_what_is_taken_as_the_library_does() -> None:
    assert cron("1,,2, * * * * *") == cron("1,2 * * * * *")
    assert cron("0 0 0 *-5 * ?-x/2") == cron("0 0 0 * * */2")


def test_of_five_fields_the_first_are_seconds() -> None:
    assert after("5 4 3 2 1", "2025-12-31 00:00:00") == ["2026-01-02 03:04:05"]


def test_a_fraction_of_a_second_is_no_reason_to_skip_one() -> None:
    later = cron("* * * * * *").after(datetime.fromisoformat("2026-01-01 00:00:00.9"))
    assert later == datetime.fromisoformat("2026-01-01 00:00:01")


def test_two_days_fit_either_unless_one_begins_with_a_star() -> None:
    """The 13th of 2026 is a Friday in February, March and November."""
    assert after("0 0 0 13 * 5", "2026-02-01 00:00:00", 3) == [
        "2026-02-06 00:00:00",
        "2026-02-13 00:00:00",
        "2026-02-20 00:00:00",
    ]
    assert after("0 0 0 */2 * 5", "2026-02-01 00:00:00", 2) == ["2026-02-13 00:00:00", "2026-02-27 00:00:00"]
    assert after("0 0 0 13 * *", "2026-02-01 00:00:00", 2) == ["2026-02-13 00:00:00", "2026-03-13 00:00:00"]


def test_a_day_that_never_comes() -> None:
    assert cron("0 0 0 31 2 *").after(datetime.fromisoformat("2026-01-01")) is None


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("@every 1h30m", 5400),
        ("@every 90s", 90),
        ("@every 1.5h", 5400),
        ("@every 1500ms", 1),
        ("@every 5us", 1),
        ("@every .5m", 30),
        ("@every 8.2h", 29_520),
        ("@every 0.1s0.2s0.7s59.s", 60),
        ("@every 999999999ns", 1),
        ("@every 2999999999ns", 2),
    ],
)
def test_every(expression: str, seconds: int) -> None:
    assert parse(expression) == Every(seconds)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "5 or 6 fields"),
        ("* * * *", "has 4"),
        ("* * * * * * *", "has 7"),
        ("60 * * * * *", "second '60' is not within 0 to 59"),
        ("* * 24 * * *", "hour '24'"),
        ("* * * 0 * *", "day of the month '0' is not within 1 to 31"),
        ("* * * * 13 *", "month '13'"),
        ("* * * * * 7", "day of the week '7' is not within 0 to 6"),
        ("* * * * * fri-mon", "ends before it begins"),
        ("*/0 * * * * *", "step of 0"),
        (",, * * * * *", "cannot be read"),
        ("5-* * * * * *", "cannot be read"),
        ("-5 * * * * *", "cannot be read"),
        ("1-2-3 * * * * *", "cannot be read"),
        ("1/2/3 * * * * *", "cannot be read"),
        ("* * * * foo *", "month 'foo' cannot be read"),
        ("٣ * * * * *", "cannot be read"),
        ("@fortnightly", "not a descriptor"),
        ("@daily 5", "not a descriptor"),
        ("@every", "not a descriptor"),
        ("@every 1 hour", "not a descriptor"),
        ("@every soon", "not a duration"),
        ("@every -5s", "not a duration"),
        ("@every 5", "not a duration"),
        ("@every 999999999h", "hundred years"),
        (f"@every {'1' * 60}h", "not a duration"),
        (f"{'1,' * 300}1 * * * * *", "at most 500 characters"),
        ("TZ=UTC", "has 1"),
    ],
)
def test_what_is_none(expression: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse(expression)


def test_a_zone_may_stand_in_front() -> None:
    assert split_zone("TZ=Europe/Berlin 0 0 6 * * *") == ("Europe/Berlin", "0 0 6 * * *")
    assert split_zone("CRON_TZ=UTC @daily") == ("UTC", "@daily")
    assert split_zone("0 0 6 * * *") == ("", "0 0 6 * * *")
    assert parse("TZ=Europe/Berlin 0 0 6 * * *") == parse("0 0 6 * * *")


def field(least: int, most: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field's text, and the values that it has by the plain reading of it."""
    value = st.integers(least, most)
    single = value.map(lambda v: (str(v), {v}))
    span = st.tuples(value, value).map(sorted).map(lambda v: (f"{v[0]}-{v[1]}", set(range(v[0], v[1] + 1))))
    stepped = st.tuples(value, st.integers(1, most)).map(lambda v: (f"{v[0]}/{v[1]}", set(range(v[0], most + 1, v[1]))))
    some = st.lists(st.one_of(single, span, stepped), min_size=1, max_size=3).map(
        lambda parts: (",".join(text for text, _ in parts), frozenset(v for _, values in parts for v in values))
    )
    star = st.sampled_from("*?").map(lambda text: (text, frozenset(range(least, most + 1))))
    return st.one_of(star, some)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(field(0, 59), field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)),
    st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2090-01-01")),
)
def test_it_is_the_earliest_of_all_fitting_times(
    fields: tuple[tuple[str, frozenset[int]], ...], moment: datetime
) -> None:
    text = " ".join(each for each, _ in fields)
    seconds, minutes, hours, days, months, weekdays = (values for _, values in fields)
    either = fields[3][0][0] not in "*?" and fields[5][0][0] not in "*?"

    def fits(day: datetime) -> bool:
        by_day, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        return day.month in months and (by_day or by_weekday if either else by_day and by_weekday)

    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    fitting = (midnight + timedelta(days=ahead) for ahead in range(9 * 366))
    times = sorted(timedelta(hours=h, minutes=m, seconds=s) for h, m, s in product(hours, sorted(minutes), seconds))
    expected = next(
        (day + at for day in fitting if fits(day) for at in times if day + at > moment),
        None,
    )
    assert cron(text).after(moment) == expected
