"""One small index to search the names of runs in, instead of names in two large ones.

All indexes of runs are made anew, in the order that a new database has them in: SQLite goes by it between equals.
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_INDEXES = {
    "runs_stored_of_experiment": ["namespace", "experiment_id", "storage_state", "created_at", "run_id"],
    "runs_in_state": ["namespace", "state", "created_at", "run_id"],
    "runs_of_experiment": ["namespace", "experiment_id", "created_at", "run_id"],
    "runs_of_recurring_run": ["namespace", "recurring_run_id", "created_at", "run_id"],
    "runs_searched": ["namespace", "storage_state", "created_at", "folded_name"],
    "runs_stored": ["namespace", "storage_state", "created_at", "run_id"],
    "runs_created": ["namespace", "created_at", "run_id"],
    "runs_named": ["namespace", "name", "run_id"],
    "runs_counted": ["namespace", "storage_state"],
    "runs_of_schedule": ["recurring_run_id", "state"],
    "runs_state": ["state"],
}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        if name != "runs_searched":
            op.drop_index(name, "runs")
        op.create_index(name, "runs", columns)
