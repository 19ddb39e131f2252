"""Tags of pipelines and of versions: small texts by key, kept one a row so that lists can ask for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, insert, select

from headrace.base.errors import InvalidInput
from headrace.store import tables as t
from headrace.store.lineage import chunks

MOST = 20
LENGTH = 63


def put(tx: Connection, owner_id: str, namespace: str, tags: Mapping[str, str]) -> None:
    """Make these the tags of the owner, instead of those it has. Raises InvalidInput."""
    check(tags)
    tx.execute(delete(t.tags).where(t.tags.c.owner_id == owner_id))
    if tags:
        rows = [{"owner_id": owner_id, "namespace": namespace, "key": key, "value": tags[key]} for key in tags]
        tx.execute(insert(t.tags), rows)


def of(tx: Connection, owner_ids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """The tags of each owner; an owner without any has an empty mapping."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for chunk in chunks(list(owner_ids)):
        for row in tx.execute(select(t.tags).where(t.tags.c.owner_id.in_(chunk)).order_by(t.tags.c.key)):
            found[row.owner_id][row.key] = row.value
    return {owner_id: found.get(owner_id, {}) for owner_id in owner_ids}


def check(tags: Mapping[str, str]) -> None:
    """Raises InvalidInput for too many tags, or one that is no tag."""
    if len(tags) > MOST:
        raise InvalidInput(f"{len(tags)} tags are more than {MOST}", where="tags")
    for key, value in tags.items():
        if not 1 <= len(key) <= LENGTH or "." in key:
            raise InvalidInput(
                f"{key[:80]!r} is no key", where="tags", hint=f"A key has 1 to {LENGTH} characters and no dot"
            )
        if len(value) > LENGTH:
            raise InvalidInput(f"the value is longer than {LENGTH} characters", where=f"tags.{key}")
