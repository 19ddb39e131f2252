"""How long what is kept, and the bytes that are to be removed."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from headrace.store.tables.common import ID, KEY, NAMESPACE, OPTIONS, TEXT, metadata

retentions = Table(  # how long an experiment keeps, in microseconds; NULL is as the server says, -1 for ever
    "retentions",
    metadata,
    Column("experiment_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("runs", BigInteger),
    Column("archived_runs", BigInteger),
    Column("logs", BigInteger),
    Column("artifacts", BigInteger),
    Column("cache", BigInteger),
    **OPTIONS,
)

pinned_runs = Table(  # runs that no retention touches
    "pinned_runs",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    **OPTIONS,
)

# What is to be removed from the store: bytes of artifacts, `done` being 1 once they are, while the artifact has a row;
# and folders of runs that are gone, whose `artifact_id` is the run's, too.
removals = Table(
    "removals",
    metadata,
    Column("artifact_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("done", Integer, nullable=False),
    Column("uri", TEXT, nullable=False),
    Index("removals_done", "done", "artifact_id"),
    **OPTIONS,
)
