"""Secrets and config maps: written whole, listed without their values, read by name.

A secret's values come here sealed and are kept so; `vault.seal` is called before the transaction, `secret` opens them.
"""

import base64
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from headrace.base.clock import Instant
from headrace.base.errors import AlreadyExists, NotFound
from headrace.model.objects import KeyedObject, ObjectKind
from headrace.store import tables as t
from headrace.store.rows import Values, from_json, to_json
from headrace.store.vault import Sealed, Vault

_IN_TURN = select(t.sequences.c.next).with_for_update()
"""Of servers that share the database one at a time writes a secret: two that have no key yet would each make one, see
no secret of the other's, and go on. SQLite, where one server writes anyway, leaves the lock out."""

_TABLES = {ObjectKind.SECRET: t.secrets, ObjectKind.CONFIG_MAP: t.config_maps}


def put_secret(tx: Connection, vault: Vault, sealed: Sealed, now: Instant, *, replace: bool) -> KeyedObject:
    """Write a secret; `replace` also over one that is there. Raises AlreadyExists, and FailedPrecondition as
    `must_fit` does."""
    tx.execute(_IN_TURN)
    must_fit(tx, vault, sealed.key_id, sealed.namespace, sealed.name)
    values: Values = {"key_id": sealed.key_id, "sizes": to_json(sealed.sizes), "data": _data(sealed.values)}
    return _put(tx, ObjectKind.SECRET, sealed.namespace, sealed.name, values, now, replace=replace)


def put_config_map(
    tx: Connection, namespace: str, name: str, values: Mapping[str, bytes], now: Instant, *, replace: bool
) -> KeyedObject:
    """Write a config map; `replace` also over one that is there. Raises AlreadyExists."""
    sizes = {key: len(value) for key, value in values.items()}
    row: Values = {"sizes": to_json(sizes), "data": _data(values)}
    return _put(tx, ObjectKind.CONFIG_MAP, namespace, name, row, now, replace=replace)


def must_fit(tx: Connection, vault: Vault, key_id: str, namespace: str, name: str) -> None:
    """Raises FailedPrecondition where another secret than this was sealed with another key than this ("" for none).

    Otherwise a server without the key of those that share its database would seal with a key of its own, and none of
    them could open all secrets.
    """
    c = t.secrets.c
    others = select(c.name, c.key_id).where(c.key_id != key_id, (c.namespace != namespace) | (c.name != name))
    if (row := tx.execute(others.limit(1)).first()) is not None:
        raise vault.unfit(row.name, row.key_id, key_id)


def secret(tx: Connection, vault: Vault, namespace: str, name: str) -> Mapping[str, bytes] | None:
    """Its values, by key; None where there is none. Raises FailedPrecondition where the vault cannot open it."""
    c = t.secrets.c
    row = _row(tx, select(c.key_id, c.sizes, c.data).where(c.namespace == namespace, c.name == name))
    if row is None:
        return None
    return vault.open(Sealed(namespace, name, row.key_id, _values(row.data), from_json(row.sizes)))


def config_map(tx: Connection, namespace: str, name: str) -> Mapping[str, bytes] | None:
    """Its values, by key; None where there is none."""
    c = t.config_maps.c
    row = _row(tx, select(c.data).where(c.namespace == namespace, c.name == name))
    return None if row is None else _values(row.data)


def get(tx: Connection, kind: ObjectKind, namespace: str, name: str) -> KeyedObject:
    """It, but for its values. Raises NotFound."""
    c = _TABLES[kind].c
    row = _row(tx, _shown(kind).where(c.namespace == namespace, c.name == name))
    if row is None:
        raise _missing(kind, name)
    return _object(kind, row)


def listed(tx: Connection, kind: ObjectKind, namespace: str) -> list[KeyedObject]:
    """All of them by name, but for their values."""
    c = _TABLES[kind].c
    return [_object(kind, row) for row in tx.execute(_shown(kind).where(c.namespace == namespace).order_by(c.name))]


def remove(tx: Connection, kind: ObjectKind, namespace: str, name: str) -> None:
    """Raises NotFound."""
    table = _TABLES[kind]
    if not tx.execute(delete(table).where(table.c.namespace == namespace, table.c.name == name)).rowcount:
        raise _missing(kind, name)


def _put(
    tx: Connection, kind: ObjectKind, namespace: str, name: str, values: Values, now: Instant, *, replace: bool
) -> KeyedObject:
    table = _TABLES[kind]
    which = table.c.namespace == namespace, table.c.name == name
    made = _row(tx, select(table.c.created_at).where(*which))
    if made is None:
        row = {"namespace": namespace, "name": name, "created_at": now, "updated_at": now, **values}
        tx.execute(insert(table), row)
    elif replace:
        tx.execute(update(table).where(*which).values(updated_at=now, **values))
    else:
        raise AlreadyExists(f"there is a {kind} of that name", where=name, hint="Replace or delete it")
    return KeyedObject(kind, namespace, name, from_json(values["sizes"]), made.created_at if made else now, now)


def _shown(kind: ObjectKind) -> Any:
    c = _TABLES[kind].c
    return select(c.namespace, c.name, c.created_at, c.updated_at, c.sizes)


def _row(tx: Connection, query: Any) -> Row[Any] | None:
    found: Row[Any] | None = tx.execute(query).first()
    return found


def _object(kind: ObjectKind, row: Row[Any]) -> KeyedObject:
    return KeyedObject(
        kind, row.namespace, row.name, from_json(row.sizes), Instant(row.created_at), Instant(row.updated_at)
    )


def _missing(kind: ObjectKind, name: str) -> NotFound:
    return NotFound(f"there is no {kind} of that name", where=name)


def _data(values: Mapping[str, bytes]) -> str:
    return to_json({key: base64.b64encode(value).decode() for key, value in values.items()})


def _values(text: str) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in from_json(text).items()}
