"""Accelerators of a machine that has some, as steps see them: which are theirs, also after a new server came."""

import asyncio
import os
from pathlib import Path

from tests.ir import pipeline, shell_task
from tests.launch.steps import SETTINGS, HeldObjects, Running, Steps, Watcher, launcher, log, until_file
from tests.unit.controllers.runs.place import Place

from headrace.base.clock import SystemClock
from headrace.base.home import Home
from headrace.blobs.folder import FolderStore
from headrace.launch.base import Started
from headrace.launch.process import ProcessLauncher
from headrace.model.state import State
from headrace.model.task import attempt_id
from headrace.spec.quantity import Quantities
from headrace.store.db import Database
from headrace.store.runs import RunRows
from headrace.testing.clock import FakeClock

ONE = Quantities(accelerator_type="nvidia.com/gpu", accelerators=1)
TURNS = 'echo "sees $CUDA_VISIBLE_DEVICES"; echo x > "$0.taken"; until [ -e "$0" ]; do sleep 0.02; done'
SAY = 'echo "sees ${CUDA_VISIBLE_DEVICES-all}"; echo x > up; read line < gate'


def machine(home: Home, count: int) -> Path:
    """A root with so many devices."""
    root = home.root / "machine"
    (root / "dev").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (root / f"dev/nvidia{number}").touch()
    return root


async def start(home: Home, count: int) -> Running:
    inherited, objects = {"PATH": os.environ["PATH"]}, HeldObjects(home)
    started = ProcessLauncher(home, SETTINGS, SystemClock(), inherited, objects, machine(home, count))
    watcher = Watcher()
    await started.start(watcher)
    return Running(started, watcher, Steps(home))


def test_steps_are_told_which_are_theirs_and_a_new_server_knows(home: Home) -> None:
    async def scenario() -> None:
        run = await start(home, 2)
        requests = [run.steps.command("sh", "-c", SAY, resources=ONE) for _ in range(3)]
        for each in requests:
            each.folder.mkdir(parents=True)
            os.mkfifo(each.folder / "gate")
        first, second, third = requests
        for each in (first, second):
            assert run.launcher.held_up(each) == ""
            run.launcher.launch(each)
            await until_file(each.folder / "up")
        assert run.launcher.held_up(third) == "for 1 nvidia.com/gpu: this machine has 2, of which 0 are free"
        await run.launcher.stop()

        again = await start(home, 2)
        assert again.launcher.held_up(third), "they still run"
        for each in (first, second):
            assert again.launcher.held_up(each) == ""
            again.launcher.launch(each)
        (second.folder / "gate").write_text("go\n")
        await again.watcher.exit(second)
        assert again.launcher.held_up(third) == ""
        again.launcher.launch(third)
        await until_file(third.folder / "up")
        for each in (first, third):
            (each.folder / "gate").write_text("go\n")
            await again.watcher.exit(each)
        assert [log(each) for each in requests] == ["sees 0\n", "sees 1\n", "sees 1\n"]
        assert list(home.accelerators.iterdir()) == []
        await again.launcher.stop()

    asyncio.run(scenario())


def test_two_steps_of_a_run_take_turns_at_the_one_that_there_is(home: Home) -> None:
    spec = pipeline(*(shell_task(name, TURNS, gate=str(home.root / "gate")) for name in ("a", "b")))
    for executor in spec["deploymentSpec"]["executors"].values():
        executor["container"]["resources"] = {"accelerator": {"resourceType": "nvidia.com/gpu", "resourceCount": "1"}}
    clock = FakeClock(tick=1)
    database = Database.open(f"sqlite:///{home.database}", clock, durable=False)
    environment, objects = {"PATH": os.environ["PATH"]}, HeldObjects(home)
    real = ProcessLauncher(home, SETTINGS, clock, environment, objects, machine(home, 1))
    place = Place(home, database, clock, real, FolderStore(home.store))  # type: ignore[arg-type]
    run_id = place.create(spec)
    ids = [attempt_id(run_id, f"root.{name}", 1) for name in ("a", "b")]

    async def scenario() -> RunRows:
        async with place.controllers(slots=2) as controllers:
            await until_file(home.root / "gate.taken")
            await place.until(lambda: any(map(controllers.waits_for, ids)))
            (waited,) = filter(None, map(controllers.waits_for, ids))
            assert waited == "for 1 nvidia.com/gpu: this machine has 1, of which 0 are free"
            assert controllers.running_steps == 1
            (home.root / "gate").touch()
            return await place.ended(run_id)

    try:
        rows = asyncio.run(scenario())
    finally:
        database.close()
    assert rows.run.state is State.SUCCEEDED, [task.failure for task in rows.tasks]
    assert [home.log(each).read_text() for each in ids] == ["sees 0\n"] * 2
    assert list(home.accelerators.iterdir()) == []


def test_a_step_runs_without_those_that_there_are_not(home: Home) -> None:
    async def scenario() -> None:
        async with launcher(home, environment={"PATH": os.environ["PATH"]}) as run:
            asked = Quantities(accelerator_type="example.com/npu", accelerators=2)
            request = run.steps.command("sh", "-c", 'echo "sees ${CUDA_VISIBLE_DEVICES-all}"', resources=asked)
            assert await run.succeed(request) == "sees all\n"
            (started,) = [each for each in run.watcher.of(request) if isinstance(each, Started)]
            assert started.warning == "it asks for 2 example.com/npu, and this machine has none: it runs without"

    asyncio.run(scenario())
