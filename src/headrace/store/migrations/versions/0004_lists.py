"""What lists of runs need to be quick: names in lower case, runs beside their metrics; and what plug-ins are given."""

from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
ROWS = 1000


def upgrade() -> None:
    _runs()
    _metrics()


def _runs() -> None:
    for name in ("runs_created", "runs_stored"):
        op.drop_index(name, "runs")
    with _changing("runs") as runs:
        _add(runs, sa.Column("folded_name", sa.String(255), nullable=False, server_default=""), before="pipeline_name")
        runs.add_column(sa.Column("plugins_input", TEXT))
    with _changing("runs") as runs:
        runs.alter_column("folded_name", existing_type=sa.String(255), existing_nullable=False, server_default=None)
    _fold_names()
    op.create_index("runs_created", "runs", ["namespace", "created_at", "run_id", "folded_name"])
    op.create_index("runs_stored", "runs", ["namespace", "storage_state", "created_at", "run_id", "folded_name"])
    op.create_index("runs_in_state", "runs", ["namespace", "state", "created_at", "run_id"])
    op.create_index("runs_named", "runs", ["namespace", "name", "run_id"])


def _fold_names() -> None:
    tx = op.get_bind()
    runs = sa.table("runs", sa.column("run_key"), sa.column("name"), sa.column("folded_name"))
    folding = sa.update(runs).where(runs.c.run_key == sa.bindparam("key")).values(folded_name=sa.bindparam("folded"))
    last = -1
    while True:
        some = sa.select(runs.c.run_key, runs.c.name).where(runs.c.run_key > last).order_by(runs.c.run_key).limit(ROWS)
        rows = tx.execute(some).all()
        if not rows:
            return
        tx.execute(folding, [{"key": row.run_key, "folded": row.name.lower()[:255]} for row in rows])
        last = rows[-1].run_key


def _metrics() -> None:
    with _changing("metrics") as metrics:
        _add(metrics, sa.Column("run_id", sa.String(64), nullable=False, server_default=""), before="value")
    with _changing("metrics") as metrics:
        metrics.alter_column("run_id", existing_type=sa.String(64), existing_nullable=False, server_default=None)
    op.execute("UPDATE metrics SET run_id = (SELECT runs.run_id FROM runs WHERE runs.run_key = metrics.run_key)")
    op.create_index("metrics_ranked", "metrics", ["namespace", "key", "value", "run_id"])


def _changing(table: str) -> AbstractContextManager[BatchOperations]:
    """SQLite writes the table anew, the others alter it."""
    return op.batch_alter_table(table, recreate="always" if _is_sqlite() else "never")


def _add(table: BatchOperations, column: sa.Column[Any], before: str) -> None:
    """Only SQLite has a say about where a column stands: there it matters what has to be read over."""
    table.add_column(column, insert_before=before if _is_sqlite() else None)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
