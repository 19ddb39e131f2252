"""A server that dies at a named moment: `HEADRACE_TEST_FAULT=after-commit:3` is the third passing of `after-commit`.

With `HEADRACE_TEST_FAULT_TREE=1` its fork servers die with it, in the same breath.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from headrace.base.home import Home
from headrace.base.settings import Settings
from headrace.cli.server import run_server
from headrace.controllers.faults import Fault


def children() -> list[int]:
    """The processes that this one started itself."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [int(pid) for each in found for pid in each.read_text().split()]


class Bomb:
    """Counts the moments and kills at the one that was asked for."""

    def __init__(self, fault: str, passing: int, *, tree: bool) -> None:
        self.fault, self.passing, self.tree = fault, passing, tree
        self.seen: Counter[Fault] = Counter()

    def __call__(self, fault: Fault) -> None:
        self.seen[fault] += 1
        if fault == self.fault and self.seen[fault] == self.passing:
            if self.tree:
                for pid in children():
                    os.kill(pid, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--slots", type=int, default=2)
    options = parser.parse_args()
    name, _, passing = os.environ.get("HEADRACE_TEST_FAULT", "none:1").partition(":")
    bomb = Bomb(name, int(passing), tree=os.environ.get("HEADRACE_TEST_FAULT_TREE") == "1")
    settings = Settings(port=options.port, slots=options.slots)
    asyncio.run(run_server(Home(options.home), settings, ready=print, stop=asyncio.Event(), faults=bomb))


if __name__ == "__main__":
    sys.exit(main())
