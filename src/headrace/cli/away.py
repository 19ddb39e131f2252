"""What to do while the server is away: wait for it to come back, and read a step's log on from where it was."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

from headrace.cli.client import Client, Gone

PATIENCE = 30.0
"""Seconds without a server after which waiting is given up."""
_SILENCE = 2.0
"""Seconds without a server after which that is said."""
_PAUSE = 0.25


def wait_for_server(client: Client, silent: Callable[[], None] | None = None) -> None:
    """Wait until the server answers; `silent` is told once where that takes long. Raises Gone after `PATIENCE`."""
    lost = time.monotonic()
    while True:
        time.sleep(_PAUSE)
        try:
            client.healthz()
        except Gone:
            away = time.monotonic() - lost
            if away > PATIENCE:
                raise
            if silent is not None and away > _SILENCE:
                silent()
                silent = None
        else:
            return


def follow_log(
    client: Client, run_id: str, path: str, is_over: Callable[[], bool], *, attempt: int = 0, rank: int = 0
) -> Iterator[str]:
    """The lines that a step prints until it has ended, each once, also where the server went away in between.

    A server that is stopped ends the stream as if the step had ended: `is_over` says whether it has. Raises Gone where
    the server does not come back.
    """
    seen = 0
    while True:
        try:
            lines = client.log(run_id, path, follow=True, attempt=attempt, rank=rank)
            for line in islice(lines, seen, None):
                seen += 1
                yield line
            if is_over():
                return
            time.sleep(_PAUSE)
        except Gone:
            wait_for_server(client)
