"""Instants as text, by the two kinds of layouts that KFP's macros take: Go's example time, and strftime's letters.

Go's layout is written as its reference time would be, `2006-01-02T15:04:05Z07:00`; whatever is no part of that stands
for itself.
"""

import re
from collections.abc import Callable
from datetime import datetime

_GO = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|_2006|2006|__2|_2|15|PM|pm"
    r"|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07|[.,](?:0+|9+)(?!\d)|[1-5]"
)
_STRFTIME = re.compile(r"%(?:-?[aAbBcdDeFgGHIjmMnpRSTuUVwWxXyY]|[fszZ%])")


def go_format(moment: datetime, layout: str) -> str:
    """The moment as Go's `time.Format` writes it."""
    return _GO.sub(lambda match: _chunk(match.group(), moment), layout)


def strftime(moment: datetime, layout: str) -> str:
    """The moment by strftime's directives; what is none of them stands for itself."""
    return _STRFTIME.sub(lambda match: _directive(match.group(), moment), layout)


def _directive(directive: str, moment: datetime) -> str:
    """Python leaves `%s` to the C library, which would take the moment for one in this machine's time zone."""
    if directive == "%%":
        return "%"
    return str(int(moment.timestamp())) if directive == "%s" else moment.strftime(directive)


def _chunk(chunk: str, moment: datetime) -> str:
    if chunk in _CHUNKS:
        return _CHUNKS[chunk](moment)
    if chunk[0] in ".,":
        return _fraction(chunk, moment)
    return _offset(chunk, moment)


def _fraction(chunk: str, moment: datetime) -> str:
    """`.000` gives so many digits, `.999` drops zeros at the end, and the point with the last of them."""
    digits = f"{moment.microsecond:06d}000"[: len(chunk) - 1].ljust(len(chunk) - 1, "0")
    if chunk[1] == "9":
        digits = digits.rstrip("0")
    return chunk[0] + digits if digits else ""


def _offset(chunk: str, moment: datetime) -> str:
    """`-0700` and its kin; with a `Z` in front UTC is written as that."""
    offset = moment.utcoffset()
    total = 0 if offset is None else int(offset.total_seconds())
    if chunk[0] == "Z" and not total:
        return "Z"
    minutes, seconds = divmod(abs(total), 60)
    parts = [minutes // 60, minutes % 60, seconds]
    pairs = len(re.findall(r"\d\d", chunk))
    return ("-" if total < 0 else "+") + (":" if ":" in chunk else "").join(f"{each:02d}" for each in parts[:pairs])


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_CHUNKS: dict[str, Callable[[datetime], str]] = {
    "January": lambda t: _MONTHS[t.month - 1],
    "Jan": lambda t: _MONTHS[t.month - 1][:3],
    "Monday": lambda t: _DAYS[t.weekday()],
    "Mon": lambda t: _DAYS[t.weekday()][:3],
    "MST": lambda t: t.tzname() or "UTC",
    "002": lambda t: f"{t.timetuple().tm_yday:03d}",
    "__2": lambda t: f"{t.timetuple().tm_yday:3d}",
    "01": lambda t: f"{t.month:02d}",
    "1": lambda t: str(t.month),
    "02": lambda t: f"{t.day:02d}",
    "_2": lambda t: f"{t.day:2d}",
    "2": lambda t: str(t.day),
    "15": lambda t: f"{t.hour:02d}",
    "03": lambda t: f"{_twelve(t):02d}",
    "3": lambda t: str(_twelve(t)),
    "04": lambda t: f"{t.minute:02d}",
    "4": lambda t: str(t.minute),
    "05": lambda t: f"{t.second:02d}",
    "5": lambda t: str(t.second),
    "06": lambda t: f"{t.year % 100:02d}",
    "2006": lambda t: f"{t.year:04d}",
    "_2006": lambda t: f"_{t.year:04d}",
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
}


def _twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12
