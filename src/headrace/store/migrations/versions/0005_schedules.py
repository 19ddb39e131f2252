"""Recurring runs, what became of their ticks, and backfills."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "recurring_runs",
        sa.Column("recurring_run_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("next_tick", sa.BigInteger(), nullable=False),
        sa.Column("last_tick", sa.BigInteger(), nullable=False),
        sa.Column("fired", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("max_concurrency", sa.Integer(), nullable=False),
        sa.Column("catch_up", sa.Integer(), nullable=False),
        sa.Column("interval_seconds", sa.BigInteger(), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.String(80), nullable=False),
        sa.Column("pipeline_id", sa.String(64), nullable=False),
        sa.Column("pipeline_version_id", sa.String(64), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("cron", TEXT, nullable=False),
        sa.Column("pipeline_root", TEXT, nullable=False),
        sa.Column("service_account", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("failure", TEXT),
        sa.Column("plugins_input", TEXT, nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("recurring_run_id"),
        **OPTIONS,
    )
    op.create_index("recurring_runs_created", "recurring_runs", ["namespace", "created_at", "recurring_run_id"])
    op.create_index(
        "recurring_runs_of_experiment",
        "recurring_runs",
        ["namespace", "experiment_id", "created_at", "recurring_run_id"],
    )
    op.create_index("recurring_runs_due", "recurring_runs", ["status", "next_tick"])
    op.create_table(
        "ticks",
        sa.Column("recurring_run_id", sa.String(64), nullable=False),
        sa.Column("tick", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("backfill_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("failure", TEXT),
        sa.PrimaryKeyConstraint("recurring_run_id", "tick", "backfill_id"),
        **OPTIONS,
    )
    op.create_index("ticks_of_backfill", "ticks", ["backfill_id", "at", "tick"])
    op.create_index("ticks_run", "ticks", ["run_id"])
    op.create_table(
        "backfills",
        sa.Column("backfill_id", sa.String(64), nullable=False),
        sa.Column("recurring_run_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("begin_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("max_parallel", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("backfill_id"),
        **OPTIONS,
    )
    op.create_index("backfills_of_schedule", "backfills", ["recurring_run_id", "created_at", "backfill_id"])
    op.create_index("backfills_state", "backfills", ["state"])
    op.create_index("runs_of_schedule", "runs", ["recurring_run_id", "state"])
