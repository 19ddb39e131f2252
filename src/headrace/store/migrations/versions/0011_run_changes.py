"""The states that runs go through, in one order for all runs."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "run_changes",
        sa.Column("change_key", KEY, autoincrement=False, nullable=False),
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("failure", TEXT),
        sa.PrimaryKeyConstraint("change_key"),
        if_not_exists=True,
        **OPTIONS,
    )
    op.create_index("run_changes_place", "run_changes", ["place"])
    op.create_index("run_changes_of_run", "run_changes", ["run_key"])
