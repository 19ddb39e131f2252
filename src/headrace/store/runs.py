"""Runs as their controller sees them: created with their first event, loaded whole, written change by change.

The caller holds the run's lease (`leases.py`) in the same transaction as `write` and `take_inbox`. The API creates runs
and posts to inboxes; it never writes a run's state.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, delete, func, insert, select, union, update
from sqlalchemy.exc import IntegrityError

from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, InvalidInput, NotFound
from headrace.base.json import JsonObject
from headrace.engine.decision import Change
from headrace.model.event import Event, RunRequested
from headrace.model.run import Run, StateChange
from headrace.model.state import State
from headrace.model.task import Attempt, Task, task_id
from headrace.spec.plan import Plan
from headrace.store import changes as run_changes
from headrace.store import history, keys, lineage
from headrace.store import tables as t
from headrace.store.batch import Batch, fold
from headrace.store.rows import (
    artifact_ids,
    artifact_of,
    attempt_of,
    attempt_values,
    from_json,
    resume_of,
    resume_values,
    run_of,
    run_values,
    task_of,
    task_values,
    to_json,
)
from headrace.store.views import EventRow

NAME_LENGTH = 255
LIVE = tuple(state.value for state in State if not state.ended)

_PLAN_IS_THERE = (  # and stays, until who asks has named it
    select(t.plans.c.plan_id).where(t.plans.c.plan_id == bindparam("plan")).with_for_update(read=True)
)
_RUN = select(t.runs).where(t.runs.c.run_id == bindparam("run"))
_RESUME = select(t.resumes).where(t.resumes.c.run_key == bindparam("run"))
_TASKS = select(t.tasks).where(t.tasks.c.run_key == bindparam("run")).order_by(t.tasks.c.task_key)
_ATTEMPTS = select(t.attempts).where(t.attempts.c.run_key == bindparam("run")).order_by(t.attempts.c.number)
_ATTEMPTS_OF_TASKS = (
    select(t.attempts).where(t.attempts.c.task_id.in_(bindparam("tasks", expanding=True))).order_by(t.attempts.c.number)
)
_ARTIFACTS = select(t.artifacts).where(
    t.artifacts.c.artifact_id.in_(
        select(t.artifact_tasks.c.artifact_id).where(t.artifact_tasks.c.run_key == bindparam("run"))
    ),
    t.artifacts.c.number_value.is_(None),  # numbers are parts of artifacts
)
_LAST_EVENT = select(func.max(t.run_events.c.number)).where(t.run_events.c.run_key == bindparam("run"))
_INBOX = select(t.inbox).where(t.inbox.c.run_id == bindparam("run")).order_by(t.inbox.c.at, t.inbox.c.inbox_key)
_ADD_TASKS = insert(t.tasks)
_ADD_ATTEMPTS = insert(t.attempts)
_ADD_EVENTS = insert(t.run_events)
_MOVE_ATTEMPT = (
    update(t.attempts)
    .where(t.attempts.c.attempt_id == bindparam("which"))
    .values(
        {
            name: bindparam(name)
            for name in ("state", "started_at", "ended_at", "exit_code", "infrastructure", "failure", "usage")
        }
    )
)


@dataclass(frozen=True, slots=True)
class RunRows:
    """All rows of a run: the planner's state is made of them. `last_event` is the number of its last event.

    `retired` holds, by path, the attempts of tasks that were removed.
    """

    run: Run
    document_id: str
    tasks: tuple[Task, ...]
    retired: Mapping[str, tuple[Attempt, ...]]
    last_event: int


def create_run(tx: Connection, run: Run, document: JsonObject, requested: RunRequested) -> Run:
    """Insert a run, its plan's document and its first event; gives the run with its key.

    A run in experiment "" is in none. Raises NotFound for its experiment, AlreadyExists for its id, InvalidInput for
    its name.
    """
    keep_document(tx, run.plan_id, document)
    return add_run(tx, run, requested)


def add_run(tx: Connection, run: Run, requested: RunRequested) -> Run:
    """As `create_run`, for a run whose document is kept already."""
    if not run.name or len(run.name) > NAME_LENGTH:
        hint = f"Give 1 to {NAME_LENGTH} characters"
        raise InvalidInput(f"a run's name has {len(run.name)} characters", where="display_name", hint=hint)
    run = replace(run, key=keys.take(tx, 1)[0])
    if run.experiment_id:
        _bump_experiment(tx, run)
    try:
        tx.execute(insert(t.runs), run_values(run))
    except IntegrityError as error:
        raise AlreadyExists(f"Run {run.run_id} already exists") from error
    if run.resume is not None:
        tx.execute(insert(t.resumes), resume_values(run, run.resume))
    run_changes.add(tx, run, (StateChange(run.created_at, run.state),))
    _post(tx, run.namespace, run.run_id, requested)
    return run


def keep_document(tx: Connection, plan_id: str, document: JsonObject) -> None:
    """Keep a pipeline's document under the id that its content gives it."""
    if tx.execute(_PLAN_IS_THERE, {"plan": plan_id}).first() is None:
        tx.execute(insert(t.plans), {"plan_id": plan_id, "document": to_json(document)})


