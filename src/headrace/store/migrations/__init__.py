"""Changes of the schema, in order, run by Alembic when a database is not at `schema.CURRENT`.

To make one: change `tables.py`, write `versions/NNNN_what.py` after the last, set `schema.CURRENT` to its revision. A
test holds the migrated schema to the tables.
"""
