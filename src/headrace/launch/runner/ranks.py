"""The processes of a step that is a training job: who each of them is, and what each has of its own.

Takes the `workers` of the job: {size, port, own, files, leftovers}. They find each other by the variables that torchrun
would set. The first is the step: its log and its outputs count. What the others write as outputs goes elsewhere: in
their commands and files, each text of `own` is replaced by its own one, in which `MARK` is the rank.
"""

from __future__ import annotations

import os
import time
from typing import Any

from . import wire

Job = dict[str, Any]

MARK = "{rank}"

_BEGUN = "begun"
_LOOK_SECONDS = 0.02


def size(job: Job) -> int:
    """How many processes the step is."""
    found: int = job["workers"]["size"] if "workers" in job else 1
    return found


def free_port() -> int:
    """A port of this machine that nobody listens at. Raises OSError."""
    import socket  # few steps need it, and a fork server is to be small

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def enter(job: Job, rank: int) -> None:
    """In the process of that rank: make the job its own. Raises OSError."""
    workers = job["workers"]
    job["env"] = [*job["env"], *_variables(workers, rank)]
    if not rank:
        return
    job["log"] = wire.log_of(rank)
    pairs = [(text, own.replace(MARK, str(rank))) for text, own in workers["own"]]
    folder = f"{job['folder']}/rank-{rank}"
    os.makedirs(f"{folder}/outputs", exist_ok=True)
    for name in workers["files"]:
        with open(f"{job['folder']}/{name}", encoding="utf-8") as file:
            text = file.read()
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(_own(text, pairs))
    for part in ("argv", "args", "sources"):
        if part in job:
            job[part] = [_own_argument(each, pairs) for each in job[part]]
    job["env"] = [[name, _own(value, pairs)] for name, value in job["env"]]


def await_first(job: Job) -> None:
    """Wait for what the first process runs before the step. If that fails, the supervisor ends us."""
    while not os.path.exists(f"{job['folder']}/{_BEGUN}"):
        time.sleep(_LOOK_SECONDS)


def let_others(job: Job) -> None:
    """In the first process: what runs before the step has ended."""
    os.close(os.open(f"{job['folder']}/{_BEGUN}", os.O_WRONLY | os.O_CREAT, 0o644))


def clear(job: Job) -> None:
    """Once all have ended: remove what ranks have written where only the first one's counts."""
    for rank in range(1, size(job)):
        for path in job["workers"]["leftovers"]:
            try:
                os.unlink(path.replace(MARK, str(rank)))
            except OSError:
                continue  # it never came to writing it


def _variables(workers: Job, rank: int) -> list[list[str]]:
    named = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": workers["port"],
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": workers["size"],
        "LOCAL_WORLD_SIZE": workers["size"],
        "GROUP_RANK": 0,
    }
    return [[name, str(value)] for name, value in named.items()]


def _own_argument(argument: str | Job, pairs: list[tuple[str, str]]) -> str | Job:
    if isinstance(argument, str):
        return _own(argument, pairs)
    return {name: _own(value, pairs) for name, value in argument.items()}


def _own(text: str, pairs: list[tuple[str, str]]) -> str:
    for before, after in pairs:
        text = text.replace(before, after)
    return text
