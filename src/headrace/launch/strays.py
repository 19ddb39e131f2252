"""Steps that run in this home though their server was given up: found by their claims, and ended.

Takes the folder of all attempts. Knows no run: which of those that run may go is the caller's to say.
"""

import os
import signal
from pathlib import Path

from headrace.launch import attempt
from headrace.launch.runner import linux, wire


def running(attempts: Path) -> list[str]:
    """The ids of the attempts whose supervisors live, or whose containers may, whoever started them."""
    found = []
    for folder in attempts.iterdir() if attempts.is_dir() else ():
        state = attempt.look(folder)
        if isinstance(state, attempt.Alive):
            os.close(state.watch)
        if isinstance(state, attempt.Alive | attempt.Contained):
            found.append(folder.name)
    return found


def end(folder: Path, grace: float) -> None:
    """End the attempt's whole tree: TERM, after `grace` seconds KILL. One that has ended is left as it is.

    A container is ended by its launcher, when it finds the mark.
    """
    attempt.mark_killed(folder, grace)
    state = attempt.look(folder)
    if isinstance(state, attempt.Alive):
        try:
            linux.send(state.watch, state.pid, wire.LOOK)
            linux.send(state.watch, state.pid, signal.SIGCONT)
        except ProcessLookupError:
            return  # it has ended by itself
        finally:
            os.close(state.watch)
