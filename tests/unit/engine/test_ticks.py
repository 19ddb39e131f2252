"""When a schedule is due."""

import pytest

from headrace.base.clock import SECOND, Instant, from_rfc3339, to_rfc3339
from headrace.engine.ticks import NEVER, due_tick, next_tick, ticks_within
from headrace.model.schedule import CronTrigger, PeriodicTrigger, Trigger

MADE = "2026-01-01T00:10:30.5Z"


def at(text: str) -> Instant:
    return from_rfc3339(text) if text else NEVER


def cron(expression: str, start: str = "", end: str = "", zone: str = "UTC") -> CronTrigger:
    return CronTrigger(expression, zone, at(start), at(end))


def periodic(seconds: int, start: str = "", end: str = "") -> PeriodicTrigger:
    return PeriodicTrigger(seconds, at(start), at(end))


def said(tick: Instant) -> str:
    return to_rfc3339(tick) if tick else ""


def following(trigger: Trigger, count: int) -> list[str]:
    """The first ticks, one after the other."""
    found, last = [], NEVER
    for _ in range(count):
        last = next_tick(trigger, at(MADE), last)
        found.append(said(last))
        if not last:
            break
    return found


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (cron("0 0 * * * *"), ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]),
        (cron("0 0 * * * *", start="2026-01-02T05:00:00Z"), ["2026-01-02T06:00:00Z"]),
        (cron("0 0 * * * *", start="2025-12-31T22:30:00Z"), ["2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z"]),
        (cron("0 0 6 * * *", zone="Europe/Berlin"), ["2026-01-01T05:00:00Z"]),
        (cron("0 0 * * * *", end="2026-01-01T02:00:00Z"), ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", ""]),
        (cron("@every 1h30m"), ["2026-01-01T01:40:30Z", "2026-01-01T03:10:30Z"]),
        (cron("0 0 0 31 2 *"), [""]),
        (periodic(60), ["2026-01-01T00:11:30Z", "2026-01-01T00:12:30Z"]),
        (periodic(60, start="2026-01-02T00:00:00Z"), ["2026-01-02T00:00:00Z", "2026-01-02T00:01:00Z"]),
        (periodic(60, start="2025-12-31T00:00:00Z"), ["2025-12-31T00:01:00Z", "2025-12-31T00:02:00Z"]),
        (periodic(60, end="2026-01-01T00:12:00Z"), ["2026-01-01T00:11:30Z", ""]),
        (periodic(3600, start="9990-01-01T00:00:00Z"), [""]),
    ],
)
def test_ticks_follow_one_another(trigger: Trigger, expected: list[str]) -> None:
    assert following(trigger, len(expected)) == expected


def due(trigger: Trigger, now: str, last: str = "", *, catch_up: bool) -> str:
    return said(due_tick(trigger, at(MADE), at(last), at(now), catch_up=catch_up))


@pytest.mark.parametrize("catch_up", [True, False])
def test_nothing_is_due_before_its_time(catch_up: bool) -> None:
    assert due(cron("0 0 * * * *"), "2026-01-01T00:59:59.999Z", catch_up=catch_up) == ""
    assert due(cron("0 0 * * * *"), "2026-01-01T01:00:00Z", catch_up=catch_up) == "2026-01-01T01:00:00Z"
    assert due(periodic(60), "2026-01-01T00:11:29Z", catch_up=catch_up) == ""
    assert due(periodic(60), "2026-01-01T00:11:30Z", catch_up=catch_up) == "2026-01-01T00:11:30Z"


