"""One small index to search the names of runs in, instead of names in two large ones."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_WITHOUT_NAMES = {
    "runs_created": ["namespace", "created_at", "run_id"],
    "runs_stored": ["namespace", "storage_state", "created_at", "run_id"],
    "runs_counted": ["namespace", "storage_state"],  # as it was, but newest: what SQLite goes by between equals
}


def upgrade() -> None:
    op.create_index("runs_searched", "runs", ["namespace", "storage_state", "run_key", "folded_name"])
    for name, columns in _WITHOUT_NAMES.items():
        op.drop_index(name, "runs")
        op.create_index(name, "runs", columns)
