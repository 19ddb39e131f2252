"""Whether a database has the tables of this version, and making it so. Alembic is imported only to migrate.

`migrations/versions` holds one file per change of `tables.py`; `CURRENT` is the newest of them. The revision that the
database is at stands in `schema_version`, written in the same transaction as the tables. A database that holds nothing
gets the tables as they are now, which is what all migrations lead to, at a tenth of the time.
"""

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from headrace.base.clock import Instant
from headrace.base.errors import FailedPrecondition
from headrace.store import keys
from headrace.store import tables as t
from headrace.store.dialect import Dialect

CURRENT = "0037"
MIGRATIONS = Path(__file__).parent / "migrations"
BOOKKEEPING = "alembic_version"
"""Alembic's own table, which it makes first."""

_BOOKKEEPING = Table(
    BOOKKEEPING,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{BOOKKEEPING}_pkc"),
)


def bring_up(engine: Engine, dialect: Dialect, now: Instant) -> None:
    """Migrate the database if it is not at `CURRENT`; two processes may try at once."""
    with engine.begin() as tx:
        if _revision(tx) == CURRENT:
            return
    with engine.begin() as tx, dialect.migrating(tx):
        if _revision(tx) == CURRENT:  # somebody else was first
            return
        there = set(inspect(tx).get_table_names())
        _refuse_strangers(there)
        if there or not dialect.makes_all_or_nothing:
            migrate(tx)
        else:
            _make(tx)
        keys.begin_sequence(tx)
        tx.execute(delete(t.schema_version))
        tx.execute(insert(t.schema_version), {"revision": CURRENT, "migrated_at": now})


def _revision(tx: Connection) -> str | None:
    if not inspect(tx).has_table(t.schema_version.name):
        return None
    return tx.execute(select(t.schema_version.c.revision)).scalar()


def _refuse_strangers(there: set[str]) -> None:
    """Raises FailedPrecondition where tables of other programs have our names: nothing of theirs may be touched."""
    taken = sorted(there & set(t.metadata.tables))
    if taken and BOOKKEEPING not in there:
        raise FailedPrecondition(
            f"the database holds tables of another program: {', '.join(taken)}",
            hint="Give Headrace a database of its own",
        )


def _make(tx: Connection) -> None:
    """All tables at once, in a database that has none; later versions go on from there as from the newest migration.

    The narrowest index of a table comes last: of two that it holds to cost the same, SQLite takes the newer.
    """
    for table in t.metadata.sorted_tables:
        tx.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda each: (-len(each.columns), str(each.name))):
            tx.execute(CreateIndex(index))
    _BOOKKEEPING.create(tx)
    tx.execute(insert(_BOOKKEEPING), {"version_num": CURRENT})


def migrate(tx: Connection) -> None:
    """From whatever revision the database is at, be it none. Raises FailedPrecondition for one that is not known."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": tx})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise FailedPrecondition(
            f"the database is at a schema that this Headrace does not know: {error}",
            hint="It was written by a newer Headrace: use that one, or give another home",
        ) from error
