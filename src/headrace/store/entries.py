"""What the cache holds: the executions that may stand in for equal steps, listed, and dropped.

An execution that is dropped is never taken again, by whatever run it was passed on to; its run and lineage stay.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, insert, or_, select

from headrace.base.clock import Instant
from headrace.model.listing import ListQuery, Page
from headrace.model.state import State
from headrace.model.task import ROOT, child
from headrace.store import tables as t
from headrace.store.cache import DROPPED, GOOD, ORIGIN
from headrace.store.lineage import chunks
from headrace.store.listing import Column, Listing
from headrace.store.paging import fetch
from headrace.store.views import Entry

_T = t.tasks.c
_FIRST = t.tasks.alias("first")
_MAY_BE_TAKEN = and_(
    _T.fingerprint != "",
    _T.state.in_(GOOD),
    _T.posted.is_(None),
    ~DROPPED,
    or_(_T.state == State.SUCCEEDED.value, ~exists().where(_FIRST.c.task_id == ORIGIN)),
)
"""Of those that were answered from the cache only what outlived its origin: else the origin is the entry."""

_ENTRIES: Select[Any] = select(
    _T.task_id, _T.fingerprint, _T.path, _T.ended_at, t.runs.c.run_id, t.runs.c.pipeline_name
).join(t.runs, t.runs.c.run_key == _T.run_key)
_LISTING = Listing(
    name="CacheEntry",
    id=_T.task_id,
    texts={
        "fingerprint": _T.fingerprint,
        "pipeline": t.runs.c.pipeline_name,
        "run_id": t.runs.c.run_id,
        "task_id": _T.task_id,
        "task": _T.name,
        "path": _T.path,
    },
    times={"created_at": _T.ended_at},
    in_order="",
)


@dataclass(frozen=True, slots=True)
class Which:
    """Which entries; what is "" or None does not narrow them.

    `fingerprint` is the begin of one; `run` a run that executed or took it; `task` the name or path of a task;
    `before` an instant by which it had ended.
    """

    fingerprint: str = ""
    pipeline: str = ""
    run: str = ""
    task: str = ""
    before: Instant | None = None

    @property
    def is_all(self) -> bool:
        return self == Which()


def list_entries(tx: Connection, namespace: str, query: ListQuery, which: Which) -> Page[Entry]:
    """A page of them, with how often each was taken and how much its artifacts hold. Raises InvalidInput."""
    found = fetch(tx, _LISTING, _ENTRIES, query, *_scope(namespace, which))
    taken = _taken(tx, namespace, {row.fingerprint for row in found.rows})
    sizes = _sizes(tx, [row.task_id for row in found.rows])
    return Page(tuple(_entry(row, taken, sizes) for row in found.rows), found.total, found.next)


def drop(tx: Connection, namespace: str, which: Which, *, dry_run: bool) -> list[str]:
    """Drop these entries, and all that has one of their fingerprints; gives the fingerprints, sorted."""
    found = select(_T.fingerprint).join(t.runs, t.runs.c.run_key == _T.run_key)
    fingerprints = sorted(set(tx.execute(found.where(*_scope(namespace, which))).scalars()))
    if not dry_run:
        for chunk in chunks(fingerprints):
            _drop(tx, namespace, chunk)
    return fingerprints


def _drop(tx: Connection, namespace: str, fingerprints: Sequence[str]) -> None:
    """The executions themselves and those that took them, so that nothing is left that stands for them."""
    alike = and_(_T.namespace == namespace, _T.fingerprint.in_(fingerprints), _T.state.in_(GOOD))
    doomed = {each for row in tx.execute(select(_T.task_id, ORIGIN).where(alike)) for each in row}
    for chunk in chunks(sorted(doomed)):
        known = select(t.cache_drops.c.task_id).where(t.cache_drops.c.task_id.in_(chunk))
        new = set(chunk).difference(tx.execute(known).scalars())
        if new:
            tx.execute(insert(t.cache_drops), [{"task_id": each, "namespace": namespace} for each in sorted(new)])


def _scope(namespace: str, which: Which) -> list[Column]:
    scope: list[Column] = [_T.namespace == namespace, t.runs.c.namespace == namespace, _MAY_BE_TAKEN]
    if which.fingerprint:
        digest = which.fingerprint.removeprefix("sha256:")
        scope.append(_T.fingerprint.startswith(f"sha256:{digest}", autoescape=True))
    if which.pipeline:
        scope.append(t.runs.c.pipeline_name == which.pipeline)
    if which.run:
        tasks, runs = t.tasks.alias("taking"), t.runs.alias("taking_runs")
        joined = tasks.join(runs, runs.c.run_key == tasks.c.run_key)
        of_run = select(tasks.c.fingerprint).select_from(joined)
        scope.append(_T.fingerprint.in_(of_run.where(runs.c.run_id == which.run, tasks.c.state.in_(GOOD))))
    if which.task:
        names = (_T.name, _T.display_name)
        scope.append(or_(*(name == which.task for name in names), _T.path.in_((which.task, child(ROOT, which.task)))))
    if which.before is not None:
        scope.append(_T.ended_at <= which.before)
    return scope


def _taken(tx: Connection, namespace: str, fingerprints: Collection[str]) -> dict[str, int]:
    """How many tasks were answered with each fingerprint."""
    taken = _T.namespace == namespace, _T.fingerprint.in_(fingerprints), _T.state == State.CACHED.value
    counted = select(_T.fingerprint, func.count()).where(*taken).group_by(_T.fingerprint)
    return {row[0]: row[1] for row in tx.execute(counted)}


def _sizes(tx: Connection, tasks: Sequence[str]) -> dict[str, int]:
    """The bytes of the artifacts that each of the tasks gave."""
    links = t.artifact_tasks.c
    summed = (
        select(links.task_id, func.sum(t.artifacts.c.size))
        .join(t.artifacts, t.artifacts.c.artifact_id == links.artifact_id)
        .where(links.task_id.in_(tasks), links.type == "OUTPUT")
        .group_by(links.task_id)
    )
    return {task: int(size) for task, size in tx.execute(summed)}


def _entry(row: Row[Any], taken: dict[str, int], sizes: dict[str, int]) -> Entry:
    return Entry(
        fingerprint=row.fingerprint,
        pipeline=row.pipeline_name,
        run_id=row.run_id,
        task_id=row.task_id,
        path=row.path,
        ended_at=Instant(row.ended_at),
        taken=taken.get(row.fingerprint, 0),
        size=sizes.get(row.task_id, 0),
    )