def test_with_catch_up_missed_ticks_come_in_order() -> None:
    hourly, now = cron("0 0 * * * *"), "2026-01-03T12:34:56Z"
    assert due(hourly, now, catch_up=True) == "2026-01-01T01:00:00Z"
    assert due(hourly, now, "2026-01-01T01:00:00Z", catch_up=True) == "2026-01-01T02:00:00Z"
    assert due(hourly, now, "2026-01-03T12:00:00Z", catch_up=True) == ""


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (cron("0 0 * * * *"), "2026-01-03T12:00:00Z"),
        (cron("* * * * * *"), "2026-01-03T12:34:56Z"),
        (cron("0 0 0 1 1 *", start="2020-05-05T00:00:00Z"), "2026-01-01T00:00:00Z"),
        (cron("* * 2 * * *"), "2026-01-03T02:59:59Z"),
        (cron("0 0 * * * *", end="2026-01-02T10:30:00Z"), "2026-01-02T10:00:00Z"),
        (cron("@every 1h"), "2026-01-03T12:10:30Z"),
        (periodic(3600), "2026-01-03T12:34:56Z"),
        (periodic(3600, end="2026-01-02T10:30:00Z"), "2026-01-02T10:30:00Z"),
        (periodic(200_000), "2026-01-03T07:43:50Z"),
    ],
)
def test_without_it_only_the_latest_counts(trigger: Trigger, expected: str) -> None:
    assert due(trigger, "2026-01-03T12:34:56.7Z", catch_up=False) == expected


def test_a_second_for_second_schedule_that_was_off_for_years_is_no_work() -> None:
    always = cron("* * * * * *", start="1990-01-01T00:00:00Z")
    assert due(always, "2026-01-03T12:34:56Z", catch_up=False) == "2026-01-03T12:34:56Z"


def test_a_clock_that_was_put_back_brings_no_tick_again() -> None:
    assert due(cron("0 0 * * * *"), "2026-01-01T03:30:00Z", "2026-01-01T05:00:00Z", catch_up=True) == ""
    assert due(periodic(60), "2026-01-01T03:30:00Z", "2026-01-01T05:00:00Z", catch_up=False) == ""


def within(trigger: Trigger, begin: str, end: str, *known: str) -> list[str]:
    whole = [Instant(at(each) // SECOND * SECOND) for each in known or (MADE,)]
    return [said(tick) for tick in ticks_within(trigger, whole, at(begin), at(end))]


def test_the_ticks_of_a_stretch_of_time() -> None:
    hourly = cron("0 0 * * * *")
    assert within(hourly, "2025-01-01T00:00:00Z", "2025-01-01T02:00:00Z") == [
        "2025-01-01T00:00:00Z",
        "2025-01-01T01:00:00Z",
        "2025-01-01T02:00:00Z",
    ]
    assert within(hourly, "2025-01-01T00:00:00.1Z", "2025-01-01T01:00:00Z") == ["2025-01-01T01:00:00Z"]
    assert within(hourly, "2025-01-01T00:00:01Z", "2025-01-01T00:59:59Z") == []
    assert within(periodic(60), "2025-12-31T23:59:00Z", "2026-01-01T00:01:00Z") == [
        "2025-12-31T23:59:30Z",
        "2026-01-01T00:00:30Z",
    ]
    assert within(cron("@every 1m"), "2026-01-01T00:10:30Z", "2026-01-01T00:10:30Z") == ["2026-01-01T00:10:30Z"]


@pytest.mark.parametrize("trigger", [cron("@daily"), periodic(86_400), cron("@every 24h")])
def test_from_the_epoch_on(trigger: Trigger) -> None:
    """That itself is no tick."""
    days = [f"1970-01-0{day}T00:00:00Z" for day in (2, 3)]
    assert within(trigger, "1970-01-01T00:00:00Z", "1970-01-03T12:00:00Z", "2026-01-01T00:00:00Z") == days


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("00:00:05", "00:00:40", ["05", "08", "11", "14", "17", "20", "23", "25", "28", "30", "33", "36", "39"]),
        ("00:00:18", "00:00:26", ["20", "23", "25"]),
        ("00:00:26", "00:00:29", ["28"]),
        ("00:00:31", "00:00:35", ["33"]),
        ("00:00:01", "00:00:05", ["02", "05"]),
    ],
)
def test_an_interval_begins_anew_with_what_came_late(begin: str, end: str, expected: list[str]) -> None:
    """At 25 and 30 the schedule jumped to what was now."""
    known = [f"2026-01-01T00:00:{second}Z" for second in (11, 14, 17, 25, 30)]
    found = within(periodic(3), f"2026-01-01T{begin}Z", f"2026-01-01T{end}Z", *known)
    assert [tick[17:19] for tick in found] == expected
    assert within(cron("@every 3s"), f"2026-01-01T{begin}Z", f"2026-01-01T{end}Z", *known) == found
