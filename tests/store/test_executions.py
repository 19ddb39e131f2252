"""What was executed, of a run and of a pipeline's latest runs, with what it used."""

from dataclasses import replace

import pytest
from sqlalchemy import update
from tests.store.build import a_run, a_task, an_attempt, do, make_run

from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.engine.decision import AttemptAdded, AttemptMoved, TaskAdded
from headrace.model.event import TaskReady
from headrace.model.run import Run
from headrace.model.task import AttemptState, Usage
from headrace.store import executions, runs, tables
from headrace.store.db import Database, Tx

USED = Usage(1.5, 0.5, 10, 20, 30, 40, 15, 1.25, 99)


def execute(database: Database, run: Run, steps: int = 2, *, usage: Usage | None = USED) -> Run:
    """The run, made, with so many steps that were tried twice: the first try is not known to have used anything."""
    made = make_run(database, run)
    for number in range(steps):
        task = a_task(made, f"root.step{number}", at=10 + number)
        tries = [an_attempt(made, task.path, each, at=20 + number) for each in (1, 2)]
        ended = replace(tries[1], state=AttemptState.ENDED, ended_at=Instant(30 + number), usage=usage)
        changes = [TaskAdded(task), *map(AttemptAdded, tries), AttemptMoved(ended)]
        event = TaskReady(task.path, Instant(10 + number))
        do(database, lambda tx, at=number, event=event, changes=changes: runs.write(tx, made, at, [event], changes))
    return made


def test_the_attempts_of_a_run_come_in_their_order_with_all_that_they_used(database: Database) -> None:
    run = execute(database, a_run())
    found = database.read(lambda tx: executions.of_run(tx, run.run_id))
    assert [(each.attempt.path, each.attempt.number) for each in found] == [
        ("root.step0", 1),
        ("root.step0", 2),
        ("root.step1", 1),
        ("root.step1", 2),
    ]
    assert [each.attempt.usage for each in found] == [None, USED] * 2
    assert found[0].task_id == a_task(run, "root.step0").task_id
    with pytest.raises(NotFound):
        database.read(lambda tx: executions.of_run(tx, "nobody"))


def test_usage_that_was_written_before_it_had_more_fields_is_read(database: Database) -> None:
    run = execute(database, a_run(), 1)
    older = update(tables.attempts).where(tables.attempts.c.number == 2).values(usage="[1.0, 2.0, 3, 4, 5, 6]")
    do(database, lambda tx: tx.execute(older).close())
    found = database.read(lambda tx: executions.of_run(tx, run.run_id))
    assert found[1].attempt.usage == Usage(1.0, 2.0, 3, 4, 5, 6)


def test_a_history_is_that_of_the_pipeline_up_to_the_run_and_has_an_end(database: Database) -> None:
    made = [execute(database, a_run(f"r{at}", at=at)) for at in range(1, 6)]
    execute(database, replace(a_run("another", at=3), pipeline_name="another"))

    def found(run: Run, most_runs: int = 9, attempts: int = 99) -> list[tuple[str, int]]:
        def read(tx: Tx) -> list[executions.Executed]:
            return list(executions.of_pipeline(tx, run, runs=most_runs, attempts=attempts))

        return [(each.run_id, len(each.attempts)) for each in database.read(read)]

    assert found(made[3]) == [(run.run_id, 2) for run in reversed(made[:4])]
    assert found(made[4], most_runs=2) == [(made[4].run_id, 2), (made[3].run_id, 2)]
    assert found(made[4], attempts=3) == [(made[4].run_id, 2), (made[3].run_id, 1)]
    (latest,) = database.read(lambda tx: list(executions.of_pipeline(tx, made[0], runs=1, attempts=1)))
    assert (latest.plan_id, latest.attempts[0].path) == (made[0].plan_id, "root.step1")
