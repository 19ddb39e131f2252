"""Earlier executions that may stand in for a task: looked up by fingerprint, inside the transaction that asks.

Where none did, `nearest` is the one to compare with: the last good execution of the same task of the same pipeline.
"""

from sqlalchemy import ColumnElement, Connection, bindparam, case, exists, select

from headrace.base.clock import Instant
from headrace.base.json import JsonObject
from headrace.model.run import Run
from headrace.model.state import State
from headrace.model.task import Earlier, Task, task_id
from headrace.store import lineage
from headrace.store import tables as t
from headrace.store.rows import artifact_ids, bindings_of, from_json
from headrace.store.views import CacheHit, Execution

RUNS = 100
"""How many runs of a pipeline `nearest` looks at, the newest."""

GOOD = tuple(state.value for state in State if state.good)

ORIGIN: ColumnElement[str] = case((t.tasks.c.cached_from != "", t.tasks.c.cached_from), else_=t.tasks.c.task_id)
"""The task that was executed: itself, or the one whose outputs it was given."""

DROPPED = exists().where(t.cache_drops.c.task_id == ORIGIN)

_NEWEST = (
    select(ORIGIN.label("origin"), t.tasks.c.outputs)
    .where(
        t.tasks.c.namespace == bindparam("namespace"),
        t.tasks.c.fingerprint == bindparam("fingerprint"),
        t.tasks.c.state.in_(GOOD),
        t.tasks.c.posted.is_(None),
        ~DROPPED,
    )
    .order_by(t.tasks.c.ended_at.desc())
    .limit(1)
)
_GOOD_TASK = select(t.tasks.c.task_id, t.tasks.c.inputs, t.tasks.c.outputs).where(
    t.tasks.c.task_id == bindparam("task"), t.tasks.c.state.in_(GOOD)
)
_PARTS = select(t.fingerprints.c.parts).where(
    t.fingerprints.c.namespace == bindparam("namespace"), t.fingerprints.c.fingerprint == bindparam("fingerprint")
)

_RUNS = (
    select(t.runs.c.run_id)
    .where(
        t.runs.c.namespace == bindparam("namespace"),
        t.runs.c.pipeline_name == bindparam("pipeline"),
        t.runs.c.run_key != bindparam("run"),
    )
    .order_by(t.runs.c.created_at.desc())
    .limit(RUNS)
)
_EXECUTION = (
    select(t.runs.c.run_id, t.tasks.c.task_id, t.tasks.c.ended_at, t.tasks.c.fingerprint, t.tasks.c.inputs)
    .join(t.runs, t.runs.c.run_key == t.tasks.c.run_key)
    .where(
        t.tasks.c.task_id.in_(bindparam("tasks", expanding=True)),
        t.tasks.c.state.in_(GOOD),
        t.tasks.c.fingerprint != "",
        t.tasks.c.ended_at <= bindparam("before"),
    )
    .order_by(t.tasks.c.ended_at.desc())
    .limit(1)
)
_ORIGIN = (
    select(t.runs.c.run_id, t.tasks.c.path)
    .join(t.tasks, t.tasks.c.run_key == t.runs.c.run_key)
    .where(t.tasks.c.task_id == bindparam("task"))
)


def find_cached(tx: Connection, namespace: str, fingerprint: str) -> CacheHit | None:
    """The newest execution of that fingerprint that was not dropped, with its outputs.

    Where its run was deleted, a task that was answered with it still speaks for it.
    """
    row = tx.execute(_NEWEST, {"namespace": namespace, "fingerprint": fingerprint}).first()
    if row is None:
        return None
    artifacts = lineage.artifacts_by_id(tx, artifact_ids(row.outputs))
    return CacheHit(task_id=row.origin, outputs=bindings_of(row.outputs, artifacts))


def find_earlier(tx: Connection, task: str) -> Earlier | None:
    """The task with that id if it succeeded, with what went into it and came out of it."""
    row = tx.execute(_GOOD_TASK, {"task": task}).first()
    if row is None:
        return None
    artifacts = lineage.artifacts_by_id(tx, {*artifact_ids(row.inputs), *artifact_ids(row.outputs)})
    return Earlier(row.task_id, bindings_of(row.inputs, artifacts), bindings_of(row.outputs, artifacts))


def parts_of(tx: Connection, namespace: str, fingerprint: str) -> JsonObject:
    """What a fingerprint was made of; empty where it was not kept."""
    text = tx.execute(_PARTS, {"namespace": namespace, "fingerprint": fingerprint}).scalar()
    parts: JsonObject = from_json(text) if text is not None else {}
    return parts


def nearest(tx: Connection, run: Run, task: Task) -> Execution | None:
    """The last good execution, before the task was reached, of the same task in other runs of the same pipeline.

    Only of those whose fingerprint was taken: others were not meant for the cache.
    """
    asked = {"namespace": run.namespace, "pipeline": run.pipeline_name, "run": run.key}
    same = [task_id(each, task.path) for each in tx.execute(_RUNS, asked).scalars()]
    row = tx.execute(_EXECUTION, {"tasks": same, "before": task.created_at}).first() if same else None
    if row is None:
        return None
    parameters, parts = from_json(row.inputs)[0], parts_of(tx, run.namespace, row.fingerprint)
    return Execution(row.run_id, row.task_id, Instant(row.ended_at), parameters, parts)


def origin(tx: Connection, task: str) -> tuple[str, str] | None:
    """The run and the path of the task with that id; None where it was deleted."""
    row = tx.execute(_ORIGIN, {"task": task}).first()
    return None if row is None else (row.run_id, row.path)
