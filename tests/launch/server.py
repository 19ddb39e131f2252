"""A server process with a launcher, for tests to kill: launches pickled requests, prints what it observes.

Run as `python server.py HOME REQUESTS [ENGINE]`, the address of a container engine; prints a line of JSON for each
observation.
"""

import asyncio
import json
import pickle
import sys
from dataclasses import asdict
from pathlib import Path

from tests.launch.steps import Watcher, containers, launcher

from headrace.base.home import Home
from headrace.launch.base import Observation


class Printer(Watcher):
    def __call__(self, observation: Observation) -> None:
        print(json.dumps({"kind": type(observation).__name__, **asdict(observation)}), flush=True)


async def main(home: Home, requests: Path, engine: str) -> None:
    place = containers(home, engine, watcher=Printer()) if engine else launcher(home, watcher=Printer())
    async with place as run:
        for request in pickle.loads(requests.read_bytes()):
            run.launcher.launch(request)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Home(Path(sys.argv[1])), Path(sys.argv[2]), "".join(sys.argv[3:])))
