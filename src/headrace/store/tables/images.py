"""Images, or globs of them, and the sources that stand for them. They belong to no namespace, as images do."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from headrace.store.tables.common import OPTIONS, TEXT, metadata

images = Table(  # `requirements` are shown; those that count are with the sources, in the home
    "images",
    metadata,
    Column("image", String(512), primary_key=True),
    Column("context", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("files", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("python", TEXT, nullable=False),
    Column("requirements", TEXT, nullable=False),
    **OPTIONS,
)
