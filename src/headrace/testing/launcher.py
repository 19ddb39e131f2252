"""A launcher that runs nothing: a test says when an attempt starts and how it ends.

It keeps the waist's promises (idempotent per attempt id, every end observed, kill before the start) so that what
passes with it can be trusted to meet a real one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from headrace.base.clock import Clock, Instant
from headrace.launch.base import Exited, LaunchRequest, Lost, Observation, Observer, Refused, Started

Script = Callable[[LaunchRequest], int | None]
"""Called when an attempt is launched: its exit code at once, or None to leave it running until `end`."""


@dataclass(slots=True)
class ScriptedLauncher:
    """`claimed` holds every request that was launched, by attempt id; `ended` what was observed of those that ended.

    `busy` says why a request has to wait, "" if it has not.
    """

    clock: Clock
    script: Script = lambda _request: 0
    claimed: dict[str, LaunchRequest] = field(default_factory=dict)
    ended: dict[str, Exited | Lost | Refused] = field(default_factory=dict)
    kills: list[str] = field(default_factory=list)
    busy: Callable[[LaunchRequest], str] = lambda _request: ""
    _observer: Observer | None = None

    async def start(self, observer: Observer) -> None:
        self._observer = observer

    async def stop(self) -> None:
        self._observer = None

    def held_up(self, request: LaunchRequest) -> str:
        return self.busy(request)

    def launch(self, request: LaunchRequest) -> None:
        name = request.attempt_id
        if name in self.ended:
            self._observe(self.ended[name])
            return
        adopted = name in self.claimed
        self.claimed[name] = request
        self._observe(Started(name, self.clock.now()))
        code = None if adopted else self.script(request)
        if code is not None:
            self.end(name, code)

    def kill(self, request: LaunchRequest, *, grace: float) -> None:
        name = request.attempt_id
        self.kills.append(name)
        if name in self.ended:
            self._observe(self.ended[name])
            return
        self.claimed[name] = request
        now = self.clock.now()
        message = f"killed with {grace:g} s of grace"
        self._end(Exited(name, now, now, -15, killed=True, message=message))

    def end(self, attempt_id: str, code: int) -> None:
        """The attempt's process ends by itself."""
        now = self.clock.now()
        self._end(Exited(attempt_id, now, now, code))

    def lose(self, attempt_id: str, reason: str) -> None:
        """The attempt is gone without a trace."""
        self._end(Lost(attempt_id, self.clock.now(), reason))

    def refuse(self, attempt_id: str, reason: str) -> None:
        """The attempt cannot be started."""
        self._end(Refused(attempt_id, Instant(self.clock.now()), reason))

    def _end(self, seen: Exited | Lost | Refused) -> None:
        self.ended[seen.attempt_id] = seen
        self._observe(seen)

    def _observe(self, seen: Observation) -> None:
        if self._observer is not None:
            asyncio.get_running_loop().call_soon(self._observer, seen)
