"""What Alembic runs: the migrations, on the connection and in the transaction that `schema.py` hands over."""

from alembic import context

from headrace.store.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "mysql":
    import headrace.store.migrations.mysql  # noqa: F401 - Alembic finds it by being told of it

context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
