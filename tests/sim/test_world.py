"""Whole runs in the simulated world: random plans, seeded bad luck, the invariants after every commit."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from headrace.store.db import Database

from headrace.model.state import State
from headrace.spec.plan import Dag, TaskPlan
from headrace.testing.clock import FakeClock
from headrace.testing.plans import dag, group, leaf, output_of, plan
from headrace.testing.world import Luck, World

SEEDS = range(150)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("world")
    database = Database.open(f"sqlite:///{folder / 'world.db'}", FakeClock(tick=1))
    yield database
    database.close()


def random_dag(rng: random.Random, depth: int) -> Dag:
    """A few tasks, each after some of the earlier ones; some are groups, some run whatever happened."""
    tasks: list[TaskPlan] = []
    for number in range(rng.randint(0 if depth else 1, 5)):
        name = f"t{number}"
        after = [task.name for task in tasks if rng.random() < 0.4]
        always = bool(after) and rng.random() < 0.2
        if depth < 2 and rng.random() < 0.25:
            tasks.append(group(name, random_dag(rng, depth + 1), after=after, always=always))
            continue
        leaves = [task.name for task in tasks if "Output" in task.component.interface.output_parameters]
        taken = {"x": output_of(rng.choice(leaves))} if leaves and rng.random() < 0.5 else {}
        tasks.append(leaf(name, after=after, parameters=taken, made=["data"], cached=rng.random() < 0.3, always=always))
    return dag(*tasks)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_survives_bad_luck(database: Database, seed: int) -> None:
    rng = random.Random(seed)
    world = World(plan(random_dag(rng, 0), f"world-{seed}"), database, seed)
    final = world.play()
    failed = [task.path for task in final.tasks.values() if task.state is State.FAILED]
    if final.run.state is not State.CANCELED:
        assert (final.run.state is State.FAILED) == bool(failed)
    assert all(times == 1 for times in world.executions.values())


def test_without_trouble_every_task_runs_once(database: Database) -> None:
    luck = Luck(crash_before_commit=0, crash_after_commit=0, doubled=0, terminated=0, failed=0, start_lost=0)
    inner = dag(leaf("x"), leaf("y", after=["x"]))
    world = World(plan(dag(leaf("a"), group("g", inner, after=["a"])), "calm"), database, 1, luck)
    assert world.play().run.state is State.SUCCEEDED
    assert world.executions == {"root.a": 1, "root.g.x": 1, "root.g.y": 1}
