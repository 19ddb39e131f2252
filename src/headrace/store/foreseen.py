"""What retention would let go, by name, for a dry run. Takes what `expiry` found; gives the first of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from headrace.store import tables as t
from headrace.store.expiry import Bytes, Expired

MOST = 100
"""So many of each are named."""


@dataclass(frozen=True, slots=True)
class GoingRun:
    """A run, and what it is called."""

    run_id: str
    name: str


@dataclass(frozen=True, slots=True)
class GoingExecution:
    """A task that was executed, of which no equal step would take the outputs any more; "" where its run is gone."""

    task_id: str
    run_id: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The oldest runs; artifacts by their uris; executions by their ids."""

    runs: Sequence[GoingRun]
    artifacts: Sequence[Bytes]
    executions: Sequence[GoingExecution]


def foreseen(tx: Connection, found: Expired) -> Foreseen:
    """The first MOST of each."""
    executed = sorted(found.uncached)[:MOST]
    known = _executions(tx, executed)
    return Foreseen(
        runs=_runs(tx, found.due[:MOST]),
        artifacts=sorted(found.artifacts, key=lambda each: (each.uri, each.artifact_id))[:MOST],
        executions=[known.get(each, GoingExecution(each)) for each in executed],
    )


def _runs(tx: Connection, keys: Sequence[int]) -> list[GoingRun]:
    r = t.runs.c
    rows = tx.execute(select(r.run_key, r.run_id, r.name).where(r.run_key.in_(keys)))
    by_key = {row.run_key: GoingRun(row.run_id, row.name) for row in rows}
    return [by_key[key] for key in keys if key in by_key]


def _executions(tx: Connection, ids: Sequence[str]) -> dict[str, GoingExecution]:
    task, run = t.tasks.c, t.runs.c
    asked = select(task.task_id, run.run_id, task.path).join(t.runs, run.run_key == task.run_key)
    rows = tx.execute(asked.where(task.task_id.in_(ids)))
    return {row.task_id: GoingExecution(row.task_id, row.run_id, row.path) for row in rows}
