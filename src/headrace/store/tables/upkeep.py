"""What the database keeps of itself."""

from sqlalchemy import BigInteger, Column, String, Table

from headrace.store.tables.common import OPTIONS, metadata

sequences = Table(  # the first key that no block holds yet
    "sequences",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("next", BigInteger, nullable=False),
    **OPTIONS,
)

schema_version = Table(  # which migration this database is at, so that opening it needs no Alembic
    "schema_version",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("migrated_at", BigInteger, nullable=False),
    **OPTIONS,
)
