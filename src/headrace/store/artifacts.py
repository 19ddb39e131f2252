"""What the APIs ask of lineage: artifacts as KFP 3.0 lists them, single ones, and their links to tasks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, literal, select

from headrace.base.errors import InvalidInput, NotFound
from headrace.model.artifact import ARTIFACT_TYPE, OTHER, IOType
from headrace.model.listing import ListQuery, Page
from headrace.store import tables as t
from headrace.store.listing import Column, Listing
from headrace.store.paging import fetch
from headrace.store.rows import artifact_of
from headrace.store.views import ArtifactRecord, ArtifactTask, RunMetric

_TYPE = case(ARTIFACT_TYPE, value=t.artifacts.c.type, else_=OTHER)
"""As 3.0 calls it."""

_METADATA = case(
    (t.artifacts.c.type.in_(ARTIFACT_TYPE), t.artifacts.c.metadata), else_=t.artifacts.c.metadata + t.artifacts.c.type
)
"""With the schema title that 3.0 shows there."""

_ARTIFACT = select(t.artifacts).where(t.artifacts.c.artifact_id == bindparam("artifact"))
_PRODUCER = case((t.artifact_tasks.c.producer != "", t.artifact_tasks.c.producer), else_=t.artifacts.c.producer)
_LINKS = (
    select(
        *(column for column in t.artifact_tasks.c if column.name != "producer"),
        t.runs.c.run_id,
        _PRODUCER.label("producer"),
    )
    .join(t.runs, t.runs.c.run_key == t.artifact_tasks.c.run_key)
    .join(t.artifacts, t.artifacts.c.artifact_id == t.artifact_tasks.c.artifact_id)
)


def list_artifacts(tx: Connection, namespace: str, query: ListQuery) -> Page[ArtifactRecord]:
    """Artifacts of all runs, deleted ones included: their bytes are there too. Of metrics, the numbers."""
    c = t.artifacts.c
    listing = Listing(
        name="Artifact",
        id=c.artifact_id,
        texts={
            "id": c.artifact_id,
            "artifact_id": c.artifact_id,
            "namespace": c.namespace,
            "type": _TYPE,
            "uri": c.uri,
            "name": c.name,
            "description": func.coalesce(c.description, literal("")),
            "metadata": _METADATA,
        },
        times={"created_at": c.created_at, "last_update": c.created_at},
        numbers={"number_value": c.number_value},
    )
    found = fetch(tx, listing, select(t.artifacts), query, c.namespace == namespace, c.listed == 1)
    return Page(tuple(map(_artifact_record, found.rows)), found.total, found.next)


def list_artifact_tasks(
    tx: Connection,
    namespace: str,
    query: ListQuery,
    *,
    run_ids: Sequence[str] = (),
    task_ids: Sequence[str] = (),
    artifact_ids: Sequence[str] = (),
) -> Page[ArtifactTask]:
    """Links of lineage: of these runs, tasks and artifacts, at least one of which must be given.

    Of a metrics artifact those of its numbers, unless it is asked for itself.
    """
    c = t.artifact_tasks.c
    given: list[Column] = [
        column.in_(wanted)
        for column, wanted in ((t.runs.c.run_id, run_ids), (c.task_id, task_ids), (c.artifact_id, artifact_ids))
        if wanted
    ]
    if not given:
        raise InvalidInput("none of run_ids, task_ids, artifact_ids is given", hint="Give at least one of them")
    listing = Listing(
        name="ArtifactTask",
        id=c.link_id,
        texts={
            "id": c.link_id,
            "artifact_id": c.artifact_id,
            "run_id": t.runs.c.run_id,
            "task_id": c.task_id,
            "type": c.type,
            "key": c.key,
        },
        times={"created_at": t.artifacts.c.created_at},
        in_order="",
    )
    if not artifact_ids:
        given.append(t.artifacts.c.listed == 1)
    found = fetch(tx, listing, _LINKS, query, c.namespace == namespace, t.runs.c.namespace != t.GONE, *given)
    return Page(tuple(map(_artifact_task, found.rows)), found.total, found.next)


def get_artifact(tx: Connection, artifact_id: str) -> ArtifactRecord:
    """Raises NotFound."""
    row = tx.execute(_ARTIFACT, {"artifact": artifact_id}).first()
    if row is None:
        raise NotFound(f"Artifact {artifact_id} not found")
    return _artifact_record(row)


def metrics_of(tx: Connection, run_key: int) -> tuple[RunMetric, ...]:
    """The numbers that the run with that key gave, by name."""
    m = t.metrics.c
    asked = (
        select(m.key, m.value, t.artifacts.c.task_id)
        .join(t.artifacts, t.artifacts.c.artifact_id == m.artifact_id)
        .where(m.run_key == run_key)
        .order_by(m.key, m.artifact_id)
    )
    return tuple(RunMetric(row.key, row.task_id, row.value) for row in tx.execute(asked))


def _artifact_record(row: Row[Any]) -> ArtifactRecord:
    return ArtifactRecord(
        artifact=artifact_of(row),
        key=row.artifact_key,
        namespace=row.namespace,
        run_id=row.run_id,
        task_id=row.task_id,
        producer=row.producer,
    )


def _artifact_task(row: Row[Any]) -> ArtifactTask:
    return ArtifactTask(
        link_id=row.link_id,
        artifact_id=row.artifact_id,
        run_id=row.run_id,
        task_id=row.task_id,
        type=IOType(row.type),
        key=row.key,
        position=row.position,
        producer=row.producer,
        iteration=row.iteration,
    )
