"""Artifacts, their links with tasks, and the numbers of metrics."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, String, Table, UniqueConstraint

from headrace.store.tables.common import ID, KEY, NAMESPACE, OPTIONS, TEXT, metadata

# `run_id`, `task_id` and `producer` (the task's name) say who made it. A metrics artifact has a row beside its own for
# each of its numbers (`number_value`), and is not `listed` itself: clients of 3.0 see the numbers. By `identity`, a
# digest of its uri, type and metadata, an importer finds it again.
artifacts = Table(
    "artifacts",
    metadata,
    Column("artifact_key", KEY, primary_key=True, autoincrement=False),
    Column("artifact_id", String(ID), nullable=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("task_id", String(ID), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("listed", Integer, nullable=False),
    Column("number_value", Double),
    Column("producer", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("schema_version", TEXT, nullable=False),
    Column("uri", TEXT, nullable=False),
    Column("description", TEXT),
    Column("metadata", TEXT, nullable=False),
    Column("identity", String(64)),
    UniqueConstraint("artifact_id", name="artifacts_id"),
    Index("artifacts_identity", "namespace", "identity", "artifact_key"),
    Index("artifacts_created", "namespace", "listed", "created_at", "artifact_id"),
    **OPTIONS,
)

# Lineage. `type` is an IOType, `position` the place in the list that `key` holds; `producer` and `iteration` (-1 for
# none) say where it is from; `posted` is 1 where a client wrote the link.
artifact_tasks = Table(
    "artifact_tasks",
    metadata,
    Column("link_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_key", KEY, nullable=False),
    Column("task_id", String(ID), nullable=False),
    Column("artifact_id", String(ID), nullable=False),
    Column("type", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("posted", Integer, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("producer", TEXT, nullable=False),
    Index("artifact_tasks_run", "run_key", "artifact_id", "type"),
    Index("artifact_tasks_task", "task_id"),
    Index("artifact_tasks_artifact", "artifact_id"),
    **OPTIONS,
)

metrics = Table(  # the numbers in the metadata of metrics artifacts, for each run that gave them, cached ones included
    "metrics",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("artifact_id", String(ID), primary_key=True),
    Column("key", String(191), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("value", Double, nullable=False),
    Index("metrics_key", "run_key", "key", "value"),
    Index("metrics_ranked", "namespace", "key", "value", "run_id"),
    **OPTIONS,
)
