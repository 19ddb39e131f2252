"""How a container ended, as the record of its attempt says it (see `runner.wire`).

Pure: takes what the engine says of the container, the request, and whether it was killed; gives the record.
"""

import signal

from headrace.base.clock import Instant
from headrace.base.json import JsonObject
from headrace.launch.base import LaunchRequest
from headrace.launch.engine.state import Container
from headrace.launch.runner import wire

_BY_SIGNAL = 128
_OURS = (signal.SIGTERM, signal.SIGKILL)


def end_of(container: Container, request: LaunchRequest, now: Instant, *, killed: bool, note: str) -> JsonObject:
    """The record of a container that has ended. Engines say 128 + the signal for one that died of it.

    `note` is to be said with it.
    """
    code, limit = container.exit_code, request.resources.memory_limit
    finished = container.finished_at or now
    over: JsonObject = {"limit": limit, "used": 0, "process": "", "held": 0}
    is_over = container.out_of_memory and bool(limit) and not killed
    if is_over and code == 0:
        code = -signal.SIGKILL  # one of its processes was killed, and it did not mind
    if killed and code - _BY_SIGNAL in _OURS:
        code = _BY_SIGNAL - code
    said = "" if killed or container.out_of_memory else _message(container)
    return {
        "code": code,
        "killed": killed,
        "memory": container.out_of_memory and not killed,
        "message": wire.shorten("; ".join(filter(None, (said, note)))),
        "started": min(container.started_at or finished, finished),
        "ended": finished,
        "user": 0.0,
        "system": 0.0,
        "rss": 0,
        **({"over": over} if is_over else {}),
    }


def _message(container: Container) -> str:
    """What an exit code does not say by itself."""
    number = container.exit_code - _BY_SIGNAL
    if container.error:
        return f"exit code {container.exit_code}: {container.error}"
    try:
        name = signal.Signals(number).name
    except ValueError:
        return ""
    return f"exit code {container.exit_code}, which stands for {name}"
