"""Which execution stands for a fingerprint, and which must not."""

from sqlalchemy import Column, String, Table

from headrace.store.tables.common import ID, NAMESPACE, OPTIONS, TEXT, metadata

fingerprints = Table(  # what a fingerprint was made of, and the task that was last to be executed for it
    "fingerprints",
    metadata,
    Column("namespace", String(NAMESPACE), primary_key=True),
    Column("fingerprint", String(80), primary_key=True),
    Column("run_id", String(ID), nullable=False),
    Column("path", TEXT, nullable=False),
    Column("parts", TEXT, nullable=False),
    **OPTIONS,
)

cache_drops = Table(  # executions that must not stand in for equal steps any more
    "cache_drops",
    metadata,
    Column("task_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    **OPTIONS,
)
