"""Whole runs in the simulated world: random plans, seeded bad luck, the invariants after every commit."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.sim.generate import Construct, constructs, random_plan

from headrace.model.run import Resume
from headrace.model.state import State
from headrace.model.task import TaskKind
from headrace.spec.plan import CreateClaim, FromParent, Retry
from headrace.spec.spots import spot
from headrace.store.db import Database
from headrace.testing.clock import FakeClock
from headrace.testing.luck import CALM, Luck, Trouble
from headrace.testing.plans import dag, group, importer, leaf, loop, output_of, plan
from headrace.testing.world import World

SEEDS = range(2000)

TIMED_OUT = "timed out after 60 s, its time limit (activeDeadlineSeconds)"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("world")
    database = Database.open(f"sqlite:///{folder / 'world.db'}", FakeClock(tick=1), durable=False)
    yield database
    database.close()


@dataclass
class Seen:
    """What all the seeds together went through."""

    seeds: int = 0
    constructs: set[Construct] = field(default_factory=set)
    troubles: Counter[Trouble] = field(default_factory=Counter)
    states: set[tuple[TaskKind, State]] = field(default_factory=set)
    cached: int = 0


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_survives_bad_luck(database: Database, seen: Seen, seed: int) -> None:
    """Every fifth pipeline is run twice: the second time there is a cache."""
    rng = random.Random(seed)
    made = random_plan(rng, f"world-{seed}")
    seen.seeds += 1
    seen.constructs |= constructs(made)
    for number in range(2 if seed % 5 == 0 else 1):
        luck = Luck() if rng.random() < 0.5 else Luck.drawn(rng, 10)
        world = World(made, database, seed, luck, number=number)
        final = world.play()
        failed = [task.path for task in final.tasks.values() if task.state is State.FAILED]
        if final.run.state is not State.CANCELED:
            assert (final.run.state is State.FAILED) == bool(failed)
        seen.troubles += world.troubles
        seen.states |= {(task.kind, task.state) for task in final.tasks.values()}


def test_the_seeds_went_through_everything(seen: Seen) -> None:
    """Every construct was generated, every trouble came, every kind of task ended in every way it can."""
    if seen.seeds < len(SEEDS):
        pytest.skip("only some of the seeds were played")
    assert seen.constructs == set(Construct)
    assert set(seen.troubles) == set(Trouble)
    ends = {State.SUCCEEDED, State.FAILED, State.CANCELED}
    wanted = {(kind, state) for kind in (TaskKind.DAG, TaskKind.LOOP, TaskKind.ITERATION) for state in ends}
    wanted |= {(TaskKind.RUNTIME, state) for state in {*ends, State.SKIPPED, State.CACHED}}
    wanted |= {(TaskKind.IMPORTER, state) for state in ends}
    wanted |= {(TaskKind.CONDITION_BRANCH, state) for state in {*ends, State.SKIPPED}}
    assert wanted <= seen.states


@pytest.mark.parametrize("seed", range(200))
def test_a_resumed_run_runs_what_it_must_and_nothing_else(database: Database, seed: int) -> None:
    """Whatever goes wrong meanwhile: a step that succeeded before, and is not downstream of the spot, does not run."""
    rng = random.Random(seed)
    made = random_plan(rng, f"resumed-{seed}")
    first = World(made, database, seed)
    before = first.play()
    steps = [task.path for task in before.tasks.values() if not task.kind.is_group]
    if not steps:
        return
    at = spot(made, rng.choice(steps))
    second = World(made, database, seed, number=1, resume=Resume(first.run_id, (at.path,)))
    final = second.play()
    for path in steps:
        earlier, task = before.tasks[path], final.tasks.get(path)
        if task is None or not task.state.good:
            continue
        if at.covers(path):
            assert second.executions[path], f"{path} is to run anew"
        elif isinstance(made.find(path).component, CreateClaim):
            continue  # the world has no claims, so the one that was made is gone
        elif earlier.state.good and task.inputs == earlier.inputs:
            assert (task.cached_from, task.outputs) == (earlier.task_id, earlier.outputs)
            assert not second.executions[path], f"{path} was run again"


def test_without_trouble_every_task_runs_once(database: Database) -> None:
    inner = dag(leaf("x"), leaf("y", after=["x"]))
    world = World(plan(dag(leaf("a"), group("g", inner, after=["a"])), "calm"), database, 1, CALM)
    assert world.play().run.state is State.SUCCEEDED
    assert world.executions == {"root.a": 1, "root.g.x": 1, "root.g.y": 1}


def test_a_loop_runs_each_iteration_once_and_collects_in_order(database: Database) -> None:
    body = dag(leaf("x", parameters={"v": FromParent("item")}), outputs={"made": ("x", "Output")})
    after = leaf("after", parameters={"all": output_of("loop", "made")})
    world = World(plan(dag(loop("loop", body, ["a", "b", "c"]), after), "loop"), database, 1, CALM)
    final = world.play()
    assert final.run.state is State.SUCCEEDED
    assert world.executions == {**{f"root.loop.{number}.x": 1 for number in range(3)}, "root.after": 1}
    assert final.tasks["root.loop.1.x"].inputs.parameters == {"v": "b"}
    made = [f"root.loop.{number}.x/Output" for number in range(3)]
    assert final.tasks["root.loop"].outputs.parameters == {"made": made}


def test_a_run_that_failed_is_retried_and_keeps_what_succeeded(database: Database) -> None:
    inner = dag(leaf("x"), leaf("y", after=["x"]))
    world = World(plan(dag(leaf("a"), group("g", inner, after=["a"])), "retry"), database, 1, CALM)
    world.fails = {"root.g.y"}
    assert world.play().run.state is State.FAILED
    world.fails = set()
    final = world.retry().run
    assert (final.state, final.failure) == (State.SUCCEEDED, None)
    first, second = (State.RUNNING, State.FAILED), (State.PENDING, State.RUNNING, State.SUCCEEDED)
    assert tuple(change.state for change in final.history) == (*first, *second)
    assert world.executions == {"root.a": 1, "root.g.x": 1, "root.g.y": 2}


def test_time_limits_hold_when_the_controller_crashes(database: Database) -> None:
    """An attempt that was asked to end is asked again by the next controller, and ends with its limit as the reason."""
    luck = replace(CALM, crash_before_commit=0.2, crash_after_commit=0.2, timed_out=1.0)
    inner = dag(leaf("x", time_limit=60, retry=Retry(1)), leaf("y", after=["x"]))
    ends: list[str] = []
    for seed in range(40):
        final = World(plan(dag(group("g", inner)), "late"), database, seed, luck).play()
        attempts = final.tasks["root.g.x"].attempts
        ends += [each.failure.message if each.failure is not None else "" for each in attempts]
        assert final.run.state is (State.SUCCEEDED if attempts[-1].failure is None else State.FAILED)
    assert {"", TIMED_OUT} == set(ends)


def test_a_run_over_its_time_fails_and_runs_its_exit_tasks(database: Database) -> None:
    tasks = dag(leaf("a"), leaf("b", after=["a"]), leaf("exit", after=["b"], always=True))
    always = replace(CALM, timed_out=1.0)
    late = World(
        plan(dag(group("g", tasks), leaf("bye", after=["g"], always=True)), "limit", time_limit=9), database, 1
    )
    late.luck = always
    final = late.play()
    assert final.run.failure is not None
    assert (final.run.state, final.run.failure.code) == (State.FAILED, 4)
    assert final.run.failure.message.startswith("the run timed out after 9 s")
    assert final.tasks["root.bye"].state is State.SUCCEEDED


def test_what_is_imported_is_taken_again(database: Database) -> None:
    """By later runs of any pipeline, unless they are to import anew, or something else is known about it."""

    def imports(number: int, *, reimport: bool = False, metadata: int = 1) -> tuple[str, int]:
        task = importer("data", "s3://bucket/imported", metadata={"n": metadata}, reimport=reimport)
        world = World(plan(dag(task), f"imports-{number}"), database, 7, CALM, number=number)
        (artifact,) = world.play().tasks["root.data"].outputs.artifacts["data"]
        return artifact.artifact_id, world.executions["root.data"]

    first, times = imports(0)
    assert times == 1
    assert imports(1) == (first, 0)
    other, times = imports(2, metadata=2)
    assert (other != first, times) == (True, 1)
    newest, times = imports(3, reimport=True)
    assert (newest != first, times) == (True, 1)
    assert imports(4) == (newest, 0)


def test_of_equal_steps_one_is_executed_and_the_others_take_its_outputs(database: Database) -> None:
    body = dag(leaf("x", cached=True), leaf("y", after=["x"], cached=True))
    world = World(plan(dag(loop("loop", body, [str(number) for number in range(250)])), "equal"), database, 1, CALM)
    final = world.play()
    assert final.run.state is State.SUCCEEDED
    assert sum(world.executions.values()) == 2
    made = {task.outputs.parameters["Output"] for task in final.tasks.values() if task.name == "x"}
    assert len(made) == 1


def test_where_the_executed_step_fails_each_of_its_equals_has_its_own_try(database: Database) -> None:
    world = World(plan(dag(loop("loop", dag(leaf("x", cached=True)), ["a", "b", "c"])), "fails"), database, 1, CALM)
    world.fails = {f"root.loop.{number}.x" for number in range(3)}
    assert world.play().run.state is State.FAILED
    assert world.executions == {f"root.loop.{number}.x": 1 for number in range(3)}
    world.fails = {"root.loop.0.x"}
    assert world.retry().run.state is State.FAILED
    assert sum(world.executions.values()) == 5
