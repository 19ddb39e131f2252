"""Lineage: which task made which artifact, which used it, and the metrics that it holds. Written with the state.

Takes the uses of a batch. An artifact gets its one row when it first comes out of a task; after that (a DAG hands on
what its tasks made, a cached task what an earlier run made) it is only linked. Metrics are noted once per run. Of a
metrics artifact each number has a row of its own besides, and links of its own: KFP 3.0 lists those.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, exists, insert, or_, select

from headrace.base import ids
from headrace.base.json import JsonObject, canonical
from headrace.model.artifact import METRIC, METRICS, OUTPUTS, Artifact, IOType, Origin, metric_id, numbers
from headrace.model.run import Run
from headrace.model.task import task_id
from headrace.spec import origins
from headrace.spec.plan import Plan
from headrace.store import keys
from headrace.store import tables as t
from headrace.store.batch import Use
from headrace.store.rows import Values, artifact_of, artifact_values

METRIC_TYPES = frozenset({METRICS, "system.ClassificationMetrics", "system.SlicedClassificationMetrics"})
METRIC_KEY_LENGTH = 191
CHUNK = 500

_GIVEN = or_(
    exists().where(
        t.artifact_tasks.c.run_key == bindparam("run"),
        t.artifact_tasks.c.artifact_id == t.artifacts.c.artifact_id,
        t.artifact_tasks.c.type.in_(sorted(OUTPUTS)),
    ),
    exists().where(  # a task that was removed to run again has no links, but its metrics are the run's still
        t.metrics.c.run_key == bindparam("run"), t.metrics.c.artifact_id == t.artifacts.c.artifact_id
    ),
)
_KNOWN = select(t.artifacts.c.artifact_id, _GIVEN.label("given")).where(
    t.artifacts.c.artifact_id.in_(bindparam("ids", expanding=True))
)
_SAME = (
    select(t.artifacts)
    .where(t.artifacts.c.namespace == bindparam("namespace"), t.artifacts.c.identity == bindparam("identity"))
    .order_by(t.artifacts.c.artifact_key.desc())
    .limit(1)
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


def record(tx: Connection, run: Run, uses: Sequence[Use], plan: Plan | None) -> None:
    """Write the links of `uses`, the artifacts that they show for the first time, and the run's new metrics.

    Links say where each artifact is from as far as `plan` tells; one that cannot be compiled is None.
    """
    if not uses:
        return
    outputs = _outputs(uses)
    known = _known(tx, run.key, list(outputs))
    new = [made for made in outputs.values() if made.artifact.artifact_id not in known]
    if new:
        rows = [row for made in new for row in _rows(run, made)]
        made_keys = keys.take(tx, len(rows))
        tx.execute(_MAKE, [{**row, "artifact_key": key} for row, key in zip(rows, made_keys, strict=True)])
    metrics = [
        {
            "run_key": run.key,
            "artifact_id": made.artifact.artifact_id,
            "key": key,
            "namespace": run.namespace,
            "run_id": run.run_id,
            "value": value,
        }
        for made in outputs.values()
        if not known.get(made.artifact.artifact_id)
        for key, value in _measured(made.artifact)
    ]
    if metrics:
        tx.execute(_MEASURE, metrics)
    links = list(_links(run, uses, plan))
    if links:
        tx.execute(_LINK, links)


def artifacts_by_id(tx: Connection, wanted: Collection[str]) -> dict[str, Artifact]:
    """The artifacts of these ids, those that exist."""
    found: dict[str, Artifact] = {}
    for chunk in chunks(list(wanted)):
        found.update({row.artifact_id: artifact_of(row) for row in tx.execute(_ARTIFACTS, {"ids": chunk})})
    return found


def find_same(tx: Connection, namespace: str, uri: str, kind: str, metadata: JsonObject) -> Artifact | None:
    """The newest artifact of that uri, type and metadata: what Kubeflow Pipelines' importers take again."""
    row = tx.execute(_SAME, {"namespace": namespace, "identity": _identity(uri, kind, metadata)}).first()
    return None if row is None else artifact_of(row)


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


def _rows(run: Run, made: _Made) -> Iterator[Values]:
    """The row of the artifact, and one for each of its numbers if it holds metrics."""
    maker = {
        "namespace": run.namespace,
        "run_id": run.run_id,
        "task_id": task_id(run.run_id, made.path),
        "producer": made.path.rpartition(".")[2],
    }
    whole = made.artifact
    known_by = _identity(whole.uri, whole.type, whole.metadata)
    yield {**artifact_values(whole), **maker, "listed": int(whole.type != METRICS), "identity": known_by}
    for number in split(whole):
        yield {**artifact_values(number), **maker, "listed": 1, "identity": None}


def _identity(uri: str, kind: str, metadata: JsonObject) -> str:
    return hashlib.sha256(canonical([uri, kind, metadata]).encode()).hexdigest()


def split(whole: Artifact) -> list[Artifact]:
    """The numbers of a metrics artifact, each as an artifact; none of any other."""
    if whole.type != METRICS:
        return []
    return [
        replace(
            whole,
            artifact_id=metric_id(whole.artifact_id, name),
            name=name,
            type=METRIC,
            uri="",
            metadata={},
            digest="",
            size=-1,
            number_value=value,
        )
        for name, value in numbers(whole).items()
    ]


def _links(run: Run, uses: Sequence[Use], plan: Plan | None) -> Iterator[Values]:
    """None of iterations: what goes through them is their loop's and their tasks'."""
    for use in uses:
        if plan is not None and origins.is_iteration(plan, use.path):
            continue
        task = task_id(run.run_id, use.path)
        for key, artifacts in use.bindings.artifacts.items():
            origin = _origin(plan, use, key)
            for position, artifact in enumerate(artifacts):
                link = {
                    "link_id": ids.derived(task, use.type, key, position),
                    "namespace": run.namespace,
                    "run_key": run.key,
                    "task_id": task,
                    "artifact_id": artifact.artifact_id,
                    "type": origin.type.value,
                    "position": position,
                    "iteration": origin.iteration,
                    "posted": 0,
                    "key": key,
                    "producer": origin.producer,
                }
                yield link
                for number in split(artifact):
                    link_id = ids.derived(task, use.type, key, position, number.name)
                    yield {**link, "link_id": link_id, "artifact_id": number.artifact_id}


def _origin(plan: Plan | None, use: Use, key: str) -> Origin:
    """Where the artifacts under `key` are from."""
    is_output = use.type == "OUTPUT"
    if plan is None:
        return Origin(IOType.OUTPUT if is_output else IOType.TASK_OUTPUT_INPUT)
    return (origins.outputs if is_output else origins.inputs)(plan, use.path).artifact(key)


def _measured(artifact: Artifact) -> Iterator[tuple[str, float]]:
    """What the metrics table can hold of a metrics artifact: names of a bounded length."""
    if artifact.type in METRIC_TYPES:
        yield from ((key, value) for key, value in numbers(artifact).items() if len(key) <= METRIC_KEY_LENGTH)
