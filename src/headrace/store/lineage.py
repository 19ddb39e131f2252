"""Lineage: which task made which artifact, which used it, and the metrics that it holds. Written with the state.

Takes the uses of a batch. An artifact gets its one row when it first comes out of a task; after that (a DAG hands on
what its tasks made, a cached task what an earlier run made) it is only linked. Metrics are noted once per run.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, exists, insert, select

from headrace.base import ids
from headrace.model.artifact import Artifact
from headrace.model.run import Run
from headrace.model.task import task_id
from headrace.store import keys
from headrace.store import tables as t
from headrace.store.batch import Use
from headrace.store.rows import Values, artifact_of, artifact_values

METRIC_TYPES = frozenset({"system.Metrics", "system.ClassificationMetrics", "system.SlicedClassificationMetrics"})
METRIC_KEY_LENGTH = 191
CHUNK = 500

_GIVEN = exists().where(
    t.artifact_tasks.c.run_key == bindparam("run"),
    t.artifact_tasks.c.artifact_id == t.artifacts.c.artifact_id,
    t.artifact_tasks.c.type == "OUTPUT",
)
_KNOWN = select(t.artifacts.c.artifact_id, _GIVEN.label("given")).where(
    t.artifacts.c.artifact_id.in_(bindparam("ids", expanding=True))
)
_ARTIFACTS = select(t.artifacts).where(t.artifacts.c.artifact_id.in_(bindparam("ids", expanding=True)))
_LINK = insert(t.artifact_tasks)
_MAKE = insert(t.artifacts)
_MEASURE = insert(t.metrics)


@dataclass(frozen=True, slots=True)
class _Made:
    """An artifact that came out of the task at `path`."""

    path: str
    artifact: Artifact


def record(tx: Connection, run: Run, uses: Sequence[Use]) -> None:
    """Write the links of `uses`, the artifacts that they show for the first time, and the run's new metrics."""
    if not uses:
        return
    outputs = _outputs(uses)
    known = _known(tx, run.key, list(outputs))
    new = [made for made in outputs.values() if made.artifact.artifact_id not in known]
    if new:
        made_keys = keys.take(tx, len(new))
        tx.execute(_MAKE, [_row(run, made, key) for made, key in zip(new, made_keys, strict=True)])
    metrics = [
        {
            "run_key": run.key,
            "artifact_id": made.artifact.artifact_id,
            "key": key,
            "namespace": run.namespace,
            "value": value,
        }
        for made in outputs.values()
        if not known.get(made.artifact.artifact_id)
        for key, value in _numbers(made.artifact)
    ]
    if metrics:
        tx.execute(_MEASURE, metrics)
    links = list(_links(run, uses))
    if links:
        tx.execute(_LINK, links)


def artifacts_by_id(tx: Connection, wanted: Collection[str]) -> dict[str, Artifact]:
    """The artifacts of these ids, those that exist."""
    found: dict[str, Artifact] = {}
    for chunk in chunks(list(wanted)):
        found.update({row.artifact_id: artifact_of(row) for row in tx.execute(_ARTIFACTS, {"ids": chunk})})
    return found


def chunks(wanted: Sequence[str]) -> Iterator[Sequence[str]]:
    """`wanted` in pieces that fit an IN list of any database."""
    for start in range(0, len(wanted), CHUNK):
        yield wanted[start : start + CHUNK]


def _outputs(uses: Sequence[Use]) -> dict[str, _Made]:
    """By artifact id, what came out, and of which task first."""
    outputs: dict[str, _Made] = {}
    for use in uses:
        if use.type == "OUTPUT":
            for artifacts in use.bindings.artifacts.values():
                for artifact in artifacts:
                    outputs.setdefault(artifact.artifact_id, _Made(use.path, artifact))
    return outputs


def _known(tx: Connection, run_key: int, wanted: Sequence[str]) -> dict[str, bool]:
    """The ids that have a row, and whether this run gave them before."""
    known: dict[str, bool] = {}
    for chunk in chunks(wanted):
        rows = tx.execute(_KNOWN, {"run": run_key, "ids": chunk})
        known.update({row.artifact_id: bool(row.given) for row in rows})
    return known


def _row(run: Run, made: _Made, key: int) -> Values:
    return {
        **artifact_values(made.artifact),
        "artifact_key": key,
        "namespace": run.namespace,
        "run_id": run.run_id,
        "task_id": task_id(run.run_id, made.path),
        "producer": made.path.rpartition(".")[2],
    }


def _links(run: Run, uses: Sequence[Use]) -> Iterator[Values]:
    for use in uses:
        task = task_id(run.run_id, use.path)
        for key, artifacts in use.bindings.artifacts.items():
            for position, artifact in enumerate(artifacts):
                yield {
                    "link_id": ids.derived(task, use.type, key, position),
                    "namespace": run.namespace,
                    "run_key": run.key,
                    "task_id": task,
                    "artifact_id": artifact.artifact_id,
                    "type": use.type,
                    "position": position,
                    "key": key,
                }


def _numbers(artifact: Artifact) -> Iterator[tuple[str, float]]:
    """What the metrics table can hold of a metrics artifact: finite numbers, under names of a bounded length."""
    if artifact.type not in METRIC_TYPES:
        return
    for key, value in artifact.metadata.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or len(key) > METRIC_KEY_LENGTH:
            continue
        try:
            number = float(value)
        except OverflowError:  # an integer of more than 308 digits
            continue
        if math.isfinite(number):
            yield key, number
