"""What tells a run that changed without an event from what it was: its revision."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """SQLite writes the table anew, the others alter it."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    column = sa.Column("revision", sa.Integer(), nullable=False, server_default="0")
    with op.batch_alter_table("runs", recreate="always" if sqlite else "never") as runs:
        runs.add_column(column, insert_before="folded_name" if sqlite else None)
    with op.batch_alter_table("runs", recreate="always" if sqlite else "never") as runs:
        runs.alter_column("revision", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
