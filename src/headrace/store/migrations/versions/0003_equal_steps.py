"""Of each fingerprint, the task that is executed for it: equal steps wait for that one."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
BEFORE = "fingerprints_before"


def upgrade() -> None:
    """The table is made anew, so that its large column stays the last. One that was killed half way begins again."""
    if BEFORE not in sa.inspect(op.get_bind()).get_table_names():
        op.rename_table("fingerprints", BEFORE)
    op.create_table(
        "fingerprints",
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("fingerprint", sa.String(80), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("parts", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "fingerprint"),
        if_not_exists=True,
        **OPTIONS,
    )
    op.execute("DELETE FROM fingerprints")
    op.execute(
        "INSERT INTO fingerprints (namespace, fingerprint, run_id, path, parts) "
        f"SELECT namespace, fingerprint, '', '', parts FROM {BEFORE}"
    )
    op.drop_table(BEFORE)
