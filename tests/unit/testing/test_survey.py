"""A pipeline played with many seeds: what is counted, and what a broken rule leaves."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.model.state import State
from headrace.spec.condition import compile_condition
from headrace.spec.plan import Constant, Dag, FromParent
from headrace.store.db import Database
from headrace.testing.clock import FakeClock
from headrace.testing.plans import dag, group, leaf, loop, output_of, plan
from headrace.testing.survey import play


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'sim.db'}", FakeClock(tick=1), durable=False)
    yield database
    database.close()


def stuck() -> Dag:
    """A graph that does not know that `b` follows `a`, so `b` never begins."""
    return replace(dag(leaf("a"), leaf("b", after=["a"])), successors={})


def test_what_became_of_each_task(database: Database) -> None:
    never = compile_condition("inputs.parameter_values['x'] == 'no'", "test")
    dead = group("dead", dag(leaf("inside")), parameters={"x": Constant("yes")}, condition=never)
    body = dag(leaf("x", parameters={"v": FromParent("item")}))
    made = plan(dag(leaf("a"), dead, leaf("after", after=["dead"]), loop("turns", body, ["1", "2"])))
    survey = play(made, {}, database, range(30))
    assert survey.violation is None
    assert survey.runs.total() == survey.seeds == len(survey.steps) == 30
    assert survey.steps[0] == 3, "seed 0 has no trouble"
    assert survey.runs[State.SUCCEEDED] < 30, "others have"
    assert survey.fates["root.a"].began == 30
    assert survey.fates["root.turns.x"].began > 25
    assert [fate.path for fate in survey.dead] == ["root.dead", "root.after"]
    assert "'no'" in survey.fates["root.dead"].reason
    assert survey.fates["root.dead.inside"].ends.total() == 0


def test_the_same_seed_tells_the_same_story(database: Database, tmp_path: Path) -> None:
    made = plan(dag(leaf("a", cached=True), leaf("b", parameters={"x": output_of("a")}, cached=True)))
    together = play(made, {}, database, range(18))
    other = Database.open(f"sqlite:///{tmp_path / 'other.db'}", FakeClock(tick=1), durable=False)
    alone = play(made, {}, other, [17])
    other.close()
    assert alone.story == together.story
    assert len(alone.story) > 2


def test_a_broken_rule_ends_the_survey_with_its_seed(database: Database) -> None:
    survey = play(plan(stuck()), {}, database, range(5, 10))
    assert survey.seeds == 1
    broken = survey.violation
    assert broken is not None
    assert broken.seed == 5
    assert "the rows say something else" in broken.problem
    assert broken.story
    assert broken.events[0].kind == "RunRequested"
