"""What was executed and what it used: attempts by the path of their task, without what went in or came out.

Of one run for its report; of earlier runs of the same pipeline for advice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from headrace.model.run import Run
from headrace.model.task import Attempt
from headrace.store import tables as t
from headrace.store.rows import attempt_of
from headrace.store.runs import run_key

_SEARCHED = 1000
"""So many runs of the namespace are looked through for those of one pipeline."""

_COLUMNS = [column for column in t.attempts.c if column.name not in ("namespace", "run_key")]
_OF_RUN = (
    select(*_COLUMNS)
    .where(t.attempts.c.run_key == bindparam("run"))
    .order_by(t.attempts.c.created_at, t.attempts.c.path, t.attempts.c.number)
)
_USED = (
    select(*_COLUMNS)
    .where(t.attempts.c.run_key == bindparam("run"), t.attempts.c.usage.is_not(None))
    .order_by(t.attempts.c.ended_at.desc(), t.attempts.c.attempt_id)
    .limit(bindparam("most"))
)
_NEAR = (
    select(t.runs.c.run_key, t.runs.c.run_id, t.runs.c.plan_id, t.runs.c.pipeline_name)
    .where(t.runs.c.namespace == bindparam("namespace"), t.runs.c.created_at <= bindparam("until"))
    .order_by(t.runs.c.created_at.desc(), t.runs.c.run_id.desc())
    .limit(_SEARCHED)
)


@dataclass(frozen=True, slots=True)
class Execution:
    """An attempt at the task with that id."""

    task_id: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Executed:
    """A run's attempts whose end and usage are known, the latest first."""

    run_id: str
    plan_id: str
    attempts: tuple[Attempt, ...]


def of_run(tx: Connection, run_id: str) -> tuple[Execution, ...]:
    """All attempts of a run, in the order in which they were made. Raises NotFound."""
    rows = tx.execute(_OF_RUN, {"run": run_key(tx, run_id)})
    return tuple(Execution(row.task_id, attempt_of(row)) for row in rows)


def of_pipeline(tx: Connection, run: Run, *, runs: int, attempts: int) -> Iterator[Executed]:
    """The run and those of the same pipeline before it, the latest first: at most so many, with so many attempts."""
    found = tx.execute(_NEAR, {"namespace": run.namespace, "until": run.created_at}).all()
    for row in [row for row in found if row.pipeline_name == run.pipeline_name][:runs]:
        made = tuple(map(attempt_of, tx.execute(_USED, {"run": row.run_key, "most": attempts})))
        attempts -= len(made)
        yield Executed(row.run_id, row.plan_id, made)
        if attempts <= 0:
            return
