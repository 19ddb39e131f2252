"""How much disk the home holds, for whoever asks often: measured beside the server, at most once a minute.

A home of many files takes a while to measure. Nobody waits for that, the end of the server neither.
"""

import threading

from headrace.base import disk
from headrace.base.clock import SECOND, Clock, Instant
from headrace.base.home import Home

MOST_AGE = 60 * SECOND


class DiskMeter:
    """Used on the event loop. Nothing is measured until somebody asks."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._began = Instant(0)
        self._known: disk.Usage | None = None

    def look(self) -> disk.Usage | None:
        """What is known now, None before the first measurement is over; an old one is begun anew."""
        now = self._clock.now()
        if self._thread is None or (not self._thread.is_alive() and now - self._began >= MOST_AGE):
            self._began = now
            self._thread = threading.Thread(target=self._measure, daemon=True, name="disk meter")
            self._thread.start()
        return self._known

    def _measure(self) -> None:
        self._known = disk.usage(self._home)
