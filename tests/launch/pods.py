"""What the tests of pods share: the objects that they name, and how a step with a pod is played."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.launch.steps import HeldObjects, Running, Steps, launcher

from headrace.base.home import Home
from headrace.launch.base import LaunchRequest
from headrace.launch.runner import linux
from headrace.model.pod import (
    Pod,
)

WORD = b"c0rrect-h0rse"
only_on_linux = pytest.mark.skipif(not linux.IS_LINUX, reason="only Linux has namespaces")


def held_objects(home: Home) -> HeldObjects:
    return HeldObjects(
        home,
        secrets={"db": {"password": WORD, "bytes": b"\xff\x01"}, "empty": {}},
        config_maps={"settings": {"level": b"info", "tls.crt": b"c"}},
        claims=["data"],
    )


def printed(said: str) -> str:
    """The log without what the SDK's executor says, its input among it."""
    return re.sub(r"^(\[KFP Executor .*|\{\n(?: .*\n)*\})\n", "", said, flags=re.MULTILINE)


def with_pod(request: LaunchRequest, **parts: Any) -> LaunchRequest:
    return replace(request, pod=Pod(**parts))


def play(home: Home, objects: HeldObjects, work: Callable[[Running, Steps], Any]) -> None:
    async def scenario() -> None:
        async with launcher(home, objects=objects) as run:
            await work(run, run.steps)

    asyncio.run(scenario())
