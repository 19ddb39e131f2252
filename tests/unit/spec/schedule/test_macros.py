"""Macros in parameters, and the two kinds of layouts that they take."""

import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from headrace.base.clock import Instant, from_rfc3339
from headrace.spec.schedule.layout import go_format, strftime
from headrace.spec.schedule.macros import Occasion, fill

MOMENT = datetime(2026, 2, 3, 16, 7, 9, 56_700, tzinfo=UTC)
OCCASION = Occasion(
    run_id="the-run",
    now=from_rfc3339("2026-02-03T16:07:09Z"),
    scheduled=from_rfc3339("2026-02-03T23:30:00Z"),
    index=12,
    timezone="Europe/Berlin",
)


def filled(text: str, occasion: Occasion = OCCASION) -> object:
    return fill({"p": text}, occasion)["p"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[RunUUID]]", "the-run"),
        ("{{$.RunUUID}}", "the-run"),
        ("[[Index]]", "12"),
        ("{{$.index}}", "12"),
        ("[[ScheduledTime]]", "20260203233000"),
        ("{{$.ScheduledTime}}", "20260203233000"),
        ("[[CurrentTime]]", "20260203160709"),
        ("[[LocalTime]]", "20260204003000"),
        ("[[ScheduledTime.2006-01-02]]", "2026-02-03"),
        ("[[CurrentTime.15:04:05.000]]", "16:07:09.000"),
        ("[[LocalTime.Mon Jan 2 15:04 MST -07:00]]", "Wed Feb 4 00:30 CET +01:00"),
        ("{{$.scheduledTime.strftime('%Y-%m-%d')}}", "2026-02-03"),
        ('{{$.currentTime.strftime("%H.%M")}}', "16.07"),
        ("[[ScheduledTime.strftime('%j')]]", "034"),
        ("s3://b/[[ScheduledTime.2006]]/{{$.Index}}/x", "s3://b/2026/12/x"),
        ("[[ScheduledTime]][[Index]]", "2026020323300012"),
    ],
)
def test_what_a_macro_says(text: str, expected: str) -> None:
    assert filled(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[[Unknown]]",
        "[[]]",
        "[[Index",
        "[[Index.2006]]",
        "[[RunUUID.x]]",
        "{{$.pipeline_job_name}}",
        "{{$.inputs.parameters['x']}}",
        "[[ scheduled ]]",
    ],
)
def test_what_is_no_macro_stays(text: str) -> None:
    assert filled(text) == text


def test_what_there_is_nothing_to_say_of_stays() -> None:
    one_off = Occasion("the-run", Instant(0), Instant(0))
    text = "[[Index]] [[ScheduledTime]] {{$.scheduledTime.strftime('%Y')}} [[RunUUID]]"
    assert filled(text, one_off) == text.replace("[[RunUUID]]", "the-run")


def test_a_megabyte_of_brackets_is_no_work() -> None:
    for text in ("[" * 1_000_000, "{{$." * 250_000, "[[a" * 300_000):
        assert filled(text) == text


def test_only_parameters_that_are_texts_are_looked_at() -> None:
    given = {"n": 1, "list": ["[[Index]]"], "struct": {"a": "[[Index]]"}, "none": None, "text": "[[Index]]"}
    assert fill(given, OCCASION) == {**given, "text": "12"}


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("2006-01-02T15:04:05Z07:00", "2026-02-03T16:07:09Z"),
        ("Monday, 02-Jan-06 15:04:05 MST", "Tuesday, 03-Feb-26 16:07:09 UTC"),
        ("Mon Jan _2 15:04:05 2006", "Tue Feb  3 16:07:09 2026"),
        ("January 2, 2006", "February 3, 2026"),
        ("3:04PM", "4:07PM"),
        ("03:4:5 pm", "04:7:9 pm"),
        ("1/2/06", "2/3/26"),
        ("002 __2", "034  34"),
        ("05.000", "09.056"),
        ("05.000000000", "09.056700000"),
        ("05.999999", "09.0567"),
        ("05,00", "09,05"),
        ("-0700 -07 -07:00:00 Z0700", "+0000 +00 +00:00:00 Z"),
        ("_2006", "_2026"),
        ("Month", "Month"),
        ("Janitor", "Janitor"),
        ("v1.2.3", "v2.3.4"),
        ("data/x", "data/x"),
        ("", ""),
    ],
)
def test_a_layout_of_go(layout: str, expected: str) -> None:
    assert go_format(MOMENT, layout) == expected


def test_offsets_and_names_of_zones() -> None:
    west = MOMENT.astimezone(timezone(-timedelta(hours=3, minutes=30)))
    assert go_format(west, "-0700 -07:00 Z07 Z07:00:00 -070000") == "-0330 -03:30 -03 -03:30:00 -033000"
    assert go_format(MOMENT.astimezone(ZoneInfo("America/New_York")), "MST 3PM") == "EST 11AM"


def test_midnight_and_noon_of_twelve_hours() -> None:
    assert go_format(MOMENT.replace(hour=0), "3pm") == "12am"
    assert go_format(MOMENT.replace(hour=12), "03PM") == "12PM"


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("%Y-%m-%dT%H:%M:%S", "2026-02-03T16:07:09"),
        ("%y%j %% %", "26034 % %"),
        ("%%Y", "%Y"),
        ("%Q %", "%Q %"),
        ("%F %T %Z", "2026-02-03 16:07:09 UTC"),
        ("\udc80 %Y é", "\udc80 2026 é"),
    ],
)
def test_strftime(layout: str, expected: str) -> None:
    assert strftime(MOMENT, layout) == expected


@pytest.mark.parametrize("server", ["UTC", "Asia/Tokyo"])
def test_the_time_zone_of_the_server_is_no_matter(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setenv("TZ", server)
    time.tzset()
    try:
        found = strftime(MOMENT.astimezone(ZoneInfo("Europe/Berlin")), "%s %z %Z %c %-Z")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == "1770134829 +0100 CET Tue Feb  3 17:07:09 2026 %-Z"
