"""Ticks that nobody needs are gone: what a stopped backfill had not reached, and of what a schedule made no run."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ticks = sa.table("ticks", *map(sa.column, ("backfill_id", "run_id", "at")))
    backfills = sa.table("backfills", *map(sa.column, ("backfill_id", "state")))
    stopped = sa.select(backfills.c.backfill_id).where(backfills.c.state == "STOPPED")
    waiting = (ticks.c.at == 0) & ticks.c.backfill_id.in_(stopped)
    failed = (ticks.c.run_id == "") & (ticks.c.backfill_id == "")
    op.get_bind().execute(sa.delete(ticks).where(waiting | failed))
