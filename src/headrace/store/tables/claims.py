"""Persistent volume claims, and the attempts that have them mounted."""

from sqlalchemy import BigInteger, Column, Index, String, Table, UniqueConstraint

from headrace.store.tables.common import ID, NAMESPACE, OPTIONS, TEXT, metadata

# `gone` is the uid of a claim that was deleted, else "": so its name is free, while its row still says that there are
# bytes to remove. `deleted_by` is the attempt that deleted it.
claims = Table(
    "claims",
    metadata,
    Column("uid", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(253), nullable=False),
    Column("gone", String(ID), nullable=False),
    Column("deleted_by", String(ID), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("task_id", String(ID), nullable=False),
    Column("size", TEXT, nullable=False),
    Column("access_modes", TEXT, nullable=False),
    Column("storage_class", TEXT, nullable=False),
    Column("volume_name", TEXT, nullable=False),
    Column("annotations", TEXT, nullable=False),
    UniqueConstraint("namespace", "name", "gone", name="claims_name"),
    Index("claims_gone", "gone"),
    **OPTIONS,
)

claim_mounts = Table(  # written before the attempt is launched; it counts while that has not ended
    "claim_mounts",
    metadata,
    Column("uid", String(ID), primary_key=True),
    Column("attempt_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    **OPTIONS,
)
