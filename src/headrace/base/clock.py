"""Time. Everything that needs the time is handed a `Clock`; only this module reads the machine's.

An `Instant` is microseconds since the Unix epoch, UTC: what rows hold, what events carry, and what the
edges turn into RFC 3339.
"""

import time
from datetime import UTC, datetime
from typing import NewType, Protocol

Instant = NewType("Instant", int)

MICROSECOND = 1
MILLISECOND = 1_000
SECOND = 1_000_000


class Clock(Protocol):
    """Where the time comes from: the machine, or a test."""

    def now(self) -> Instant: ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1_000)


def to_rfc3339(instant: Instant) -> str:
    """`2026-01-31T08:00:00Z`, with a fraction of 3 or 6 digits only where there is one (protobuf's JSON)."""
    seconds, micros = divmod(instant, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
    if not micros:
        return f"{text}Z"
    return f"{text}.{micros // 1000:03d}Z" if micros % 1000 == 0 else f"{text}.{micros:06d}Z"


def from_rfc3339(text: str) -> Instant:
    """The instant of an RFC 3339 text; a text without an offset is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = moment.replace(microsecond=0)
    return Instant(int(whole.timestamp()) * SECOND + moment.microsecond)
