"""Keeps a step to its limits and looks at what it uses; a supervisor has one for each step that runs for a while.

Takes the `limits` of the job: {memory, cpu, parents}. A control group enforces them where one can be made. Where none
can, memory is looked at several times a second. What is over it is the supervisor's to kill, all of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from . import groups, linux, sampler, wire

SAMPLE_SECONDS = 1.0
_WATCH_SECONDS = 0.2
_SHARE = 20
"""Looking takes at most one part in so many of the time."""


class Monitor:
    def __init__(
        self, folder: str, limits: dict[str, Any], group: groups.Group | None, began: float, used: sampler.Used
    ) -> None:
        self.group = group
        self.limit: int = limits.get("memory", 0)
        self.is_over = False
        self._samples = sampler.Sampler(f"{folder}/{wire.USAGE}", group, began, used)
        self._next = began + SAMPLE_SECONDS
        self._killed_at = 0

    @property
    def pause(self) -> float:
        """Seconds until the first look."""
        return _WATCH_SECONDS if self.limit else SAMPLE_SECONDS

    def look(self) -> float:
        """See whether it is over its limit, and take a sample if it is time. Gives the seconds until the next look."""
        if not linux.IS_LINUX:
            return 3600.0
        began = time.monotonic()
        if self.limit:
            self._check()
        if began >= self._next:
            try:
                self._samples.sample()
            except OSError:  # a full disk: the step goes on without, as it can see for itself
                self._next += 60.0
            self._next = max(self._next + SAMPLE_SECONDS, began)
        return max(self.pause, _SHARE * (time.monotonic() - began))

    def _check(self) -> None:
        if self.group is not None and self.group.memory:
            self.is_over = self.group.kills() > 0
        else:
            held = self._samples.memory(enough=self.limit)
            if held > self.limit:
                self.is_over, self._killed_at = True, held

    def close(self) -> dict[str, Any]:
        """Once nothing is left of the step: what the record of its end says of all this."""
        if self.group is not None:
            self.is_over = self.is_over or self.group.kills() > 0
            self.group.remove()
        seen = self._samples
        said: dict[str, Any] = {"peak": seen.peak, "average": seen.average, "cores": round(seen.cores, 3)}
        if self.is_over:
            largest = seen.largest
            said["over"] = {
                "limit": self.limit,
                "used": self._killed_at,
                "process": largest.name if largest is not None else "",
                "held": largest.resident if largest is not None else 0,
            }
        return said


def limited(job: dict[str, Any], step: Sequence[int], began: float, used: sampler.Used) -> tuple[Monitor, str]:
    """The monitor of a job with limits that `began` then; `step` is moved to its group, or it is said why not."""
    limits = job["limits"]
    group, trouble = None, ""
    if any(limits["parents"][:2]):
        try:
            group = groups.make(limits["parents"], job["id"], limits["memory"], limits["cpu"])
            for pid in step:
                group.enter(pid)
        except OSError as error:
            if group is not None:
                group.remove()
            group, trouble = None, f"its control group cannot be made: {error.strerror}"
    return Monitor(job["folder"], limits, group, began, used), trouble