def load_document(tx: Connection, plan_id: str) -> JsonObject:
    """The document of a plan. Raises NotFound."""
    text = tx.execute(select(t.plans.c.document).where(t.plans.c.plan_id == plan_id)).scalar()
    if text is None:
        raise NotFound(f"Pipeline document {plan_id} not found")
    document: JsonObject = from_json(text)
    return document


def load_run(tx: Connection, run_id: str) -> RunRows:
    """All rows of a run that are the planner's. Raises NotFound."""
    row = tx.execute(_RUN, {"run": run_id}).first()
    if row is None:
        raise NotFound(f"Run {run_id} not found")
    run = with_resume(tx, run_of(row))
    last = tx.execute(_LAST_EVENT, {"run": run.key}).scalar()
    tasks, retired = _load_tasks(tx, run.key)
    tasks = tuple(task for task in tasks if task.posted is None)
    return RunRows(run=run, document_id=run.plan_id, tasks=tasks, retired=retired, last_event=last or 0)


def with_resume(tx: Connection, run: Run) -> Run:
    """The run with what it was resumed from, if it was."""
    row = tx.execute(_RESUME, {"run": run.key}).first()
    return run if row is None else replace(run, resume=resume_of(row))


def load_tasks(tx: Connection, key: int) -> tuple[Task, ...]:
    """All tasks of the run with that key, in the order in which they were reached; those of clients, too."""
    return _load_tasks(tx, key)[0]


def _load_tasks(tx: Connection, key: int) -> tuple[tuple[Task, ...], dict[str, tuple[Attempt, ...]]]:
    """The tasks of the run, and by path the attempts whose tasks were removed."""
    rows = tx.execute(_TASKS, {"run": key}).all()
    attempts = _by_path(tx.execute(_ATTEMPTS, {"run": key}))
    artifacts = {row.artifact_id: artifact_of(row) for row in tx.execute(_ARTIFACTS, {"run": key})}
    tasks = tuple(task_of(row, artifacts, attempts.pop(row.path, ())) for row in rows)
    return tasks, attempts


def tasks_of(tx: Connection, rows: Sequence[Row[Any]]) -> tuple[Task, ...]:
    """The tasks of some rows of the tasks table, with what belongs to them."""
    found: list[Row[Any]] = []
    for chunk in lineage.chunks([row.task_id for row in rows]):
        found += tx.execute(_ATTEMPTS_OF_TASKS, {"tasks": chunk}).all()
    attempts = _by_path(found)
    wanted = {each for row in rows for text in (row.inputs, row.outputs) for each in artifact_ids(text)}
    artifacts = lineage.artifacts_by_id(tx, wanted)
    return tuple(task_of(row, artifacts, attempts.get(row.path, ())) for row in rows)


def run_key(tx: Connection, run_id: str) -> int:
    """The key of a run that is not deleted. Raises NotFound."""
    there = select(t.runs.c.run_key).where(t.runs.c.run_id == run_id, t.runs.c.namespace != t.GONE)
    key: int | None = tx.execute(there).scalar()
    if key is None:
        raise NotFound(f"Run {run_id} not found")
    return key


def write(
    tx: Connection,
    run: Run,
    number: int,
    events: Sequence[Event],
    changes: Sequence[Change],
    plan: Plan | None = None,
) -> Sequence[EventRow]:
    """Write what `events` led to: rows, lineage, and history from `number` + 1, one line an event, which it gives.

    `run` may be as it was before the changes or after. Changes are written as the planner applies them. `plan` tells
    lineage where artifacts are from; None where it cannot be compiled.
    """
    batch = fold(changes)
    if batch.run:
        tx.execute(_move_run(tuple(batch.run)), {**batch.run, "which": run.key})
        run_changes.record(tx, run, changes)
    if batch.removed:
        _remove_tasks(tx, run, batch)
    if batch.added:
        _add_tasks(tx, run, batch)
    _move_tasks(tx, run, batch)
    _write_attempts(tx, run, batch)
    lineage.record(tx, run, batch.uses, plan)
    rows = history.event_rows(number, events, changes)
    if rows:
        tx.execute(_ADD_EVENTS, [history.event_values(run, row) for row in rows])
    return rows


def touch(tx: Connection, run_key: int) -> None:
    """Something that is shown of the run was changed, and no event says so: see `views.RunVersion`."""
    tx.execute(update(t.runs).where(t.runs.c.run_key == run_key).values(revision=t.runs.c.revision + 1))


def post(tx: Connection, run_id: str, event: history.Asked) -> None:
    """Put an event in the run's inbox, for its controller. Raises NotFound."""
    namespace = tx.execute(select(t.runs.c.namespace).where(t.runs.c.run_id == run_id)).scalar()
    if namespace is None:
        raise NotFound(f"Run {run_id} not found")
    _post(tx, namespace, run_id, event)


def _post(tx: Connection, namespace: str, run_id: str, event: history.Asked) -> None:
    values = {
        "inbox_key": keys.take(tx, 1)[0],
        "namespace": namespace,
        "run_id": run_id,
        "at": event.at,
        "kind": type(event).__name__,
        "payload": to_json(history.asking(event)),
    }
    tx.execute(insert(t.inbox), values)


