"""Sources that stand for images, and which of them a task was reached with."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Of the column of tasks SQLite writes the table anew, the others alter it."""
    op.create_table(
        "images",
        sa.Column("image", sa.String(512), nullable=False),
        sa.Column("context", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("python", TEXT, nullable=False),
        sa.Column("requirements", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("image"),
        if_not_exists=True,
        **OPTIONS,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    column = sa.Column("sources", sa.String(64), nullable=False, server_default="")
    with op.batch_alter_table("tasks", recreate="always" if sqlite else "never") as tasks:
        tasks.add_column(column, insert_after="cached_from" if sqlite else None)
    with op.batch_alter_table("tasks", recreate="always" if sqlite else "never") as tasks:
        tasks.alter_column("sources", existing_type=sa.String(64), existing_nullable=False, server_default=None)
