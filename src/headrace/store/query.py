"""What the APIs ask: lists, a page at a time, and single runs and tasks.

A list names its columns: of a run's parameters it has only what is small, and of documents and plug-ins nothing.
Times and states are as committed, but that a run whose termination is asked for shows as CANCELING before its
controller took that up, and one that is to be retried as PENDING since it was asked.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)

from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.engine.decision import RunMoved
from headrace.engine.state import run_after
from headrace.model.catalog import Experiment, Pipeline, PipelineVersion
from headrace.model.listing import ListQuery, Page
from headrace.model.run import Run
from headrace.model.state import State, StorageState
from headrace.model.task import Task
from headrace.store import tables as t
from headrace.store import tags
from headrace.store.lineage import chunks
from headrace.store.listing import Column, Listing, Ranking
from headrace.store.paging import fetch
from headrace.store.rows import experiment_of, pipeline_of, run_of, version_of
from headrace.store.runs import load_tasks, run_key, tasks_of, with_resume
from headrace.store.views import RunVersion

LISTED_PARAMETERS = 65_536
"""Parameters of more characters than this are left out of lists of runs."""

STORED = tuple(state.value for state in StorageState)
_TERMINATING = exists().where(t.inbox.c.run_id == t.runs.c.run_id, t.inbox.c.kind == "TerminateRequested")
_RETRY_ASKED = select(func.min(t.inbox.c.at)).where(
    t.inbox.c.run_id == t.runs.c.run_id, t.inbox.c.kind == "RetryRequested"
)
_ENDED = [state.value for state in State if state.ended]
_SHOWN_STATE = case(
    (t.runs.c.state.in_((State.PENDING.value, State.RUNNING.value)) & _TERMINATING, State.CANCELING.value),
    else_=t.runs.c.state,
).label("state")
_RETRY_AT = case((t.runs.c.state.in_(_ENDED), _RETRY_ASKED.scalar_subquery())).label("retry_at")
_NOT_AS_IT_IS = ("state", "folded_name", "parameters_size", "parameters", "plugins_input", "revision")
_RUN_COLUMNS = [column for column in t.runs.c if column.name not in _NOT_AS_IT_IS]
_RUN: Select[Any] = select(*_RUN_COLUMNS, _SHOWN_STATE, _RETRY_AT, t.runs.c.parameters, t.runs.c.plugins_input).where(
    t.runs.c.run_id == bindparam("run"), t.runs.c.namespace != t.GONE
)
_STATE = select(_SHOWN_STATE, _RETRY_AT).where(t.runs.c.run_id == bindparam("run"))
_LISTED_RUN = select(
    *_RUN_COLUMNS,
    _SHOWN_STATE,
    _RETRY_AT,
    case((t.runs.c.parameters_size <= LISTED_PARAMETERS, t.runs.c.parameters)).label("parameters"),
    null().label("plugins_input"),
)
_VERSIONS = select(
    t.runs.c.run_id,
    t.runs.c.revision,
    select(func.max(t.run_events.c.number))
    .where(t.run_events.c.run_key == t.runs.c.run_key)
    .scalar_subquery()
    .label("event"),
    select(func.max(t.inbox.c.inbox_key)).where(t.inbox.c.run_id == t.runs.c.run_id).scalar_subquery().label("wish"),
).where(t.runs.c.run_id.in_(bindparam("runs", expanding=True)), t.runs.c.namespace != t.GONE)
_TASK = select(t.tasks).where(t.tasks.c.task_id == bindparam("task"), t.tasks.c.run_key == bindparam("run"))
_COUNTS = select(t.runs.c.state, func.count().label("runs")).group_by(t.runs.c.state)


def list_experiments(tx: Connection, namespace: str, query: ListQuery) -> Page[Experiment]:
    """Raises InvalidInput, as all lists do."""
    c = t.experiments.c
    listing = Listing(
        name="Experiment",
        id=c.experiment_id,
        texts={
            "id": c.experiment_id,
            "experiment_id": c.experiment_id,
            "name": c.name,
            "display_name": c.name,
            "description": c.description,
            "namespace": c.namespace,
            "storage_state": c.storage_state,
        },
        times={"created_at": c.created_at, "last_run_created_at": c.last_run_created_at},
        choices={"storage_state": STORED},
    )
    found = fetch(tx, listing, select(t.experiments), query, c.namespace == namespace)
    return Page(tuple(map(experiment_of, found.rows)), found.total, found.next)


def list_pipelines(tx: Connection, namespace: str, query: ListQuery) -> Page[Pipeline]:
    """With their tags."""
    c = t.pipelines.c
    listing = Listing(
        name="Pipeline",
        id=c.pipeline_id,
        texts={
            "id": c.pipeline_id,
            "pipeline_id": c.pipeline_id,
            "name": c.name,
            "display_name": c.display_name,
            "description": c.description,
            "namespace": c.namespace,
        },
        times={"created_at": c.created_at},
        dynamic={"tags.": lambda key: _tag(c.pipeline_id, key)},
        filters=frozenset({"tags."}),
    )
    found = fetch(tx, listing, select(t.pipelines), query, c.namespace == namespace)
    tagged = tags.of(tx, [row.pipeline_id for row in found.rows])
    return Page(tuple(pipeline_of(row, tagged[row.pipeline_id]) for row in found.rows), found.total, found.next)


def list_versions(tx: Connection, pipeline_id: str, query: ListQuery) -> Page[PipelineVersion]:
    """The versions of a pipeline, with their tags; their documents are in `runs.load_document`."""
    c = t.pipeline_versions.c
    listing = Listing(
        name="PipelineVersion",
        id=c.pipeline_version_id,
        texts={
            "id": c.pipeline_version_id,
            "pipeline_version_id": c.pipeline_version_id,
            "name": c.name,
            "display_name": c.display_name,
            "description": c.description,
            "status": literal("READY"),
            "pipeline_spec": select(t.plans.c.document).where(t.plans.c.plan_id == c.plan_id).scalar_subquery(),
        },
        times={"created_at": c.created_at},
        dynamic={"tags.": lambda key: _tag(c.pipeline_version_id, key)},
        filters=frozenset({"tags."}),
    )
    found = fetch(tx, listing, select(t.pipeline_versions), query, c.pipeline_id == pipeline_id)
    tagged = tags.of(tx, [row.pipeline_version_id for row in found.rows])
    return Page(tuple(version_of(row, tagged[row.pipeline_version_id]) for row in found.rows), found.total, found.next)


def list_runs(tx: Connection, namespace: str, query: ListQuery, experiment_id: str = "") -> Page[Run]:
    """The runs of a namespace, or of one experiment in it; parameters over LISTED_PARAMETERS are left out."""
    c = t.runs.c
    listing = Listing(
        name="Run",
        id=c.run_id,
        texts={
            "id": c.run_id,
            "run_id": c.run_id,
            "name": c.name,
            "display_name": c.name,
            "description": c.description,
            "storage_state": c.storage_state,
            "status": c.state,
            "state": c.state,
            "state_history": c.history,
            "namespace": c.namespace,
            "experiment_id": c.experiment_id,
            "recurring_run_id": c.recurring_run_id,
            "runtime_details": literal(""),
        },
        times={"created_at": c.created_at, "finished_at": c.finished_at, "scheduled_at": c.scheduled_at},
        ranked={"metric:": lambda name: _metric(namespace, name)},
        folded={"name": c.folded_name, "display_name": c.folded_name},
        choices={"storage_state": STORED},
    )
    scope: list[Column] = [c.namespace == namespace]
    if experiment_id:
        scope.append(c.experiment_id == experiment_id)
    found = fetch(tx, listing, _LISTED_RUN, query, *scope)
    return Page(tuple(map(_shown_run, found.rows)), found.total, found.next)


def get_run(tx: Connection, run_id: str) -> Run:
    """Raises NotFound."""
    row = tx.execute(_RUN, {"run": run_id}).first()
    if row is None:
        raise NotFound(f"Run {run_id} not found")
    return with_resume(tx, _shown_run(row))


def get_state(tx: Connection, run_id: str) -> State:
    """The state of a run as it is shown. Raises NotFound."""
    row = tx.execute(_STATE, {"run": run_id}).first()
    if row is None:
        raise NotFound(f"Run {run_id} not found")
    return State(row.state) if row.retry_at is None else State.PENDING


def run_versions(tx: Connection, run_ids: Collection[str]) -> dict[str, RunVersion]:
    """The versions of the runs that there are among these: while a run's is the same, so is all that is shown of it."""
    found: dict[str, RunVersion] = {}
    for chunk in chunks(list(run_ids)):
        for row in tx.execute(_VERSIONS, {"runs": chunk}):
            found[row.run_id] = RunVersion(row.revision, row.event or 0, row.wish or 0)
    return found


