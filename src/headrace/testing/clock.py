"""A clock that stands still until it is told to move."""

from dataclasses import dataclass

from headrace.base.clock import SECOND, Instant

START = Instant(1_767_225_600 * SECOND)
"""2026-01-01T00:00:00Z."""


@dataclass(slots=True)
class FakeClock:
    """`tick` microseconds pass at each reading, so that no two things happen at once unless `tick` is 0."""

    instant: Instant = START
    tick: int = 0

    def now(self) -> Instant:
        self.instant = Instant(self.instant + self.tick)
        return self.instant

    def advance(self, seconds: float) -> None:
        self.instant = Instant(self.instant + round(seconds * SECOND))
