"""When a time limit passes, whatever the machine's clock does meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from headrace.base.clock import SECOND, Instant
from headrace.controllers.limits import Limits
from headrace.engine.decision import Deadline
from headrace.model.event import DeadlinePassed, Event
from headrace.testing.clock import FakeClock

pytestmark = pytest.mark.anyio

DAY = 86_400


class Watch:
    """Limits whose timers a test looks at: how long they wait, and what they tell."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.told: list[Event] = []
        self.delays: list[float] = []
        self.limits = Limits(self.clock, self.told.append)
        loop = asyncio.get_running_loop()
        later = loop.call_later

        def call_later(delay: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
            self.delays.append(delay)
            return later(0, callback, *args)

        monkeypatch.setattr(loop, "call_later", call_later)

    def deadline(self, *, ago: float = 0, attempt: str = "attempt", seconds: int = 60) -> Deadline:
        return Deadline("root.a", attempt, Instant(self.clock.now() - round(ago * SECOND)), seconds)

    async def turn(self) -> list[Event]:
        """Every timer that is not cancelled has passed."""
        for _ in range(3):
            await asyncio.sleep(0)
        return self.told


@pytest.mark.parametrize(("ago", "left"), [(0, 60), (45, 15), (DAY, 0), (-DAY, 60)])
async def test_what_is_left_is_never_more_than_the_limit(
    monkeypatch: pytest.MonkeyPatch, ago: float, left: float
) -> None:
    """Also after a restart, and when the clock was set back or forth since the attempt began."""
    watch = Watch(monkeypatch)
    watch.limits.set(watch.deadline(ago=ago))
    assert watch.delays == [left]
    (told,) = await watch.turn()
    assert isinstance(told, DeadlinePassed)
    assert (told.path, told.attempt_id, told.seconds) == ("root.a", "attempt", 60)


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_a_known_limit_keeps_its_time_when_the_clock_jumps(monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    watch = Watch(monkeypatch)
    deadline = watch.deadline()
    watch.limits.set(deadline)
    watch.clock.advance(jump)
    watch.limits.set(deadline)
    assert watch.delays == [60]


async def test_a_run_that_begins_again_has_a_new_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)
    watch.limits.set(watch.deadline(attempt=""))
    watch.clock.advance(5)
    again = watch.deadline(attempt="")
    watch.limits.set(again)
    (told,) = await watch.turn()
    assert isinstance(told, DeadlinePassed)
    assert told.since == again.since


async def test_what_ended_in_time_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch)
    for name in ("one", "two", ""):
        watch.limits.set(watch.deadline(attempt=name))
    watch.limits.drop("one")
    watch.limits.drop("unknown")
    watch.limits.clear()
    assert await watch.turn() == []
