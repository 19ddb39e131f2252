"""Runs, their tasks and attempts, their history and what is asked of them; who may write them."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, UniqueConstraint

from headrace.store.tables.common import ID, KEY, NAMESPACE, OPTIONS, SEARCHED, STATE, TEXT, metadata

runs = Table(
    "runs",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("run_id", String(ID), nullable=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(255), nullable=False),
    Column("experiment_id", String(ID), nullable=False),
    Column("state", String(STATE), nullable=False),
    Column("storage_state", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("scheduled_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("pipeline_id", String(ID), nullable=False),
    Column("pipeline_version_id", String(ID), nullable=False),
    Column("recurring_run_id", String(ID), nullable=False),
    Column("revision", Integer, nullable=False),  # raised by changes of what is shown that are no events
    Column("folded_name", SEARCHED, nullable=False),  # as `rows.fold` has it, to look for substrings in
    Column("pipeline_name", TEXT, nullable=False),
    Column("pipeline_root", TEXT, nullable=False),
    Column("service_account", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("failure", TEXT),
    Column("history", TEXT, nullable=False),
    Column("parameters_size", Integer, nullable=False),
    Column("parameters", TEXT, nullable=False),
    Column("plugins_input", TEXT),
    UniqueConstraint("run_id", name="runs_id"),
    Index("runs_counted", "namespace", "storage_state"),
    Index("runs_searched", "namespace", "storage_state", "created_at", "folded_name"),
    Index("runs_created", "namespace", "created_at", "run_id"),
    Index("runs_stored", "namespace", "storage_state", "created_at", "run_id"),
    Index("runs_in_state", "namespace", "state", "created_at", "run_id"),
    Index("runs_named", "namespace", "name", "run_id"),
    Index("runs_of_experiment", "namespace", "experiment_id", "created_at", "run_id"),
    Index("runs_stored_of_experiment", "namespace", "experiment_id", "storage_state", "created_at", "run_id"),
    Index("runs_state", "state"),
    Index("runs_of_schedule", "recurring_run_id", "state"),
    Index("runs_of_recurring_run", "namespace", "recurring_run_id", "created_at", "run_id"),
    **OPTIONS,
)

resumes = Table(  # the runs that were resumed from another one, and at which spots
    "resumes",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("from_run", String(ID), nullable=False),
    Column("at", TEXT, nullable=False),
    **OPTIONS,
)

inbox = Table(  # what was asked of a run and not yet taken by its controller
    "inbox",
    metadata,
    Column("inbox_key", KEY, primary_key=True, autoincrement=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", TEXT, nullable=False),
    Index("inbox_run", "run_id", "kind"),
    **OPTIONS,
)

run_events = Table(  # history: one row per event, numbered per run by the lease holder
    "run_events",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("number", KEY, primary_key=True, autoincrement=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("state", String(STATE), nullable=False),
    Column("path", TEXT, nullable=False),
    Column("payload", TEXT, nullable=False),
    sqlite_with_rowid=False,
    **OPTIONS,
)

run_changes = Table(  # each state that a run went through; `place` is that in the order of all, 0 until it has one
    "run_changes",
    metadata,
    Column("change_key", KEY, primary_key=True, autoincrement=False),
    Column("run_key", KEY, nullable=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", String(STATE), nullable=False),
    Column("failure", TEXT),
    Index("run_changes_place", "place"),
    Index("run_changes_of_run", "run_key"),
    **OPTIONS,
)

leases = Table(
    "leases",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("holder", String(255), nullable=False),
    Column("term", BigInteger, nullable=False),
    **OPTIONS,
)

holders = Table(  # who may hold leases, and until when by the database's clock; only where servers share a database
    "holders",
    metadata,
    Column("holder_id", String(ID), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    **OPTIONS,
)

# `inputs` and `outputs` name their artifacts; `artifact_tasks` says the same, one link a row. A task that a client
# posted has in `posted` what it said, and of that in `scope_path` and `pods` what it is found by and no other column
# holds; the planner never sees it.
tasks = Table(
    "tasks",
    metadata,
    Column("task_key", KEY, primary_key=True, autoincrement=False),
    Column("task_id", String(ID), nullable=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_key", KEY, nullable=False),
    Column("kind", String(STATE), nullable=False),
    Column("state", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("iterations", Integer, nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("cached_from", String(ID), nullable=False),
    Column("sources", String(64), nullable=False),
    Column("posted", TEXT),
    Column("path", TEXT, nullable=False),
    Column("parent", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("display_name", TEXT, nullable=False),
    Column("failure", TEXT),
    Column("reason", TEXT, nullable=False),
    Column("history", TEXT, nullable=False),
    Column("inputs", TEXT, nullable=False),
    Column("outputs", TEXT, nullable=False),
    Column("scope_path", TEXT),
    Column("pods", TEXT),
    UniqueConstraint("task_id", name="tasks_id"),
    Index("tasks_of_run", "run_key", "created_at", "task_id"),
    Index("tasks_fingerprint", "namespace", "fingerprint", "ended_at", "state"),
    **OPTIONS,
)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_key", KEY, nullable=False),
    Column("task_id", String(ID), nullable=False),
    Column("path", TEXT, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("exit_code", Integer),
    Column("infrastructure", Integer, nullable=False),
    Column("failure", TEXT),
    Column("usage", TEXT),
    Index("attempts_of_run", "run_key", "number"),
    Index("attempts_of_task", "task_id"),
    **OPTIONS,
)
