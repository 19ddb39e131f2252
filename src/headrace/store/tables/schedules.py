"""Recurring runs, what became of their due times, and the stretches of the past that are made up for."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from headrace.store.tables.common import ID, NAMESPACE, OPTIONS, STATE, TEXT, metadata

recurring_runs = Table(
    "recurring_runs",
    metadata,
    Column("recurring_run_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(255), nullable=False),
    Column("experiment_id", String(ID), nullable=False),
    Column("status", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("next_tick", BigInteger, nullable=False),
    Column("last_tick", BigInteger, nullable=False),
    Column("fired", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("max_concurrency", Integer, nullable=False),
    Column("catch_up", Integer, nullable=False),
    Column("interval_seconds", BigInteger, nullable=False),
    Column("start_at", BigInteger, nullable=False),
    Column("end_at", BigInteger, nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("pipeline_id", String(ID), nullable=False),
    Column("pipeline_version_id", String(ID), nullable=False),
    Column("timezone", String(ID), nullable=False),
    Column("cron", TEXT, nullable=False),
    Column("pipeline_root", TEXT, nullable=False),
    Column("service_account", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("failure", TEXT),
    Column("plugins_input", TEXT, nullable=False),
    Column("parameters", TEXT, nullable=False),
    Index("recurring_runs_created", "namespace", "created_at", "recurring_run_id"),
    Index("recurring_runs_of_experiment", "namespace", "experiment_id", "created_at", "recurring_run_id"),
    Index("recurring_runs_due", "status", "next_tick"),
    **OPTIONS,
)

ticks = Table(  # what became of a due time; `at` is 0 while a backfill has it still to do, `run_id` "" where none came
    "ticks",
    metadata,
    Column("recurring_run_id", String(ID), primary_key=True),
    Column("tick", BigInteger, primary_key=True, autoincrement=False),
    Column("backfill_id", String(ID), primary_key=True),  # "" for the schedule's own
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("failure", TEXT),
    Index("ticks_of_backfill", "backfill_id", "at", "tick"),
    Index("ticks_run", "run_id"),
    **OPTIONS,
)

backfills = Table(
    "backfills",
    metadata,
    Column("backfill_id", String(ID), primary_key=True),
    Column("recurring_run_id", String(ID), nullable=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("state", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("begin_at", BigInteger, nullable=False),
    Column("end_at", BigInteger, nullable=False),
    Column("max_parallel", Integer, nullable=False),
    Index("backfills_of_schedule", "recurring_run_id", "created_at", "backfill_id"),
    Index("backfills_state", "state"),
    **OPTIONS,
)
