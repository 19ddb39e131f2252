"""A server that dies, or whose clock jumps, at moments that a test names by its environment.

HEADRACE_TEST_FAULT        `after-commit:3`: it is killed when `after-commit` is passed for the third time
HEADRACE_TEST_FAULT_TREE   `1`: its fork servers die with it, in the same breath
HEADRACE_TEST_CLOCK        seconds by which its clock is off when it starts
HEADRACE_TEST_JUMPS        `7`: a seed; by a day forth or back, about every eighth time that any moment is passed
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

from headrace.base.clock import SECOND, Instant, SystemClock
from headrace.base.home import Home
from headrace.base.settings import load
from headrace.cli.server import run_server
from headrace.controllers.faults import Fault

DAY = 86_400


def children() -> list[int]:
    """The processes that this one started itself; a thread that ends between two looks has none."""
    found: list[int] = []
    for each in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, each.read_text().split())
    return found


class JumpingClock:
    """The machine's clock, off by some seconds."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._machine = SystemClock()

    def now(self) -> Instant:
        return Instant(self._machine.now() + self.seconds * SECOND)


class Trouble:
    """Counts the moments; kills at the one that was asked for, sets the clock at some."""

    def __init__(self, clock: JumpingClock) -> None:
        self.clock = clock
        self.fault, _, passing = os.environ.get("HEADRACE_TEST_FAULT", "none:1").partition(":")
        self.passing = int(passing)
        self.tree = os.environ.get("HEADRACE_TEST_FAULT_TREE") == "1"
        jumps = os.environ.get("HEADRACE_TEST_JUMPS")
        self.jumps = random.Random(jumps) if jumps else None
        self.seen: Counter[Fault] = Counter()

    def __call__(self, fault: Fault) -> None:
        self.seen[fault] += 1
        if self.jumps is not None and self.jumps.random() < 1 / 8:
            self.clock.seconds += self.jumps.choice([-DAY, DAY])
            print(f"the clock is off by {self.clock.seconds} seconds", flush=True)
        if fault == self.fault and self.seen[fault] == self.passing:
            if self.tree:
                for pid in children():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--slots", type=int, default=2)
    options = parser.parse_args()
    clock = JumpingClock(int(os.environ.get("HEADRACE_TEST_CLOCK", "0")))
    home = Home(options.home)
    settings = load(home.settings, os.environ, {"port": options.port, "slots": options.slots})
    trouble = Trouble(clock)
    asyncio.run(run_server(home, settings, ready=print, stop=asyncio.Event(), faults=trouble, clock=clock))


if __name__ == "__main__":
    sys.exit(main())
