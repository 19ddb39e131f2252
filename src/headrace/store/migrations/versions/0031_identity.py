"""What an artifact is known by to an importer. Artifacts from before are never taken again."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("artifacts", sa.Column("identity", sa.String(64)))
    op.create_index("artifacts_identity", "artifacts", ["namespace", "identity", "artifact_key"])
