"""Experiments, pipelines and their versions, and the documents that were submitted."""

from sqlalchemy import BigInteger, Column, Index, String, Table, UniqueConstraint

from headrace.store.tables.common import ID, NAMESPACE, OPTIONS, STATE, TEXT, metadata

experiments = Table(
    "experiments",
    metadata,
    Column("experiment_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(128), nullable=False),
    Column("storage_state", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_run_created_at", BigInteger, nullable=False),
    Column("description", TEXT, nullable=False),
    UniqueConstraint("namespace", "name", name="experiments_name"),
    Index("experiments_created", "namespace", "created_at", "experiment_id"),
    Index("experiments_stored", "namespace", "storage_state", "created_at", "experiment_id"),
    **OPTIONS,
)

pipelines = Table(
    "pipelines",
    metadata,
    Column("pipeline_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(128), nullable=False),
    Column("display_name", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("description", TEXT, nullable=False),
    UniqueConstraint("namespace", "name", name="pipelines_name"),
    Index("pipelines_created", "namespace", "created_at", "pipeline_id"),
    Index("pipelines_display_name", "namespace", "display_name"),
    **OPTIONS,
)

pipeline_versions = Table(
    "pipeline_versions",
    metadata,
    Column("pipeline_version_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("pipeline_id", String(ID), nullable=False),
    Column("name", String(127), nullable=False),
    Column("display_name", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("code_source_url", TEXT, nullable=False),
    Column("package_url", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    UniqueConstraint("pipeline_id", "name", name="pipeline_versions_name"),
    Index("pipeline_versions_created", "pipeline_id", "created_at", "pipeline_version_id"),
    **OPTIONS,
)

tags = Table(  # of pipelines and of versions
    "tags",
    metadata,
    Column("owner_id", String(ID), primary_key=True),
    Column("key", String(63), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("value", String(63), nullable=False),
    Index("tags_value", "key", "value", "owner_id"),
    **OPTIONS,
)

plans = Table(  # documents, as they were submitted
    "plans",
    metadata,
    Column("plan_id", String(80), primary_key=True),
    Column("document", TEXT, nullable=False),
    **OPTIONS,
)
