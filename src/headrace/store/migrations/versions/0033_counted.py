"""An index that is small, to count runs in."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("runs_counted", "runs", ["namespace", "storage_state"])
