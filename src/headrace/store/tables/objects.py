"""Secrets and config maps. `data` is their values in base64, by key; a secret's are sealed (`store/vault.py`)."""

from sqlalchemy import BigInteger, Column, String, Table

from headrace.store.tables.common import NAMESPACE, OPTIONS, TEXT, metadata

secrets = Table(  # `key_id` tells which server key sealed the values; it does not tell the key
    "secrets",
    metadata,
    Column("namespace", String(NAMESPACE), primary_key=True),
    Column("name", String(253), primary_key=True),
    Column("key_id", String(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("sizes", TEXT, nullable=False),
    Column("data", TEXT, nullable=False),
    **OPTIONS,
)

config_maps = Table(
    "config_maps",
    metadata,
    Column("namespace", String(NAMESPACE), primary_key=True),
    Column("name", String(253), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("sizes", TEXT, nullable=False),
    Column("data", TEXT, nullable=False),
    **OPTIONS,
)
