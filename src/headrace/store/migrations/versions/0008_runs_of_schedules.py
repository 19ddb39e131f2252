"""The runs of a recurring run are listed by an index."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("runs_of_recurring_run", "runs", ["namespace", "recurring_run_id", "created_at", "run_id"])
