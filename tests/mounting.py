"""Whether this machine lets a step have mounts, for tests that skip with the reason where it does not."""

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace.launch.runner import linux, mounts


def said_by_child(work: Callable[[], str]) -> str:
    """What it gives in a fork; what it raises is told as text."""
    ours, its = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            told = work()
        except BaseException:
            told = traceback.format_exc()[-8000:]
        os.write(its, told.encode())
        os._exit(0)
    os.close(its)
    with os.fdopen(ours) as said:
        told = said.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0
    return told


def skip_where_forbidden(folder: Path, become: Callable[[], None] = lambda: None) -> None:
    """Skip the test where whoever `become` makes of us can have no mounts."""

    def tried() -> str:
        become()
        return mounts.enter([], str(folder))

    reason = said_by_child(tried) if linux.IS_LINUX else "only Linux has mount namespaces"
    if reason:
        pytest.skip(f"a step can have no mounts here: {reason}")
