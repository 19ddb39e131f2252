"""Persistent volume claims, and who has them mounted."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("uid", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("gone", sa.String(64), nullable=False),
        sa.Column("deleted_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("size", TEXT, nullable=False),
        sa.Column("access_modes", TEXT, nullable=False),
        sa.Column("storage_class", TEXT, nullable=False),
        sa.Column("volume_name", TEXT, nullable=False),
        sa.Column("annotations", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("uid"),
        sa.UniqueConstraint("namespace", "name", "gone", name="claims_name"),
        if_not_exists=True,
        **OPTIONS,
    )
    op.create_index("claims_gone", "claims", ["gone"])
    op.create_table(
        "claim_mounts",
        sa.Column("uid", sa.String(64), nullable=False),
        sa.Column("attempt_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.PrimaryKeyConstraint("uid", "attempt_id"),
        if_not_exists=True,
        **OPTIONS,
    )
