"""A database as it is after years: ended runs with ten tasks and ten artifacts each, written in bulk."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, create_engine, insert, make_url

from headrace.base import ids
from headrace.base.clock import SECOND, Instant, SystemClock
from headrace.model.artifact import METRICS, Artifact, Bindings, IOType
from headrace.model.catalog import Experiment
from headrace.model.run import Run, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, Task, TaskKind, task_id
from headrace.spec.load import document_from_json
from headrace.store import catalog, keys, lineage, rows, runs, tables
from headrace.store.db import Database, Tx

LEAVES = 9
CHUNK = 1000
EXPERIMENTS = 20
EVERY_FAILED = 20
RARE = 1000
"""One of so many runs has `rare` in its name."""

OLD = 100
"""The first of so many parts of all runs has `old` in its name."""

METRIC = "accuracy"


def populate(url: str, number: int, document: dict[str, Any]) -> str:
    """Fill the database with so many runs of the pipeline; the id of one of them."""
    database = Database.open(url, SystemClock())
    try:
        run_id = _populate(database, number, document)
    finally:
        database.close()
    if url.startswith("postgres"):
        _vacuum(url)
    return run_id


def _vacuum(url: str) -> None:
    """What PostgreSQL does by itself in time, and what its plans and its index-only scans are good for then."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def _populate(database: Database, number: int, document: dict[str, Any]) -> str:
    plan_id = document_from_json(document).plan_id
    begin = Instant(SystemClock().now() - (number + 1) * SECOND)
    experiments = [Experiment(ids.fresh(), f"experiment {serial}", "", begin) for serial in range(EXPERIMENTS)]

    def first(tx: Tx) -> None:
        runs.keep_document(tx, plan_id, document)
        for each in experiments:
            catalog.create_experiment(tx, each)

    database.submit(first).result()
    luck, run_id = random.Random(0), ""
    pending: Future[None] | None = None
    for start in range(0, number, CHUNK):
        serials = range(start, min(start + CHUNK, number))
        made = [_run(serial, number, plan_id, begin, experiments, luck) for serial in serials]
        run_id = made[0].run_id
        batch = _Batch.of(made, luck)
        if pending is not None:
            pending.result()
        pending = database.submit(batch)
    if pending is not None:
        pending.result()
    return run_id


@dataclass(frozen=True, slots=True)
class _Batch:
    """The rows of some runs, by table, but for their keys; called by the store's writer."""

    runs: Sequence[Run]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, made: Sequence[Run], luck: random.Random) -> "_Batch":
        batch = cls(made, {table.name: [] for table in _TABLES})
        for run in made:
            for table, row in _rows(run, luck):
                batch.rows[table.name].append({**row, "owner": run.run_id})
        return batch

    def __call__(self, tx: Tx) -> None:
        run_keys = dict(zip((run.run_id for run in self.runs), keys.take(tx, len(self.runs)), strict=True))
        for table in _TABLES:
            own = next((name for name in ("task_key", "artifact_key") if name in table.c), "")
            taken = iter(keys.take(tx, len(self.rows[table.name])) if own else ())
            filled = []
            for row in self.rows[table.name]:
                owner = row.pop("owner")
                if "run_key" in table.c:
                    row["run_key"] = run_keys[owner]
                if own:
                    row[own] = next(taken)
                filled.append(row)
            tx.execute(insert(table), filled)


_TABLES: tuple[Table, ...] = (
    tables.runs,
    tables.tasks,
    tables.artifacts,
    tables.artifact_tasks,
    tables.metrics,
    tables.run_events,
)


