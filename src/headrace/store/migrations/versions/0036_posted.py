"""Tasks that clients post are found by what they show: what only their message said is in columns, too."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")


def upgrade() -> None:
    op.add_column("tasks", sa.Column("scope_path", TEXT))
    op.add_column("tasks", sa.Column("pods", TEXT))
    tx = op.get_bind()
    tasks = sa.Table("tasks", sa.MetaData(), autoload_with=tx)
    posted = sa.select(tasks.c.task_key).where(tasks.c.posted.is_not(None))
    for key in tx.execute(posted).scalars().all():
        which = tasks.c.task_key == key
        said = json.loads(tx.execute(sa.select(tasks.c.posted).where(which)).scalar_one())
        tx.execute(sa.update(tasks).where(which).values(_columns(said)))


def _columns(said: dict[str, Any]) -> dict[str, object]:
    attributes = said.get("type_attributes", {})
    return {
        "iteration": _iteration(attributes.get("iteration_index")),
        "iterations": _iteration(attributes.get("iteration_count")),
        "reason": said.get("status_metadata", {}).get("message", ""),
        "inputs": _parameters(said.get("inputs", {})),
        "outputs": _parameters(said.get("outputs", {})),
        "scope_path": said["scope_path"],
        "pods": " ".join(pod.get("name", "") for pod in said.get("pods", ())),
    }


def _iteration(given: str | None) -> int:
    return -1 if given is None else min(max(int(given), -1), 2**31 - 1)


def _parameters(side: dict[str, Any]) -> str:
    return json.dumps([{each["parameter_key"]: each.get("value") for each in side.get("parameters", ())}])