def get_tasks(tx: Connection, run_id: str) -> tuple[Task, ...]:
    """All tasks of a run, in the order in which they were reached. Raises NotFound."""
    return load_tasks(tx, run_key(tx, run_id))


def get_task(tx: Connection, run_id: str, task_id: str) -> Task:
    """Raises NotFound."""
    row = tx.execute(_TASK, {"task": task_id, "run": run_key(tx, run_id)}).first()
    if row is None:
        raise NotFound(f"Task {task_id} not found in run {run_id}")
    return tasks_of(tx, [row])[0]


def count_runs(tx: Connection) -> Mapping[State, int]:
    """How many runs there are in each state, in all namespaces; states without any are left out."""
    return {State(row.state): row.runs for row in tx.execute(_COUNTS)}


def _shown_run(row: Row[Any]) -> Run:
    """The run as it is shown: one that is to be retried as its controller will first put it."""
    run = run_of(row)
    return run if row.retry_at is None else run_after(run, RunMoved(Instant(row.retry_at), State.PENDING))


def _tag(owner: Column, key: str) -> Column:
    """The value of the tag that the row's owner has under `key`."""
    return select(t.tags.c.value).where(t.tags.c.owner_id == owner, t.tags.c.key == key).scalar_subquery()


def _metric(namespace: str, name: str) -> Ranking:
    """The metric that the row's run has under `name`, the largest of several."""
    m, other = t.metrics.c, t.metrics.alias("other").c
    larger = or_(other.value > m.value, and_(other.value == m.value, other.artifact_id > m.artifact_id))
    best = ~exists().where(other.run_key == m.run_key, other.key == m.key, larger)
    any_ = t.metrics.alias("any").c
    of_it = and_(t.runs.c.run_key == m.run_key, m.namespace == namespace, m.key == name, best)
    return Ranking(
        source=t.metrics.join(t.runs, of_it),
        value=m.value,
        id=m.run_id,
        absent=~exists().where(any_.run_key == t.runs.c.run_key, any_.key == name),
    )
