"""Lineage as KFP 3.0 has it: types and producers of links, a row for each number of metrics, and what clients post."""

import json
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from headrace.model.artifact import metric_id

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")


def upgrade() -> None:
    with _changing("tasks") as tasks:
        _add(tasks, sa.Column("posted", TEXT), before="path")
    _artifacts()
    _links()
    _split_metrics()


def _artifacts() -> None:
    op.drop_index("artifacts_created", "artifacts")
    with _changing("artifacts") as artifacts:
        _add(artifacts, sa.Column("listed", sa.Integer(), nullable=False, server_default="1"), before="producer")
        _add(artifacts, sa.Column("number_value", sa.Double()), before="producer")
        _add(artifacts, sa.Column("description", TEXT), before="metadata")
    with _changing("artifacts") as artifacts:
        artifacts.alter_column("listed", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    op.create_index("artifacts_created", "artifacts", ["namespace", "listed", "created_at", "artifact_id"])


def _links() -> None:
    with _changing("artifact_tasks") as links:
        links.alter_column("type", existing_type=sa.String(16), type_=sa.String(32), existing_nullable=False)
        _add(links, sa.Column("iteration", sa.Integer(), nullable=False, server_default="-1"), before="key")
        _add(links, sa.Column("posted", sa.Integer(), nullable=False, server_default="0"), before="key")
        links.add_column(sa.Column("producer", TEXT))
    op.execute("UPDATE artifact_tasks SET producer = ''")
    op.execute("UPDATE artifact_tasks SET type = 'TASK_OUTPUT_INPUT' WHERE type = 'INPUT'")
    with _changing("artifact_tasks") as links:
        for name in ("iteration", "posted"):
            links.alter_column(name, existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        links.alter_column("producer", existing_type=TEXT, nullable=False)


def _changing(table: str) -> AbstractContextManager[BatchOperations]:
    """SQLite writes the table anew, the others alter it."""
    return op.batch_alter_table(table, recreate="always" if _is_sqlite() else "never")


def _add(table: BatchOperations, column: sa.Column[Any], before: str) -> None:
    """Only SQLite has a say about where a column stands: there it matters what has to be read over."""
    table.add_column(column, insert_before=before if _is_sqlite() else None)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _split_metrics() -> None:
    """A row for each number of each metrics artifact, and for each link to one."""
    tx, metadata = op.get_bind(), sa.MetaData()
    names = ("artifacts", "artifact_tasks", "sequences")
    artifacts, links, sequences = (sa.Table(name, metadata, autoload_with=tx) for name in names)
    whole = artifacts.c.type == "system.Metrics"
    for artifact_id in tx.execute(sa.select(artifacts.c.artifact_id).where(whole)).scalars().all():
        row = tx.execute(sa.select(artifacts).where(artifacts.c.artifact_id == artifact_id)).mappings().one()
        uses = tx.execute(sa.select(links).where(links.c.artifact_id == artifact_id)).mappings().all()
        found = dict(_numbers(json.loads(row["metadata"])))
        if not found:
            continue
        tx.execute(sa.update(sequences).values(next=sequences.c.next + len(found)))
        last = tx.execute(sa.select(sequences.c.next)).scalar_one()
        for key, (name, value) in enumerate(found.items(), last - len(found)):
            metric = metric_id(artifact_id, name)
            own = {"artifact_key": key, "artifact_id": metric}
            tx.execute(sa.insert(artifacts), {**row, **_number(name, value), **own})
            for use in uses:
                link_id = metric_id(use["link_id"], name)
                tx.execute(sa.insert(links), {**use, "link_id": link_id, "artifact_id": metric})
    tx.execute(sa.update(artifacts).where(whole).values(listed=0))


def _number(name: str, value: float) -> dict[str, Any]:
    return {
        "name": name,
        "type": "system.Metric",
        "number_value": value,
        "uri": "",
        "metadata": "{}",
        "digest": "",
        "size": -1,
    }


def _numbers(metadata: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in metadata.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield name, float(value)
