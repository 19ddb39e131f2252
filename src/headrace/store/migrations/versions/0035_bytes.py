"""Names are searched as bytes: PostgreSQL finds a part of them sooner than one of characters.

They are folded anew where that differs from lower case, which is not the same for each letter wherever it stands.

SQLite writes the table anew, and so its indexes, in the order that a new database has them in: it goes by that between
equals. The others alter the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
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
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        for name in _INDEXES:
            op.drop_index(name, "runs")
    with op.batch_alter_table("runs", recreate="always" if sqlite else "never") as runs:
        runs.alter_column(
            "folded_name",
            existing_type=sa.String(255),
            existing_nullable=False,
            type_=sa.LargeBinary(1530).with_variant(sa.VARBINARY(1530), "mysql", "mariadb"),
            postgresql_using="convert_to(folded_name, 'UTF8')",
        )
    if sqlite:
        for name, columns in _INDEXES.items():
            op.create_index(name, "runs", columns)
    _fold(connection)


def _fold(connection: sa.Connection) -> None:
    runs = sa.table("runs", sa.column("run_key"), sa.column("name"), sa.column("folded_name", sa.LargeBinary))
    names = connection.execute(sa.select(runs.c.run_key, runs.c.name))
    folded = [{"key": key, "folded": name.casefold().encode()} for key, name in names if not name.isascii()]
    if folded:
        one = sa.update(runs).where(runs.c.run_key == sa.bindparam("key")).values(folded_name=sa.bindparam("folded"))
        connection.execute(one, folded)
