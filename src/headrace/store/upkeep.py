"""What users and the collector do with runs that are over: archive, bring back, delete, and find what they left.

A deleted run takes its tasks, attempts, links, metrics and history with it, and its folder in the store but for what is
in it of artifacts: that is queued. One that was deleted before it ended is hidden in a namespace of its own meanwhile:
whoever ends it removes it. Its artifacts keep their rows, as their bytes stay in the store: an artifact may have gone
into other runs, by the cache too.
"""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from headrace.base.clock import Instant
from headrace.base.errors import FailedPrecondition
from headrace.model.event import TerminateRequested
from headrace.model.run import folder_of
from headrace.model.state import State, StorageState
from headrace.store import equal
from headrace.store import tables as t
from headrace.store.lineage import chunks
from headrace.store.query import get_run
from headrace.store.runs import post

ENDED = tuple(state.value for state in State if state.ended)

_RETRIED = exists().where(t.inbox.c.run_id == t.runs.c.run_id, t.inbox.c.kind == "RetryRequested")
_OVER = select(t.runs.c.run_key).where(
    t.runs.c.run_id == bindparam("run"), t.runs.c.namespace == t.GONE, t.runs.c.state.in_(ENDED), ~_RETRIED
)


def archive_run(tx: Connection, run_id: str) -> None:
    """From any state. Raises NotFound."""
    get_run(tx, run_id)
    _store(tx, run_id, StorageState.ARCHIVED)


def unarchive_run(tx: Connection, run_id: str) -> None:
    """Raises NotFound, FailedPrecondition while its experiment is archived."""
    run = get_run(tx, run_id)
    experiments = t.experiments.c
    where = experiments.experiment_id == run.experiment_id
    if tx.execute(select(experiments.storage_state).where(where)).scalar() == StorageState.ARCHIVED:
        raise FailedPrecondition(
            f"Run {run_id} is in experiment {run.experiment_id}, which is archived", hint="Unarchive that first"
        )
    _store(tx, run_id, StorageState.AVAILABLE)


def delete_run(tx: Connection, run_id: str, at: Instant) -> tuple[str, ...]:
    """The run is gone from here on; one that has not ended is terminated first, and its rows go when it ends.

    Gives the runs that have something in their inbox now. Raises NotFound.
    """
    run = get_run(tx, run_id)
    tx.execute(update(t.runs).where(t.runs.c.run_id == run_id).values(namespace=t.GONE))
    if remove_if_gone(tx, run_id):
        return ()
    post(tx, run_id, TerminateRequested(at))
    return (run_id, *equal.wake_after_deletion(tx, run.namespace, run_id, at))


def remove_if_gone(tx: Connection, run_id: str) -> bool:
    """Remove the rows of a run that was deleted and has ended, unless it is asked to be run again."""
    key = tx.execute(_OVER, {"run": run_id}).scalar()
    if key is None:
        return False
    remove_rows(tx, [key])
    tx.execute(delete(t.inbox).where(t.inbox.c.run_id == run_id))
    return True


def remove_rows(tx: Connection, run_keys: Collection[int]) -> None:
    """Remove all that these runs have by their keys, and queue their folders."""
    _queue_folders(tx, run_keys)
    lineage = (t.metrics, t.artifact_tasks, t.attempts, t.tasks)
    rest = (t.run_events, t.run_changes, t.leases, t.resumes, t.pinned_runs)
    for table in (*lineage, *rest, t.runs):
        tx.execute(delete(table).where(table.c.run_key.in_(list(run_keys))))


def _queue_folders(tx: Connection, run_keys: Collection[int]) -> None:
    """Have what is in the runs' folders removed, but for what artifacts name. A folder may have been queued before."""
    r = t.runs.c
    rows = tx.execute(select(r.run_id, r.namespace, r.pipeline_root, r.pipeline_name).where(r.run_key.in_(run_keys)))
    queued = [
        {
            "artifact_id": row.run_id,
            "namespace": row.namespace,
            "run_id": row.run_id,
            "done": 0,
            "uri": f"{folder_of(row.pipeline_root, row.pipeline_name, row.run_id)}/",
        }
        for row in rows
    ]
    tx.execute(delete(t.removals).where(t.removals.c.artifact_id.in_([row["artifact_id"] for row in queued])))
    tx.execute(insert(t.removals), queued)


def attempts_of_ended_runs(tx: Connection, before: Instant) -> list[str]:
    """The attempts of runs that ended before that instant: nothing will ask for their folders."""
    query = (
        select(t.attempts.c.attempt_id)
        .join(t.runs, t.runs.c.run_key == t.attempts.c.run_key)
        .where(t.runs.c.state.in_(ENDED), t.runs.c.finished_at < before)
    )
    return list(tx.execute(query).scalars())


def workspaces_in_use(tx: Connection, run_ids: Collection[str]) -> set[str]:
    """Those of the runs that exist and have not succeeded: one that failed may be run again, and looked into."""
    found: set[str] = set()
    for chunk in chunks(list(run_ids)):
        rows = select(t.runs.c.run_id).where(t.runs.c.run_id.in_(chunk), t.runs.c.state != State.SUCCEEDED.value)
        found.update(tx.execute(rows).scalars())
    return found


def known_attempts(tx: Connection, candidates: Collection[str], but_of: Collection[int] = ()) -> set[str]:
    """Those of the candidates that are attempts of a run that exists, and is none of those with these keys."""
    known: set[str] = set()
    for chunk in chunks(list(candidates)):
        rows = tx.execute(
            select(t.attempts.c.attempt_id, t.attempts.c.run_key).where(t.attempts.c.attempt_id.in_(chunk))
        )
        known.update(row.attempt_id for row in rows if row.run_key not in but_of)
    return known


def _store(tx: Connection, run_id: str, state: StorageState) -> None:
    tx.execute(
        update(t.runs)
        .where(t.runs.c.run_id == run_id)
        .values(storage_state=state.value, revision=t.runs.c.revision + 1)
    )
