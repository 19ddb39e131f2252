"""Persistent volume claims: made, found, mounted, deleted; and those whose bytes nobody has a use for any more.

A deleted claim keeps its row, without its name, until its bytes are removed: that is when no attempt which mounts it is
under way any more, and when the attempt that deleted it has ended, which may be asked to do it again until then.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, NotFound
from headrace.model.claim import Claim, Mount, check_claim
from headrace.model.task import AttemptState
from headrace.store import tables as t
from headrace.store.lineage import chunks
from headrace.store.rows import from_json, to_json

_C, _M, _A = t.claims.c, t.claim_mounts.c, t.attempts.c
_NAMED = select(t.claims).where(_C.namespace == bindparam("namespace"), _C.name == bindparam("name"), _C.gone == "")
_OPEN = _A.state != AttemptState.ENDED.value
_IN_USE = exists().where(
    _OPEN,
    or_(
        _A.attempt_id == _C.deleted_by,
        _A.attempt_id.in_(select(_M.attempt_id).where(_M.uid == _C.uid).correlate(t.claims)),
    ),
)
_OVER = select(_M.attempt_id).where(~exists().where(_A.attempt_id == _M.attempt_id, _OPEN)).limit(1)
_MOUNT = insert(t.claim_mounts)
_MOUNTED = select(_M.attempt_id).where(_M.uid == bindparam("uid"), _M.attempt_id == bindparam("attempt"))


def create(tx: Connection, claim: Claim) -> Claim:
    """Make the claim; one of the same uid is it already. Raises AlreadyExists for its name, InvalidInput."""
    check_claim(claim)
    same = tx.execute(select(t.claims).where(_C.uid == claim.uid)).first()
    if same is not None:
        return _claim(same)
    values = {
        "uid": claim.uid,
        "namespace": claim.namespace,
        "name": claim.name,
        "gone": "",
        "deleted_by": "",
        "created_at": claim.created_at,
        "run_id": claim.run_id,
        "task_id": claim.task_id,
        "size": claim.size,
        "access_modes": to_json(claim.access_modes),
        "storage_class": claim.storage_class,
        "volume_name": claim.volume_name,
        "annotations": to_json(claim.annotations),
    }
    try:
        tx.execute(insert(t.claims), values)
    except IntegrityError as error:
        raise AlreadyExists(
            f"persistentvolumeclaims {claim.name!r} already exists",
            where="name",
            hint="Give another name, or delete that claim first",
        ) from error
    return claim


def find(tx: Connection, namespace: str, name: str) -> Claim | None:
    """The claim of that name."""
    row = tx.execute(_NAMED, {"namespace": namespace, "name": name}).first()
    return None if row is None else _claim(row)


def get(tx: Connection, namespace: str, name: str) -> Claim:
    """Raises NotFound."""
    found = find(tx, namespace, name)
    if found is None:
        raise NotFound(
            f"persistentvolumeclaims {name!r} not found", hint="`headrace pvc list` shows those that there are"
        )
    return found


def listed(tx: Connection, namespace: str) -> list[Claim]:
    """All of them, by name."""
    found = select(t.claims).where(_C.namespace == namespace, _C.gone == "").order_by(_C.name)
    return [_claim(row) for row in tx.execute(found)]


def remove(tx: Connection, namespace: str, name: str, attempt_id: str = "") -> Claim:
    """Delete the claim; its bytes stay for now. Raises NotFound, unless it is gone by that very attempt."""
    if attempt_id:
        again = tx.execute(select(t.claims).where(_C.gone != "", _C.deleted_by == attempt_id)).first()
        if again is not None:
            return _claim(again)
    claim = get(tx, namespace, name)
    tx.execute(update(t.claims).where(_C.uid == claim.uid).values(gone=claim.uid, deleted_by=attempt_id))
    return claim


def mount(tx: Connection, namespace: str, name: str, attempt_id: str) -> Claim:
    """Note that the attempt, which is about to be launched, mounts the claim. Raises NotFound."""
    claim = get(tx, namespace, name)
    key = {"uid": claim.uid, "attempt": attempt_id}
    if tx.execute(_MOUNTED, key).first() is None:
        tx.execute(_MOUNT, {"uid": claim.uid, "attempt_id": attempt_id, "namespace": namespace})
    return claim


def mounts(tx: Connection, uid: str) -> list[Mount]:
    """Who has the claim mounted, and has not ended."""
    found = (
        select(_A.attempt_id, t.runs.c.run_id, t.runs.c.name, _A.path)
        .join(t.attempts, _A.attempt_id == _M.attempt_id)
        .join(t.runs, t.runs.c.run_key == _A.run_key)
        .where(_M.uid == uid, _OPEN)
        .order_by(_A.created_at, _A.attempt_id)
    )
    return [Mount(row.attempt_id, row.run_id, row.name, row.path) for row in tx.execute(found)]


def unused(tx: Connection) -> list[str]:
    """The uids of deleted claims whose bytes may go."""
    return list(tx.execute(select(_C.uid).where(_C.gone != "", ~_IN_USE)).scalars())


def mounts_are_over(tx: Connection) -> bool:
    """Whether there is something for `forget` beside claims."""
    return tx.execute(_OVER).first() is not None


def known(tx: Connection, uids: Collection[str]) -> set[str]:
    """Those of the uids that a claim has, deleted or not."""
    found: set[str] = set()
    for chunk in chunks(list(uids)):
        found.update(tx.execute(select(_C.uid).where(_C.uid.in_(chunk))).scalars())
    return found


def forget(tx: Connection, uids: Collection[str]) -> None:
    """The bytes of these deleted claims are removed: nothing is left of them, nor of mounts that are over."""
    for chunk in chunks(list(uids)):
        tx.execute(delete(t.claims).where(_C.uid.in_(chunk), _C.gone != ""))
    tx.execute(delete(t.claim_mounts).where(_M.attempt_id.not_in(select(_A.attempt_id).where(_OPEN))))


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        uid=row.uid,
        namespace=row.namespace,
        name=row.name,
        size=row.size,
        created_at=Instant(row.created_at),
        access_modes=tuple(from_json(row.access_modes)),
        storage_class=row.storage_class,
        volume_name=row.volume_name,
        annotations=from_json(row.annotations),
        run_id=row.run_id,
        task_id=row.task_id,
    )
