"""Macros in the string parameters of runs: `[[ScheduledTime]]`, `{{$.scheduledTime.strftime('%Y-%m-%d')}}` and others.

Takes the parameters as they were given and what there is to say; gives them filled in. Only parameters that are texts
are looked at. What is no macro, or has nothing to say here (an index outside a schedule), stays as it is. Times are
UTC, but `[[LocalTime]]`, the scheduled time in the schedule's own time zone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from headrace.base.clock import Instant
from headrace.base.json import JsonValue
from headrace.spec.schedule.layout import go_format, strftime
from headrace.spec.schedule.zone import load_zone, local_time

LAYOUT = "20060102150405"

_MACRO = re.compile(r"\[\[([^\[\]]{1,200})\]\]|\{\{\$\.([^{}]{1,200})\}\}")
"""Bounded, so that a megabyte of brackets is read in one go."""

_STRFTIME = re.compile(r"strftime\(\s*(['\"])(.*)\1\s*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What macros may say about a run. An instant of 0, or an index of 0, is nothing to say."""

    run_id: str
    now: Instant
    scheduled: Instant = Instant(0)
    index: int = 0
    timezone: str = "UTC"


def fill(parameters: Mapping[str, JsonValue], occasion: Occasion) -> dict[str, JsonValue]:
    """The parameters with their macros replaced."""
    return {
        name: _MACRO.sub(lambda match: _said(match, occasion), value) if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def _said(match: re.Match[str], occasion: Occasion) -> str:
    name, _, layout = (match.group(1) or match.group(2) or "").partition(".")
    name = name[:1].upper() + name[1:]
    if not layout and name == "RunUUID":
        return occasion.run_id
    if not layout and name == "Index" and occasion.index:
        return str(occasion.index)
    instant, zone = _time(name, occasion)
    return _format(instant, zone, layout) if instant else match.group()


def _time(name: str, occasion: Occasion) -> tuple[Instant, ZoneInfo]:
    """The instant of that name, 0 for none, and the zone that it is told in."""
    utc = load_zone("UTC")
    match name:
        case "ScheduledTime":
            return occasion.scheduled, utc
        case "CurrentTime":
            return occasion.now, utc
        case "LocalTime":
            return occasion.scheduled, load_zone(occasion.timezone)
    return Instant(0), utc


def _format(instant: Instant, zone: ZoneInfo, layout: str) -> str:
    moment = local_time(zone, instant)
    call = _STRFTIME.fullmatch(layout.strip())
    return strftime(moment, call.group(2)) if call else go_format(moment, layout or LAYOUT)
