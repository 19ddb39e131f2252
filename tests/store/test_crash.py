"""A writer killed with -9 at any moment: what was answered is there, and no unit is there by half."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import select

from headrace.store import tables
from headrace.store.db import Database
from headrace.testing.clock import FakeClock

CHILD = """
import os, sys
from sqlalchemy import insert
from headrace.base.clock import SystemClock
from headrace.store import tables
from headrace.store.db import Database

def unit(number):
    def write(tx):
        for half in "ab":
            tx.execute(insert(tables.plans), {"plan_id": f"{number}{half}", "document": "x" * (number % 7 * 3000)})
        return number
    return write

database = Database.open(sys.argv[1], SystemClock())
for first in range(0, 1_000_000, 5):
    futures = [database.submit(unit(number)) for number in range(first, first + 5)]
    for future in futures:
        os.write(1, f"{future.result()}\\n".encode())
"""


@pytest.mark.parametrize("answers", [1, 2, 3, 17, 58, 120])
def test_what_was_answered_survives_a_kill(url: str, clock: FakeClock, answers: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, url], stdout=subprocess.PIPE, env={**os.environ})
    assert child.stdout is not None
    with child.stdout as stream:
        for _ in range(answers):
            stream.readline()
        child.kill()
        child.wait()
        stream.read()
    database = Database.open(url, clock)
    found = database.read(lambda tx: tx.execute(select(tables.plans.c.plan_id)).scalars().all())
    database.close()
    halves = Counter(int(name[:-1]) for name in found)
    assert set(halves.values()) == {2}
    assert set(range(answers)) <= set(halves)