def _run(
    serial: int, number: int, plan_id: str, begin: Instant, experiments: Sequence[Experiment], luck: random.Random
) -> Run:
    at, state = Instant(begin + serial * SECOND), State.SUCCEEDED if serial % EVERY_FAILED else State.FAILED
    words = ("old " if serial < number // OLD else "") + ("rare " if serial % RARE == RARE // 2 else "")
    return Run(
        run_id=ids.fresh(),
        key=0,
        name=f"{words}training of model {luck.randrange(100)} {serial}",
        namespace="",
        experiment_id=luck.choice(experiments).experiment_id,
        plan_id=plan_id,
        pipeline_name="benchmark",
        created_at=at,
        scheduled_at=at,
        finished_at=Instant(at + SECOND),
        state=state,
        parameters={"learning_rate": 0.1, "epochs": 10},
        pipeline_root="minio://mlpipeline/v2/artifacts",
        service_account="pipeline-runner",
        history=(StateChange(at, State.PENDING), StateChange(at, State.RUNNING), StateChange(at, state)),
    )


def _rows(run: Run, luck: random.Random) -> Iterator[tuple[Table, dict[str, Any]]]:
    """All rows of one run, without keys."""
    yield tables.runs, {name: value for name, value in rows.run_values(run).items() if name != "run_key"}
    event = {"number": 1, "namespace": "", "at": run.created_at, "kind": "RunRequested"}
    yield tables.run_events, {**event, "state": run.state.value, "path": "", "payload": "{}"}
    root = _root(run)
    yield tables.tasks, root
    for number in range(LEAVES):
        name = f"step-{number}"
        made = {"data": _artifact(run, f"data-{number}", "system.Dataset", {})}
        if number == LEAVES - 1:
            made["metrics"] = _artifact(run, "metrics", METRICS, {METRIC: luck.random()})
        path = f"{ROOT}.{name}"
        outputs = rows.bindings_json(Bindings({"total": number}, {key: (each,) for key, each in made.items()}))
        own = {"task_id": task_id(run.run_id, path), "path": path, "parent": ROOT, "kind": TaskKind.RUNTIME.value}
        yield tables.tasks, {**root, **own, "name": name, "display_name": name, "outputs": outputs}
        for key, artifact in made.items():
            yield from _artifact_rows(run, own["task_id"], name, key, artifact)


def _root(run: Run) -> dict[str, Any]:
    """The run's first task; the others are like it in all that does not tell them apart."""
    at = run.created_at
    task = Task(
        task_id=task_id(run.run_id, ROOT),
        path=ROOT,
        parent="",
        name=ROOT,
        display_name=ROOT,
        kind=TaskKind.ROOT,
        state=run.state,
        created_at=at,
        started_at=at,
        ended_at=run.finished_at,
        inputs=Bindings({"number": 1}),
        history=(StateChange(at, State.RUNNING), StateChange(at, run.state)),
    )
    return {**rows.task_values(task), "namespace": ""}


def _artifact(run: Run, name: str, type: str, metadata: dict[str, Any]) -> Artifact:
    uri = f"{run.pipeline_root}/benchmark/{run.run_id}/{name}"
    return Artifact(f"{run.run_id}-{name}", name, type, uri, metadata, size=1, created_at=run.created_at)


def _artifact_rows(run: Run, task: str, name: str, key: str, whole: Artifact) -> Iterator[tuple[Table, dict[str, Any]]]:
    """The artifact, its numbers if it holds metrics, and their links."""
    maker = {"namespace": "", "run_id": run.run_id, "task_id": task, "producer": name}
    for each in (whole, *lineage.split(whole)):
        listed = int(each.type != METRICS)
        yield tables.artifacts, {**rows.artifact_values(each), **maker, "listed": listed}
        link = {"link_id": f"{each.artifact_id}-out", "namespace": "", "task_id": task, "artifact_id": each.artifact_id}
        place = {"type": IOType.OUTPUT.value, "position": 0, "iteration": -1, "posted": 0, "key": key, "producer": ""}
        yield tables.artifact_tasks, {**link, **place}
    if whole.type == METRICS:
        value = {"key": METRIC, "value": whole.metadata[METRIC]}
        yield tables.metrics, {"artifact_id": whole.artifact_id, "namespace": "", "run_id": run.run_id, **value}
