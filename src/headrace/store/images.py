"""Images that are mapped to sources: written whole, listed, removed, and what a run is told of them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from headrace.base.clock import Instant
from headrace.base.errors import NotFound
from headrace.model.image import MappedImage
from headrace.model.state import State
from headrace.store import tables as t
from headrace.store.rows import from_json, to_json

_C = t.images.c
_SHOWN: Any = select(
    _C.image, _C.context, _C.created_at, _C.updated_at, _C.files, _C.size, _C.python, _C.requirements
).order_by(_C.image)
_DIGESTS = select(_C.image, _C.context)
_LIVE = tuple(state.value for state in State if not state.ended)


def put(tx: Connection, mapped: MappedImage) -> MappedImage:
    """Map the image, also where it is mapped already: only the time when it first was stays."""
    values = {
        "context": mapped.context,
        "updated_at": mapped.updated_at,
        "files": mapped.files,
        "size": mapped.size,
        "python": mapped.python,
        "requirements": to_json(mapped.requirements),
    }
    if not tx.execute(update(t.images).where(_C.image == mapped.image).values(values)).rowcount:
        tx.execute(insert(t.images), {"image": mapped.image, "created_at": mapped.created_at, **values})
    return _of(tx.execute(_SHOWN.where(_C.image == mapped.image)).one())


def listed(tx: Connection) -> list[MappedImage]:
    """All of them, by name."""
    return [_of(row) for row in tx.execute(_SHOWN)]


def remove(tx: Connection, image: str) -> None:
    """Raises NotFound."""
    if not tx.execute(delete(t.images).where(_C.image == image)).rowcount:
        raise NotFound(
            "it is not mapped", where=image, hint="`headrace image list` shows what is: give one of them as it stands"
        )


def contexts(tx: Connection) -> Mapping[str, str]:
    """The digests of the sources, by image or glob."""
    return {row.image: row.context for row in tx.execute(_DIGESTS)}


def contexts_in_use(tx: Connection) -> set[str]:
    """The digests that images are mapped to, or tasks were reached with that have not ended."""
    tasks = (
        select(t.tasks.c.sources)
        .join(t.runs, t.runs.c.run_key == t.tasks.c.run_key)
        .where(t.runs.c.state.in_(_LIVE), t.tasks.c.state.in_(_LIVE), t.tasks.c.sources != "")
        .distinct()
    )
    return {*tx.execute(select(_C.context)).scalars(), *tx.execute(tasks).scalars()}


def _of(row: Row[Any]) -> MappedImage:
    return MappedImage(
        image=row.image,
        context=row.context,
        python=row.python,
        requirements=tuple(from_json(row.requirements)),
        files=row.files,
        size=row.size,
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )
