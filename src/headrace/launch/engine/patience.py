"""Waiting for an engine that is away: what runs in it cannot be judged before it is back."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from headrace.base.errors import HeadraceError, StepError, Unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds; the last one from then on."""


def pauses() -> Iterator[float]:
    """How long to wait before each try after the first."""
    return itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1]))


def is_away(error: HeadraceError) -> bool:
    """Whether the engine may answer otherwise later."""
    return isinstance(error, Unavailable) or (isinstance(error, StepError) and error.infrastructure)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """What the engine answers, once it does. Raises what it refuses."""
    waits = pauses()
    level = logging.WARNING
    while True:
        try:
            return await ask()
        except HeadraceError as error:
            if not is_away(error):
                raise
            log.log(level, "steps in containers are waited for: %s", error)
            level = logging.DEBUG  # once is enough
        await asyncio.sleep(next(waits))
