"""Everything that the first release keeps: experiments, pipelines, runs, their tasks, lineage and history."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "artifact_tasks",
        sa.Column("link_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("artifact_id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("link_id"),
        **OPTIONS,
    )
    op.create_index("artifact_tasks_artifact", "artifact_tasks", ["artifact_id"])
    op.create_index("artifact_tasks_run", "artifact_tasks", ["run_key", "artifact_id", "type"])
    op.create_index("artifact_tasks_task", "artifact_tasks", ["task_id"])
    op.create_table(
        "artifacts",
        sa.Column("artifact_key", KEY, autoincrement=False, nullable=False),
        sa.Column("artifact_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("producer", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("schema_version", TEXT, nullable=False),
        sa.Column("uri", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("artifact_key"),
        sa.UniqueConstraint("artifact_id", name="artifacts_id"),
        **OPTIONS,
    )
    op.create_index("artifacts_created", "artifacts", ["namespace", "created_at", "artifact_id"])
    op.create_table(
        "attempts",
        sa.Column("attempt_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("infrastructure", sa.Integer(), nullable=False),
        sa.Column("failure", TEXT, nullable=True),
        sa.Column("usage", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("attempt_id"),
        **OPTIONS,
    )
    op.create_index("attempts_of_run", "attempts", ["run_key", "number"])
    op.create_index("attempts_of_task", "attempts", ["task_id"])
    op.create_table(
        "experiments",
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("storage_state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_run_created_at", sa.BigInteger(), nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id"),
        sa.UniqueConstraint("namespace", "name", name="experiments_name"),
        **OPTIONS,
    )
    op.create_index("experiments_created", "experiments", ["namespace", "created_at", "experiment_id"])
    op.create_index("experiments_stored", "experiments", ["namespace", "storage_state", "created_at", "experiment_id"])
    op.create_table(
        "fingerprints",
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("parts", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "fingerprint"),
        **OPTIONS,
    )
    op.create_table(
        "inbox",
        sa.Column("inbox_key", KEY, autoincrement=False, nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("inbox_key"),
        **OPTIONS,
    )
    op.create_index("inbox_run", "inbox", ["run_id", "kind"])
    op.create_table(
        "leases",
        sa.Column("run_key", KEY, autoincrement=False, nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("holder", sa.String(255), nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_key"),
        **OPTIONS,
    )
    op.create_table(
        "metrics",
        sa.Column("run_key", KEY, autoincrement=False, nullable=False),
        sa.Column("artifact_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(191), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "artifact_id", "key"),
        **OPTIONS,
    )
    op.create_index("metrics_key", "metrics", ["run_key", "key", "value"])
    op.create_table(
        "pipeline_versions",
        sa.Column("pipeline_version_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("pipeline_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(127), nullable=False),
        sa.Column("display_name", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.String(80), nullable=False),
        sa.Column("code_source_url", TEXT, nullable=False),
        sa.Column("package_url", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("pipeline_version_id"),
        sa.UniqueConstraint("pipeline_id", "name", name="pipeline_versions_name"),
        **OPTIONS,
    )
    op.create_index(
        "pipeline_versions_created", "pipeline_versions", ["pipeline_id", "created_at", "pipeline_version_id"]
    )
    op.create_table(
        "pipelines",
        sa.Column("pipeline_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("display_name", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("pipeline_id"),
        sa.UniqueConstraint("namespace", "name", name="pipelines_name"),
        **OPTIONS,
    )
    op.create_index("pipelines_created", "pipelines", ["namespace", "created_at", "pipeline_id"])
    op.create_index("pipelines_display_name", "pipelines", ["namespace", "display_name"])
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.String(80), nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("plan_id"),
        **OPTIONS,
    )
    op.create_table(
        "run_events",
        sa.Column("run_key", KEY, autoincrement=False, nullable=False),
        sa.Column("number", KEY, autoincrement=False, nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("run_key", "number"),
        **OPTIONS,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("run_key", KEY, autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("storage_state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.String(80), nullable=False),
        sa.Column("pipeline_id", sa.String(64), nullable=False),
        sa.Column("pipeline_version_id", sa.String(64), nullable=False),
        sa.Column("recurring_run_id", sa.String(64), nullable=False),
        sa.Column("pipeline_name", TEXT, nullable=False),
        sa.Column("pipeline_root", TEXT, nullable=False),
        sa.Column("service_account", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("failure", TEXT, nullable=True),
        sa.Column("history", TEXT, nullable=False),
        sa.Column("parameters_size", sa.Integer(), nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("run_key"),
        sa.UniqueConstraint("run_id", name="runs_id"),
        **OPTIONS,
    )
    op.create_index("runs_created", "runs", ["namespace", "created_at", "run_id"])
    op.create_index("runs_of_experiment", "runs", ["namespace", "experiment_id", "created_at", "run_id"])
    op.create_index("runs_state", "runs", ["state"])
    op.create_index("runs_stored", "runs", ["namespace", "storage_state", "created_at", "run_id"])
    op.create_index(
        "runs_stored_of_experiment", "runs", ["namespace", "experiment_id", "storage_state", "created_at", "run_id"]
    )
    op.create_table(
        "schema_version",
        sa.Column("revision", sa.String(32), nullable=False),
        sa.Column("migrated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
        **OPTIONS,
    )
    op.create_table(
        "sequences",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        **OPTIONS,
    )
    op.create_table(
        "tags",
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(63), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("value", sa.String(63), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "key"),
        **OPTIONS,
    )
    op.create_index("tags_value", "tags", ["key", "value", "owner_id"])
    op.create_table(
        "tasks",
        sa.Column("task_key", KEY, autoincrement=False, nullable=False),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("iteration", sa.Integer(), nullable=False),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("cached_from", sa.String(64), nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("parent", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("failure", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("history", TEXT, nullable=False),
        sa.Column("inputs", TEXT, nullable=False),
        sa.Column("outputs", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("task_key"),
        sa.UniqueConstraint("task_id", name="tasks_id"),
        **OPTIONS,
    )
    op.create_index("tasks_fingerprint", "tasks", ["namespace", "fingerprint", "ended_at", "state"])
    op.create_index("tasks_of_run", "tasks", ["run_key", "created_at", "task_id"])
