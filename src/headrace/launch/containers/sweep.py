"""Removes the containers of a home that nothing needs, and finds those whose attempts were given up.

Takes the engine, and which attempts the server attends to itself. An attempt's folder says what its container is good
for: one that has neither ended nor is to end is left to whoever launches the attempt again.
"""

import asyncio
import logging
from collections.abc import Container as Ids

from headrace.base.home import Home
from headrace.launch import attempt
from headrace.launch.containers import grants
from headrace.launch.containers.body import ATTEMPT, name_of
from headrace.launch.engine.client import Engine

log = logging.getLogger(__name__)


async def sweep(engine: Engine, label: str, home: Home, attended: Ids[str]) -> list[str]:
    """Remove what nothing needs of all that has the label; the attempts that are to end, and that nobody attends to.

    Raises HeadraceError or OSError where the engine or a folder cannot be asked.
    """
    strays = []
    for labels in await engine.labelled(label):
        attempt_id = labels.get(ATTEMPT, "")
        if not attempt_id or attempt_id in attended:
            continue
        state, killed = await asyncio.to_thread(_look, home, attempt_id)
        match state:
            case attempt.Contained():
                strays += [attempt_id] if killed else []
            case attempt.Ended():
                await _remove(engine, home, attempt_id)
            case attempt.Unclaimed() if killed or not home.attempt(attempt_id).exists():
                await _remove(engine, home, attempt_id)
            case _:
                continue  # it was made and not started, as far as anybody knows
    return strays


def _look(home: Home, attempt_id: str) -> tuple[attempt.Unclaimed | attempt.Ended | attempt.Contained, bool]:
    folder = home.attempt(attempt_id)
    return attempt.look_without_claim(folder), attempt.is_marked_killed(folder)


async def _remove(engine: Engine, home: Home, attempt_id: str) -> None:
    log.info("the container %s is removed: nothing needs it", name_of(attempt_id))
    await engine.remove(name_of(attempt_id))
    await asyncio.to_thread(grants.remove, home.attempt(attempt_id))
