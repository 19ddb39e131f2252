"""Who is told of runs, and what is told."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from headrace.store.tables.common import ID, NAMESPACE, OPTIONS, STATE, TEXT, metadata

webhooks = Table(  # `scope_id` is whose runs it is about, "" for the server's
    "webhooks",
    metadata,
    Column("webhook_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(128), nullable=False),
    Column("scope", String(STATE), nullable=False),
    Column("scope_id", String(ID), nullable=False),
    Column("template", String(STATE), nullable=False),
    Column("enabled", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("states", TEXT, nullable=False),
    Column("url", TEXT, nullable=False),
    Column("recipients", TEXT, nullable=False),
    Column("secret", TEXT, nullable=False),
    Index("webhooks_scope", "namespace", "scope_id"),
    **OPTIONS,
)

deliveries = Table(  # the outbox of webhooks; `due_at` of one that is over is when that was
    "deliveries",
    metadata,
    Column("delivery_id", String(ID), primary_key=True),
    Column("webhook_id", String(ID), nullable=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("state", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("tried_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("answer", TEXT, nullable=False),
    Column("notice", TEXT, nullable=False),
    Index("deliveries_due", "state", "due_at"),
    Index("deliveries_of_webhook", "webhook_id", "created_at", "delivery_id"),
    **OPTIONS,
)