def exists(tx: Connection, run_id: str) -> bool:
    """Whether the run has a row; a deleted one has until it has ended."""
    return tx.execute(select(t.runs.c.run_key).where(t.runs.c.run_id == run_id)).first() is not None


def take_inbox(tx: Connection, run: Run) -> list[Event]:
    """The events that were posted to the run, in order; they are out of the inbox once this commits."""
    rows = tx.execute(_INBOX, {"run": run.run_id}).all()
    if rows:
        taken = [row.inbox_key for row in rows]
        tx.execute(delete(t.inbox).where(t.inbox.c.inbox_key.in_(taken)))
    return [history.asked(row.kind, row.at, from_json(row.payload)) for row in rows]


def live_runs(tx: Connection) -> list[str]:
    """The ids of the runs that want a controller: not ended, or with something in their inbox."""
    unended = select(t.runs.c.run_id).where(t.runs.c.state.in_(LIVE))
    return sorted(tx.execute(union(unended, select(t.inbox.c.run_id))).scalars())


def events_after(tx: Connection, run_id: str, number: int, limit: int) -> list[EventRow]:
    """The run's history after event `number`, at most `limit` lines. Raises NotFound."""
    rows = tx.execute(
        select(t.run_events)
        .where(t.run_events.c.run_key == run_key(tx, run_id), t.run_events.c.number > number)
        .order_by(t.run_events.c.number)
        .limit(limit)
    )
    return [
        EventRow(row.number, Instant(row.at), row.kind, row.path, row.state, from_json(row.payload)) for row in rows
    ]


def _bump_experiment(tx: Connection, run: Run) -> None:
    """Its experiment has a new run. Raises NotFound."""
    which = t.experiments.c.experiment_id == run.experiment_id
    if tx.execute(update(t.experiments).where(which).values(last_run_created_at=run.created_at)).rowcount == 0:
        raise NotFound(
            f"Experiment {run.experiment_id} not found",
            where="experiment_id",
            hint="GET .../experiments lists them; leave it out for the default one",
        )


def _by_path(rows: Iterable[Row[Any]]) -> dict[str, tuple[Attempt, ...]]:
    """The attempts in these rows, by their task's path, in their order."""
    found: defaultdict[str, list[Attempt]] = defaultdict(list)
    for row in rows:
        found[row.path].append(attempt_of(row))
    return {path: tuple(attempts) for path, attempts in found.items()}


def _add_tasks(tx: Connection, run: Run, batch: Batch) -> None:
    tasks = batch.added.values()
    taken = keys.take(tx, len(tasks))
    owner = {"run_key": run.key, "namespace": run.namespace}
    rows = [{**task_values(task), **owner, "task_key": key} for task, key in zip(tasks, taken, strict=True)]
    tx.execute(_ADD_TASKS, rows)


def _remove_tasks(tx: Connection, run: Run, batch: Batch) -> None:
    """The rows of tasks and of their links; attempts stay, and artifacts, whose bytes do."""
    for chunk in lineage.chunks([task_id(run.run_id, path) for path in batch.removed]):
        tx.execute(delete(t.artifact_tasks).where(t.artifact_tasks.c.task_id.in_(chunk)))
        tx.execute(delete(t.tasks).where(t.tasks.c.task_id.in_(chunk)))


def _move_tasks(tx: Connection, run: Run, batch: Batch) -> None:
    """One statement for all the moves that set the same columns."""
    alike: defaultdict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for path, values in batch.moves.items():
        alike[tuple(sorted(values))].append({**values, "which": task_id(run.run_id, path)})
    for columns, rows in alike.items():
        tx.execute(_move_task(columns), rows)


def _write_attempts(tx: Connection, run: Run, batch: Batch) -> None:
    if batch.tried:
        rows = [
            {
                **attempt_values(attempt),
                "run_key": run.key,
                "namespace": run.namespace,
                "task_id": task_id(run.run_id, attempt.path),
            }
            for attempt in batch.tried.values()
        ]
        tx.execute(_ADD_ATTEMPTS, rows)
    if batch.attempts:
        moved = [{**attempt_values(attempt), "which": attempt.attempt_id} for attempt in batch.attempts.values()]
        tx.execute(_MOVE_ATTEMPT, moved)


@cache
def _move_task(columns: tuple[str, ...]) -> Update:
    """The update of these columns of a task, by its id; its history is appended to."""
    values: dict[str, object] = {name: bindparam(name) for name in columns if name != "history"}
    grown = t.tasks.c.history + bindparam("history")
    return update(t.tasks).where(t.tasks.c.task_id == bindparam("which")).values({**values, "history": grown})


@cache
def _move_run(columns: tuple[str, ...]) -> Update:
    """The update of these columns of a run, by its key; its history is appended to."""
    values: dict[str, object] = {name: bindparam(name) for name in columns if name != "history"}
    grown = t.runs.c.history + bindparam("history")
    return update(t.runs).where(t.runs.c.run_key == bindparam("which")).values({**values, "history": grown})
