"""Cron expressions as KFP has them: read, and asked for the next local time.

Takes the text of a schedule: `second minute hour day month weekday`, of which the weekday may be left out; `*` and `?`
for any, lists, ranges, steps, English names of months and days; `@daily` and its kin; `@every 1h30m`. In front may
stand a time zone: `TZ=Europe/Berlin 0 0 6 * * *`. Gives a `Cron`, or an `Every`.

The rules are those of the Go library that KFP reads them with (robfig/cron 1.2): a day must fit both its fields where
one of them begins with a star, one of the two where neither does; weekdays count from Sunday, 0, to 6; `5/15` is
`5-59/15`; `*-5` is `*`, and `1,,2` is `1,2`.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache

from headrace.base.errors import InvalidInput

_YEARS = 9
"""How far ahead a time is looked for: two Februaries with 29 days are at most eight years apart."""

_DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_LONGEST = 500
_LONGEST_DURATION = 50
_MOST_SECONDS = 100 * 366 * 86_400
_HINT = 'Write six fields, seconds first, such as "0 30 6 * * 1-5", or "@daily", or "@every 1h30m"'


@dataclass(frozen=True, slots=True)
class Every:
    """A fixed number of seconds after the tick before: whole ones, and at least one, whatever is asked for."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Cron:
    """The values of each field, in order. `*_star` says that the field began with a star."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    hour_star: bool
    day_star: bool
    weekday_star: bool

    def after(self, moment: datetime) -> datetime | None:
        """The first fitting time after `moment`, both local and without a zone; None where there is none for years."""
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
        for day in self._days_from(moment.date()):
            found = self._time_from(moment.time() if day == moment.date() else time.min)
            if found is not None:
                return datetime.combine(day, found)
        return None

    def _days_from(self, first: date) -> Iterator[date]:
        for year in range(first.year, min(first.year + _YEARS, 9999)):
            for month in sorted(self.months):
                if (year, month) < (first.year, first.month):
                    continue
                begin = first.day if (year, month) == (first.year, first.month) else 1
                days = (date(year, month, each) for each in range(begin, monthrange(year, month)[1] + 1))
                yield from filter(self._fits, days)

    def _fits(self, day: date) -> bool:
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.day_star or self.weekday_star:
            return by_day and by_weekday
        return by_day or by_weekday

    def _time_from(self, earliest: time) -> time | None:
        """The first fitting time of a day that is not before `earliest`."""
        if earliest.hour in self.hours:
            if earliest.minute in self.minutes and (second := _from(self.seconds, earliest.second)) is not None:
                return time(earliest.hour, earliest.minute, second)
            if (minute := _from(self.minutes, earliest.minute + 1)) is not None:
                return time(earliest.hour, minute, self.seconds[0])
        hour = _from(self.hours, earliest.hour + 1 if earliest > time.min else 0)
        return None if hour is None else time(hour, self.minutes[0], self.seconds[0])


def _from(values: tuple[int, ...], least: int) -> int | None:
    place = bisect_left(values, least)
    return values[place] if place < len(values) else None


@lru_cache(1024)
def parse(expression: str) -> Cron | Every:
    """The schedule that the text says, without its time zone. Raises InvalidInput."""
    if len(expression) > _LONGEST:
        raise InvalidInput(f"a cron expression has at most {_LONGEST} characters, this one has {len(expression)}")
    fields = split_zone(expression)[1].split()
    if fields and fields[0].startswith("@"):
        return _described(fields)
    if not 5 <= len(fields) <= 6:
        raise InvalidInput(f"a cron expression has 5 or 6 fields, this one has {len(fields)}", hint=_HINT)
    texts = dict(zip(_FIELDS, [*fields, "*"][:6], strict=True))
    values = {name: _FIELDS[name].values(text) for name, text in texts.items()}
    star = {name: any(part[0] in "*?" for part in _parts(text)) for name, text in texts.items()}
    return Cron(
        seconds=tuple(sorted(values["second"])),
        minutes=tuple(sorted(values["minute"])),
        hours=tuple(sorted(values["hour"])),
        days=values["day"],
        months=values["month"],
        weekdays=values["weekday"],
        hour_star=star["hour"],
        day_star=star["day"],
        weekday_star=star["weekday"],
    )


def _parts(text: str) -> list[str]:
    """What a list holds, but for what is empty."""
    return [part for part in text.split(",") if part]


def split_zone(expression: str) -> tuple[str, str]:
    """The time zone that stands in front, "" where none does, and the rest."""
    match = re.match(r"\s*(?:CRON_)?TZ=(\S+)\s+(.*)", expression, re.DOTALL)
    return (match.group(1), match.group(2)) if match else ("", expression)


def _described(fields: list[str]) -> Cron | Every:
    if fields[0] == "@every" and len(fields) == 2:
        return Every(max(1, int(duration(fields[1]))))
    expression = _DESCRIPTORS.get(fields[0]) if len(fields) == 1 else None
    if expression is None:
        known = ", ".join([*_DESCRIPTORS, "@every 1h30m"])
        raise InvalidInput(f"{' '.join(fields)[:80]!r} is not a descriptor", hint=f"Known are: {known}")
    return parse(expression)


def duration(text: str) -> Fraction:
    """The seconds of a duration as Go writes it: `1h30m`, `90s`, `1.5h`. Raises InvalidInput."""
    parts = _DURATION.findall(text) if len(text) <= _LONGEST_DURATION else []
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise InvalidInput(f"{text[:80]!r} is not a duration", hint='Write it as "1h30m" or "90s"')
    seconds = sum((Fraction(number) * _NANOSECONDS[unit] for number, unit in parts), Fraction()) / 10**9
    if seconds > _MOST_SECONDS:
        raise InvalidInput(f"{text[:80]!r} is more than a hundred years", hint="Give less")
    return seconds


@dataclass(frozen=True, slots=True)
class _Field:
    """The bounds of a field, and the names that its values have."""

    name: str
    least: int
    most: int
    names: Mapping[str, int]

    def values(self, text: str) -> frozenset[int]:
        return frozenset(value for part in _parts(text) or [text] for value in self._range(part))

    def _range(self, part: str) -> range:
        """`*`, `?`, `5`, `1-5`, each perhaps with `/step`; a single value with a step goes on to the end."""
        span, slash, step_text = part.partition("/")
        low, dash, high = span.partition("-")
        if low in ("*", "?"):  # Whatever the range ends with.
            begin, end = self.least, self.most
        elif dash:
            begin, end = self._value(low, part), self._value(high, part)
        else:
            begin = self._value(low, part)
            end = self.most if slash else begin
        step = self._number(step_text, part) if slash else 1
        if begin < self.least or end > self.most:
            raise self._wrong(part, f"is not within {self.least} to {self.most}")
        if begin > end:
            raise self._wrong(part, "ends before it begins")
        if step < 1:
            raise self._wrong(part, "has a step of 0")
        return range(begin, end + 1, step)

    def _value(self, text: str, part: str) -> int:
        named = self.names.get(text.lower())
        return self._number(text, part) if named is None else named

    def _number(self, text: str, part: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
            raise self._wrong(part, "cannot be read")
        return int(text)

    def _wrong(self, part: str, problem: str) -> InvalidInput:
        return InvalidInput(f"the cron field {self.name} {part[:80]!r} {problem}", hint=_HINT)


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS = {
    "second": _Field("second", 0, 59, {}),
    "minute": _Field("minute", 0, 59, {}),
    "hour": _Field("hour", 0, 23, {}),
    "day": _Field("day of the month", 1, 31, {}),
    "month": _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    "weekday": _Field("day of the week", 0, 6, {name: number for number, name in enumerate(_WEEKDAYS)}),
}
