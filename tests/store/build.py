"""Small valid objects for the tests of the store, and the two ways to the database."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from headrace.base import ids
from headrace.base.clock import Instant
from headrace.base.json import JsonValue
from headrace.model.artifact import Artifact, Bindings
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion
from headrace.model.event import RunRequested
from headrace.model.run import Run, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, Task, TaskKind, attempt_id, task_id
from headrace.store import catalog, runs
from headrace.store.db import Database, Tx

T = TypeVar("T")

PLAN = "sha256:" + "0" * 64
DOCUMENT = {"pipelineInfo": {"name": "demo"}, "root": {"dag": {}}}


def do(database: Database, unit: Callable[[Tx], T]) -> T:
    """What a committed unit gave."""
    return database.submit(unit).result(timeout=60)


def make_experiment(database: Database, name: str = "e", *, at: int = 1, namespace: str = "") -> Experiment:
    made = Experiment(ids.derived(namespace, name), name, namespace, Instant(at))
    return do(database, lambda tx: catalog.create_experiment(tx, made))


def make_pipeline(
    database: Database, name: str = "p", *, at: int = 1, tags: Mapping[str, str] | None = None
) -> Pipeline:
    made = Pipeline(ids.derived(name, "pipeline"), name, name.title(), "", Instant(at), tags=tags or {})
    return do(database, lambda tx: catalog.create_pipeline(tx, made))


def make_version(database: Database, pipeline: Pipeline, name: str, *, at: int = 1, id: str = "") -> PipelineVersion:
    made = PipelineVersion(
        pipeline_version_id=id or ids.derived(pipeline.pipeline_id, name),
        pipeline_id=pipeline.pipeline_id,
        name=name,
        display_name=name,
        created_at=Instant(at),
        plan_id=PLAN,
        tags={"stage": name},
    )
    return do(database, lambda tx: catalog.create_version(tx, made, DOCUMENT))


def a_run(name: str = "r", *, at: int = 1, experiment_id: str = "", **parameters: JsonValue) -> Run:
    """A run that has not been created."""
    return Run(
        run_id=ids.derived("run", name, at),
        key=0,
        name=name,
        namespace="",
        experiment_id=experiment_id,
        plan_id=PLAN,
        pipeline_name="demo",
        created_at=Instant(at),
        scheduled_at=Instant(at),
        parameters=parameters,
        pipeline_root="minio://mlpipeline/v2/artifacts",
        history=(StateChange(Instant(at), State.PENDING),),
    )


def make_run(database: Database, run: Run | None = None) -> Run:
    wanted = run or a_run()
    return do(database, lambda tx: runs.create_run(tx, wanted, DOCUMENT, RunRequested(wanted.created_at)))


def a_task(run: Run, path: str, state: State = State.PENDING, *, at: int = 10, inputs: Bindings | None = None) -> Task:
    """A task as the planner adds it."""
    parent, _, name = path.rpartition(".")
    return Task(
        task_id=task_id(run.run_id, path),
        path=path,
        parent=parent,
        name=name,
        display_name=name.title(),
        kind=TaskKind.ROOT if path == ROOT else TaskKind.RUNTIME,
        state=state,
        created_at=Instant(at),
        started_at=Instant(at if state is State.RUNNING else 0),
        inputs=inputs or Bindings(),
        history=(StateChange(Instant(at), state),),
    )


def an_attempt(run: Run, path: str, number: int = 1, *, at: int = 11) -> Attempt:
    return Attempt(attempt_id(run.run_id, path, number), path, number, created_at=Instant(at))


def an_artifact(name: str, *, type: str = "system.Dataset", **metadata: JsonValue) -> Artifact:
    return Artifact(
        artifact_id=ids.derived("artifact", name),
        name=name,
        type=type,
        uri=f"minio://mlpipeline/{name}",
        metadata=metadata,
        digest="sha256:" + "1" * 64,
        size=12,
        created_at=Instant(9),
    )


def with_attempts(task: Task, *attempts: Attempt) -> Task:
    return replace(task, attempts=attempts)
