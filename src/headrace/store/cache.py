"""Earlier executions that may stand in for a task: looked up by fingerprint, inside the transaction that asks."""

from sqlalchemy import Connection, bindparam, insert, select

from headrace.base.json import JsonObject
from headrace.model.state import State
from headrace.store import lineage
from headrace.store import tables as t
from headrace.store.rows import artifact_ids, bindings_of, to_json
from headrace.store.views import CacheHit

GOOD = tuple(state.value for state in State if state.good)

_NEWEST = (
    select(t.tasks.c.task_id, t.tasks.c.outputs)
    .where(
        t.tasks.c.namespace == bindparam("namespace"),
        t.tasks.c.fingerprint == bindparam("fingerprint"),
        t.tasks.c.state.in_(GOOD),
    )
    .order_by(t.tasks.c.ended_at.desc())
    .limit(1)
)
_PARTS = select(t.fingerprints.c.parts).where(
    t.fingerprints.c.namespace == bindparam("namespace"), t.fingerprints.c.fingerprint == bindparam("fingerprint")
)


def find_cached(tx: Connection, namespace: str, fingerprint: str) -> CacheHit | None:
    """The newest task of that fingerprint that succeeded, or was itself answered from the cache; with its outputs."""
    row = tx.execute(_NEWEST, {"namespace": namespace, "fingerprint": fingerprint}).first()
    if row is None:
        return None
    artifacts = lineage.artifacts_by_id(tx, artifact_ids(row.outputs))
    return CacheHit(task_id=row.task_id, outputs=bindings_of(row.outputs, artifacts))


def keep_parts(tx: Connection, namespace: str, fingerprint: str, parts: JsonObject) -> None:
    """Note what a fingerprint was made of, to explain later why the next one differed."""
    which = {"namespace": namespace, "fingerprint": fingerprint}
    if tx.execute(_PARTS, which).first() is None:
        tx.execute(insert(t.fingerprints), {**which, "parts": to_json(parts)})
