"""All SQL: one database holds what is true of experiments, pipelines, runs and their lineage.

Functions take a `Connection` that is in a transaction (`tx`) and plain values, and give dataclasses of `model` or of
`views`; rows never leave this room. `db.Database` runs them: writes through its one writer, reads from its pool.
"""
