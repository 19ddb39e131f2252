"""Local times of a cron expression as instants, where clocks are put forward and back.

An expression whose hours begin with a star (`0 */30 * * * *`, `0 0 */2 * * *`) goes by the time that passes: nothing is
added in the hour that is skipped in spring, and the hour that comes twice in autumn counts twice. Any other names times
of the day, and has each once a day: one that is skipped comes when the clock jumps over it, one that comes twice comes
the first time.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headrace.base.clock import SECOND, Instant
from headrace.base.errors import InvalidInput
from headrace.spec.schedule.cron import Cron

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone here
_SECOND = timedelta(seconds=1)
_SETTLED = 5 * 86_400
"""So long an offset lasts at least: since 1970 clocks were nowhere changed twice within six days."""

LAST = Instant(250_000_000_000 * SECOND)
"""Beyond this, in the year 9892, nothing is looked for: the calendar ends soon after."""


@lru_cache(256)
def load_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises InvalidInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = 'Give a name of the IANA database, such as "Europe/Berlin" or "UTC"'
        raise InvalidInput(f"{name[:80]!r} is not a time zone", hint=hint) from error


def local_time(zone: ZoneInfo, instant: Instant) -> datetime:
    """What clocks there show, to the microsecond, with the zone."""
    seconds, micros = divmod(instant, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros).astimezone(zone)


def first_after(cron: Cron, zone: ZoneInfo, instant: Instant) -> Instant | None:
    """The first instant after `instant` at which the expression fits; None where there is none for years."""
    if not 0 <= instant < LAST:
        return None
    second = instant // SECOND
    found = _elapsing(cron, zone, second) if cron.hour_star else _daily(cron, zone, second)
    return None if found is None else Instant(found * SECOND)


def _daily(cron: Cron, zone: ZoneInfo, second: int) -> int | None:
    """Times of the day become instants in the same order, so the first one beyond `second` is the next."""
    local = _wall(second, _offset(zone, second))
    while (after := cron.after(local)) is not None:
        found = _instant(zone, after)
        if found > second:
            return found
        local = after
    return None


def _instant(zone: ZoneInfo, local: datetime) -> int:
    """The first instant at which clocks show `local`, or at which they jump over it."""
    before = _seconds(local) - _seconds_of(local.replace(tzinfo=zone).utcoffset())
    if _wall(before, _offset(zone, before)) == local:
        return before
    after = _seconds(local) - _seconds_of(local.replace(tzinfo=zone, fold=1).utcoffset())
    return _change(zone, after, before)


def _elapsing(cron: Cron, zone: ZoneInfo, second: int) -> int | None:
    """Search with the offset that is in force; where that ends first, again from there with the next one."""
    earliest = second + 1
    while True:
        offset = _offset(zone, earliest)
        local = cron.after(_wall(earliest - 1, offset))
        if local is None:
            return None
        found = _seconds(local) - offset
        change = _next_change(zone, earliest, found)
        if change is None:
            return found
        earliest = change


def _next_change(zone: ZoneInfo, begin: int, end: int) -> int | None:
    """The first second, up to `end`, of another offset than that of `begin`; None where there is none."""
    for before in range(begin, end, _SETTLED):
        after = min(before + _SETTLED, end)
        if _offset(zone, after) != _offset(zone, before):
            return _change(zone, before, after)
    return None


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first second of another offset than that of `before`; `after` has another one."""
    offset = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, second: int) -> int:
    return _seconds_of(datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset())


def _wall(second: int, offset: int) -> datetime:
    return _EPOCH + timedelta(seconds=second + offset)


def _seconds(local: datetime) -> int:
    return (local - _EPOCH) // _SECOND


def _seconds_of(offset: timedelta | None) -> int:
    return 0 if offset is None else offset // _SECOND
