"""Runs that were resumed from another one."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "resumes",
        sa.Column("run_key", KEY, autoincrement=False, nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("from_run", sa.String(64), nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("run_key"),
        **OPTIONS,
    )
