"""A server process with a launcher, for tests to kill: launches pickled requests, prints what it observes.

Run as `python server.py HOME REQUESTS`; prints a line of JSON for each observation, and the pids of its children.
"""

import asyncio
import json
import os
import pickle
import sys
from dataclasses import asdict
from pathlib import Path

from tests.launch.steps import SETTINGS, HeldObjects

from headrace.base.clock import SystemClock
from headrace.base.home import Home
from headrace.launch.base import Observation
from headrace.launch.process import ProcessLauncher


def say(observation: Observation) -> None:
    print(json.dumps({"kind": type(observation).__name__, **asdict(observation)}), flush=True)


async def main(home: Home, requests: Path) -> None:
    launcher = ProcessLauncher(home, SETTINGS, SystemClock(), os.environ, HeldObjects(home))
    await launcher.start(say)
    for request in pickle.loads(requests.read_bytes()):
        launcher.launch(request)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Home(Path(sys.argv[1])), Path(sys.argv[2])))
