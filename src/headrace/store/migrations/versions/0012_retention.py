"""How long experiments keep their runs, the runs that are always kept, and artifacts whose bytes go."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "retentions",
        sa.Column("experiment_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("runs", sa.BigInteger()),
        sa.Column("archived_runs", sa.BigInteger()),
        sa.Column("logs", sa.BigInteger()),
        sa.Column("artifacts", sa.BigInteger()),
        sa.Column("cache", sa.BigInteger()),
        sa.PrimaryKeyConstraint("experiment_id"),
        **OPTIONS,
    )
    op.create_table(
        "pinned_runs",
        sa.Column("run_key", KEY, autoincrement=False, nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.PrimaryKeyConstraint("run_key"),
        **OPTIONS,
    )
    op.create_table(
        "removals",
        sa.Column("artifact_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("uri", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("artifact_id"),
        **OPTIONS,
    )
    op.create_index("removals_done", "removals", ["done", "artifact_id"])
