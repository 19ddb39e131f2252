"""Moments: as people write them on the command line, and as they are shown to them, in this machine's time zone."""

from datetime import UTC, datetime, time

from headrace.base.clock import Instant, from_rfc3339
from headrace.base.errors import InvalidInput


def read_moment(text: str, where: str, *, end_of_day: bool = False) -> str:
    """The moment as RFC 3339. Without an offset it is local; a day alone is its first moment, or its last second.

    Raises InvalidInput.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write it as 2026-01-31, 2026-01-31T08:00 or 2026-01-31T08:00:00Z"
        raise InvalidInput(f"{text!r} is no time", where=where, hint=hint) from None
    if end_of_day and _is_day(text):
        moment = datetime.combine(moment, time(23, 59, 59))
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def is_day_of(text: str, now: Instant) -> bool:
    """Whether the text, which can be read, is a day alone, and here the day of `now`."""
    today = datetime.fromtimestamp(now / 1e6, UTC).astimezone().date()
    return _is_day(text) and datetime.fromisoformat(text).date() == today


def _is_day(text: str) -> bool:
    return len(text) <= len("2026-01-31")


def show_moment(moment: Instant | str) -> str:
    """To the second; "" for none. Takes RFC 3339 too, as the server sends it."""
    instant = from_rfc3339(moment) if isinstance(moment, str) and moment else moment
    if not instant:
        return ""
    assert isinstance(instant, int)
    return datetime.fromtimestamp(instant / 1e6, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
