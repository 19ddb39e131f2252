"""What a step used is measured: totals of all, samples of those that run for more than a second."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.launch.steps import launcher

from headrace.base.home import Home
from headrace.launch.base import Exited
from headrace.launch.runner.wire import USAGE

MIB = 2**20

# It runs until its supervisor has taken three samples: two intervals in which it held all of it and spun.
BUSY = f"""
import os, subprocess, sys
held = bytearray(80 << 20)
child = subprocess.Popen([sys.executable, '-c', 'x = bytearray(40 << 20)\\nwhile True: pass'])
with open(sys.argv[1], 'wb') as file:
    file.write(os.urandom(4 << 20))
    file.flush()
    os.fsync(file.fileno())
while not (os.path.exists('{USAGE}') and len(open('{USAGE}').readlines()) >= 3):
    sum(range(10000))
child.kill()
"""


@pytest.fixture
def on_disk() -> Iterator[Path]:
    """A file on a disk: /tmp may be in memory, and what goes there is not counted as written."""
    with tempfile.NamedTemporaryFile(dir="/var/tmp") as file:
        yield Path(file.name)


def test_a_step_that_runs_for_a_while_is_sampled(home: Home, on_disk: Path) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command(sys.executable, "-c", BUSY, str(on_disk))
            end = await run.run(request)
            assert isinstance(end, Exited)
            used = end.usage
            assert 80 * MIB < used.max_rss < 200 * MIB
            assert used.peak_memory > 120 * MIB, "both processes at once"
            assert 60 * MIB < used.average_memory <= used.peak_memory
            assert used.cpu_seconds > 0.5
            assert used.peak_cores > 0.2
            assert used.peak_cores * (end.at - end.started_at) / 1e6 > 0.9 * used.cpu_seconds
            assert used.written_bytes >= 4 * MIB
            samples = [json.loads(line) for line in (request.folder / USAGE).read_text().splitlines()]
            assert len(samples) >= 3
            assert samples[0][0] >= 0.9, "counted from the beginning of the step"
            assert [each[0] for each in samples] == sorted(each[0] for each in samples)
            assert [each[1] for each in samples] == sorted(each[1] for each in samples)
            assert max(each[2] for each in samples) == used.peak_memory

    asyncio.run(scenario())


def test_a_short_step_has_totals_and_is_not_looked_at(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home) as run:
            request = run.steps.command("true")
            end = await run.run(request)
            assert isinstance(end, Exited)
            assert end.usage.max_rss > 0
            assert end.usage.peak_memory == end.usage.max_rss
            assert (end.usage.average_memory, end.usage.peak_cores) == (0, 0.0)
            assert not (request.folder / USAGE).exists()

    asyncio.run(scenario())
