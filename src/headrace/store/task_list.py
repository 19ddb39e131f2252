"""The tasks of a run, a page at a time, by the keys that KFP 3.0 lists them by."""

from dataclasses import replace
from typing import Any

from sqlalchemy import CompoundSelect, Connection, and_, case, func, literal, select, union

from headrace.base.errors import InvalidInput
from headrace.model.listing import ListQuery, Operation, Page, Predicate
from headrace.model.state import TASK_STATE
from headrace.model.task import Task, TaskKind
from headrace.store import tables as t
from headrace.store.listing import Column, Listing
from headrace.store.paging import fetch
from headrace.store.runs import run_key, tasks_of

_STATE = case({state.value: word for state, word in TASK_STATE.items()}, value=t.tasks.c.state)
"""As 3.0 calls it."""

_LATEST = (
    select(t.attempts.c.attempt_id)
    .where(t.attempts.c.task_id == t.tasks.c.task_id)
    .order_by(t.attempts.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_POD = func.coalesce(t.tasks.c.pods, _LATEST, literal(""))
"""The name of the latest of its pods; of one that a client posted, those of all."""

_STATUS = case(
    (and_(t.tasks.c.posted.is_(None), t.tasks.c.failure.is_not(None)), t.tasks.c.failure), else_=t.tasks.c.reason
)
"""Why the task is where it is."""


def list_tasks(tx: Connection, run_id: str, query: ListQuery, parent_id: str = "") -> Page[Task]:
    """The tasks of a run, or those right under one of its groups. Raises NotFound."""
    c, key = t.tasks.c, run_key(tx, run_id)
    listing = Listing(
        sorted_by="order_by",
        name="Task",
        id=c.task_id,
        texts={
            "id": c.task_id,
            "task_id": c.task_id,
            "run_id": literal(run_id),
            "name": c.name,
            "display_name": c.display_name,
            "pods": _POD,
            "cache_fingerprint": c.fingerprint,
            "status": _STATE,
            "state": _STATE,
            "status_metadata": _STATUS,
            "state_history": c.history,
            "type": c.kind,
            "parent_task_id": c.parent,
            "inputs": c.inputs,
            "outputs": c.outputs,
            "scope_path": func.coalesce(c.scope_path, c.path),
        },
        times={
            "created_at": c.created_at,
            "create_time": c.created_at,
            "start_time": c.started_at,
            "end_time": c.ended_at,
        },
        numbers={"type_attributes": func.nullif(c.iteration, -1)},
    )
    scope: list[Column] = [c.run_key == key, c.kind != TaskKind.ITERATION.value]
    if parent_id:
        scope.append(c.parent.in_(_groups_of(key, parent_id)))
    rest = [each for each in query.predicates if each.key != "parent_task_id"]
    scope += [_is_under(key, each) for each in query.predicates if each.key == "parent_task_id"]
    found = fetch(tx, listing, select(t.tasks), replace(query, predicates=tuple(rest)), *scope)
    return Page(tasks_of(tx, found.rows), found.total, found.next)


def _is_under(key: int, predicate: Predicate) -> Column:
    """The task is under the group that the predicate names. Rows hold paths, so only sameness can be told."""
    if predicate.operation is not Operation.EQUALS or not isinstance(predicate.value, str):
        raise InvalidInput("parent_task_id can be compared by EQUALS with a text only", where="filter")
    return t.tasks.c.parent.in_(_groups_of(key, predicate.value))


def _groups_of(key: int, parent_id: str) -> CompoundSelect[Any]:
    """The path of a group of the run, and of the iterations in it, whose tasks count as its own."""
    c = t.tasks.alias("groups").c
    path = select(c.path).where(c.run_key == key, c.task_id == parent_id)
    inner = t.tasks.alias("iterations").c
    iterations = select(inner.path).where(
        inner.run_key == key, inner.kind == TaskKind.ITERATION.value, inner.parent == path.scalar_subquery()
    )
    return union(path, iterations)
