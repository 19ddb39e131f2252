"""What retention does to the rows: units of bounded size, each a transaction of its own, each safe to be done twice.

Rows go before bytes. An artifact that is to lose its bytes is queued in `removals` with the rows that let it go; later
`settle` looks once more whether a run has come to use it meanwhile, and takes its own row; then its bytes are removed,
and `done` says so. The folder of a removed run is queued in the same way, and goes last. Whoever is killed in between
leaves the queue, with which the next pass begins.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, union, update

from headrace.store import expiry
from headrace.store import tables as t
from headrace.store.cache import ORIGIN
from headrace.store.expiry import NOT_TOUCHED, Bytes
from headrace.store.lineage import chunks
from headrace.store.upkeep import ENDED, remove_rows

TASKS = 400
"""So many tasks are removed in one transaction, or one run that has more."""
RUNS = 100
QUEUE = 300

_T = t.tasks.c
_NAMING = tuple(select(table.c.plan_id) for table in (t.runs, t.pipeline_versions, t.recurring_runs))


@dataclass(frozen=True, slots=True)
class Settled:
    """Artifacts that lose their bytes now: `whole` with their rows, `staying` have runs that stay."""

    whole: tuple[Bytes, ...]
    staying: tuple[Bytes, ...]


def batch(tx: Connection, due: Sequence[int]) -> int:
    """How many of the runs, from the first on, one transaction is to remove."""
    first = list(due[:RUNS])
    counted = select(_T.run_key, func.count().label("tasks")).where(_T.run_key.in_(first)).group_by(_T.run_key)
    tasks = {row.run_key: row.tasks for row in tx.execute(counted)}
    total = 0
    for number, key in enumerate(first):
        total += tasks.get(key, 0)
        if total > TASKS:
            return max(number, 1)
    return len(first)


def remove_runs(tx: Connection, run_keys: Collection[int]) -> tuple[int, int]:
    """Remove those of the runs that are still over and not needed; gives how many, and how many tasks they had."""
    wanted = (t.runs.c.run_key.in_(list(run_keys)), t.runs.c.state.in_(ENDED), ~NOT_TOUCHED)
    found = tx.execute(select(t.runs.c.run_key, t.runs.c.run_id).where(*wanted).with_for_update()).all()
    if not found:
        return 0, 0
    going = [row.run_key for row in found]
    links = t.artifact_tasks.c
    artifacts = set(tx.execute(select(links.artifact_id).where(links.run_key.in_(going))).scalars())
    tasks = tx.execute(select(_T.namespace, _T.fingerprint, ORIGIN.label("origin")).where(_T.run_key.in_(going))).all()
    remove_rows(tx, going)
    tx.execute(delete(t.ticks).where(t.ticks.c.run_id.in_([row.run_id for row in found])))
    linked = expiry.links_of(tx, artifacts)
    queue(tx, [each for each in sorted(artifacts) if each not in linked])
    for namespace in {row.namespace for row in tasks}:
        of_it = [row for row in tasks if row.namespace == namespace and row.fingerprint]
        _forget(tx, namespace, {row.fingerprint for row in of_it}, {row.origin for row in of_it})
    return len(found), len(tasks)


def expire(tx: Connection, staying: Sequence[str]) -> None:
    """Queue artifacts whose runs stay; equal steps do not take what made them any more."""
    drop(tx, expiry.makers(tx, staying))
    queue(tx, staying)


def drop(tx: Connection, executions: Collection[str]) -> None:
    """Make that these executions are not taken by equal steps."""
    for chunk in chunks(sorted(executions)):
        known = set(tx.execute(select(t.cache_drops.c.task_id).where(t.cache_drops.c.task_id.in_(chunk))).scalars())
        of_them = select(ORIGIN.label("origin"), _T.namespace).where(_T.task_id.in_(chunk) | _T.cached_from.in_(chunk))
        new = {row.origin: row.namespace for row in tx.execute(of_them) if row.origin not in known}
        if new:
            tx.execute(insert(t.cache_drops), [{"task_id": key, "namespace": new[key]} for key in sorted(new)])


def queue(tx: Connection, artifacts: Collection[str]) -> None:
    """Have the bytes of these artifacts removed, and their rows where no run has a link to them then."""
    for chunk in chunks(sorted(artifacts)):
        again = t.removals.c.artifact_id.in_(chunk)
        known = set(tx.execute(select(t.removals.c.artifact_id).where(again)).scalars())
        tx.execute(update(t.removals).where(again).values(done=0))
        a = t.artifacts.c
        rows = tx.execute(select(a.artifact_id, a.namespace, a.run_id, a.uri).where(a.artifact_id.in_(chunk)))
        new = [{**row._mapping, "done": 0} for row in rows if row.artifact_id not in known]
        if new:
            tx.execute(insert(t.removals), new)


def is_unfinished(tx: Connection) -> bool:
    """Something is queued."""
    return tx.execute(select(t.removals.c.artifact_id).where(t.removals.c.done == 0).limit(1)).first() is not None


def queued(tx: Connection, after: str, *, folders: bool) -> list[str]:
    """The next artifacts in the queue, or folders, by their ids, after that one."""
    r = t.removals.c
    which = expiry.IS_FOLDER if folders else ~expiry.IS_FOLDER
    asked = select(r.artifact_id).where(r.done == 0, r.artifact_id > after, which).order_by(r.artifact_id).limit(QUEUE)
    return list(tx.execute(asked).scalars())


def settle(tx: Connection, artifacts: Sequence[str], released: Collection[int]) -> Settled:
    """Decide about what is queued: artifacts that a run uses which did not release them, and folders whose run came
    again, are let out of the queue."""
    r = t.removals.c
    mine = r.artifact_id.in_(artifacts)
    tx.execute(delete(t.removals).where(mine, expiry.IS_FOLDER, expiry.CAME_AGAIN))
    rows = tx.execute(select(r.artifact_id, r.run_id, r.uri).where(mine, r.done == 0)).all()
    links = expiry.links_of(tx, artifacts)
    whole = [row for row in rows if row.artifact_id not in links]
    staying = [row for row in rows if row.artifact_id in links and links[row.artifact_id].issubset(released)]
    used = {row.artifact_id for row in rows}.difference(row.artifact_id for row in (*whole, *staying))
    tx.execute(delete(t.removals).where(r.artifact_id.in_(sorted(used))))
    tx.execute(delete(t.artifacts).where(t.artifacts.c.artifact_id.in_([row.artifact_id for row in whole])))
    return Settled(
        tuple(Bytes(row.artifact_id, row.run_id, row.uri) for row in whole),
        tuple(Bytes(row.artifact_id, row.run_id, row.uri) for row in staying),
    )


def done(tx: Connection, settled: Settled, but: Collection[str] = ()) -> None:
    """Their bytes are removed, `but` those of some, which stay in the queue."""
    r = t.removals.c
    whole = [each.artifact_id for each in settled.whole if each.artifact_id not in but]
    staying = [each.artifact_id for each in settled.staying if each.artifact_id not in but]
    tx.execute(delete(t.removals).where(r.artifact_id.in_(whole)))
    tx.execute(update(t.removals).where(r.artifact_id.in_(staying)).values(done=1))


def unnamed_plans(tx: Connection) -> list[str]:
    """The documents that no run, version or recurring run names."""
    known = tx.execute(select(t.plans.c.plan_id)).scalars()
    return sorted(set(known).difference(tx.execute(union(*_NAMING)).scalars()))


def remove_plans(tx: Connection, plans: Sequence[str]) -> None:
    """Remove those of the documents that nobody names yet."""
    for chunk in chunks(plans):
        mine = t.plans.c.plan_id.in_(chunk)
        tx.execute(select(t.plans.c.plan_id).where(mine).with_for_update()).all()  # who was about to name one has
        named = set(tx.execute(union(*(each.where(each.selected_columns[0].in_(chunk)) for each in _NAMING))).scalars())
        tx.execute(delete(t.plans).where(t.plans.c.plan_id.in_([each for each in chunk if each not in named])))


def _forget(tx: Connection, namespace: str, fingerprints: Collection[str], origins: Collection[str]) -> None:
    """Remove what is known of fingerprints that no task has any more, and of executions that nobody passed on."""
    for chunk in chunks(sorted(fingerprints)):
        rows = tx.execute(
            select(_T.fingerprint, ORIGIN.label("origin")).where(_T.namespace == namespace, _T.fingerprint.in_(chunk))
        ).all()
        stay = {row.fingerprint for row in rows}
        origins = set(origins).difference(row.origin for row in rows)
        f = t.fingerprints.c
        gone = [each for each in chunk if each not in stay]
        tx.execute(delete(t.fingerprints).where(f.namespace == namespace, f.fingerprint.in_(gone)))
    for chunk in chunks(sorted(origins)):
        tx.execute(delete(t.cache_drops).where(t.cache_drops.c.task_id.in_(chunk)))
