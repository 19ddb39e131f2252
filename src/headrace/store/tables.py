"""The tables. Rows are the truth: the APIs, the lineage views and the planner's state are made of them.

Portable to SQLite, PostgreSQL and MySQL: what is indexed has a bounded length, what a pipeline's author may choose
freely is text without a bound, JSON is text (`rows.py` writes it), instants are BIGINT microseconds with 0 for never.
`*_key` are 64-bit numbers of one shared sequence, never reused; `*_id` are the public ids. There are no foreign keys:
a run is written and deleted whole, by this room only. Every row is in a namespace, but for what belongs to nobody:
plans (named by their content) and the bookkeeping of sequences and of the schema.

Large columns come last in their table: SQLite then reads the others without them.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

KEY = BigInteger().with_variant(Integer(), "sqlite")
TEXT = Text().with_variant(Text(2**32 - 1), "mysql", "mariadb")
ID = 64
NAMESPACE = 63
GONE = "~gone"
"""The namespace of runs that were deleted before they ended, until they have; it is nobody's, so no list has them."""
STATE = 16
OPTIONS: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

experiments = Table(
    "experiments",
    metadata,
    Column("experiment_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(128), nullable=False),
    Column("storage_state", String(STATE), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_run_created_at", BigInteger, nullable=False),
    Column("description", TEXT, nullable=False),
    UniqueConstraint("namespace", "name", name="experiments_name"),
    Index("experiments_created", "namespace", "created_at", "experiment_id"),
    Index("experiments_stored", "namespace", "storage_state", "created_at", "experiment_id"),
    **OPTIONS,
)

pipelines = Table(
    "pipelines",
    metadata,
    Column("pipeline_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("name", String(128), nullable=False),
    Column("display_name", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("description", TEXT, nullable=False),
    UniqueConstraint("namespace", "name", name="pipelines_name"),
    Index("pipelines_created", "namespace", "created_at", "pipeline_id"),
    Index("pipelines_display_name", "namespace", "display_name"),
    **OPTIONS,
)

pipeline_versions = Table(
    "pipeline_versions",
    metadata,
    Column("pipeline_version_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("pipeline_id", String(ID), nullable=False),
    Column("name", String(127), nullable=False),
    Column("display_name", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("plan_id", String(80), nullable=False),
    Column("code_source_url", TEXT, nullable=False),
    Column("package_url", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    UniqueConstraint("pipeline_id", "name", name="pipeline_versions_name"),
    Index("pipeline_versions_created", "pipeline_id", "created_at", "pipeline_version_id"),
    **OPTIONS,
)

tags = Table(  # of pipelines and of versions
    "tags",
    metadata,
    Column("owner_id", String(ID), primary_key=True),
    Column("key", String(63), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("value", String(63), nullable=False),
    Index("tags_value", "key", "value", "owner_id"),
    **OPTIONS,
)

plans = Table(  # documents, as they were submitted
    "plans",
    metadata,
    Column("plan_id", String(80), primary_key=True),
    Column("document", TEXT, nullable=False),
    **OPTIONS,
)

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
    Column("folded_name", String(255), nullable=False),  # in lower case, to look for substrings in
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
    Index("runs_created", "namespace", "created_at", "run_id", "folded_name"),
    Index("runs_stored", "namespace", "storage_state", "created_at", "run_id", "folded_name"),
    Index("runs_in_state", "namespace", "state", "created_at", "run_id"),
    Index("runs_named", "namespace", "name", "run_id"),
    Index("runs_of_experiment", "namespace", "experiment_id", "created_at", "run_id"),
    Index("runs_stored_of_experiment", "namespace", "experiment_id", "storage_state", "created_at", "run_id"),
    Index("runs_state", "state"),
    Index("runs_of_schedule", "recurring_run_id", "state"),
    Index("runs_of_recurring_run", "namespace", "recurring_run_id", "created_at", "run_id"),
    **OPTIONS,
)

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

leases = Table(
    "leases",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("holder", String(255), nullable=False),
    Column("term", BigInteger, nullable=False),
    **OPTIONS,
)

# `inputs` and `outputs` name their artifacts; `artifact_tasks` says the same, one link a row. A task that a client
# posted has in `posted` what it said and the other columns do not hold; the planner never sees it.
holders = Table(  # who may hold leases, and until when by the database's clock; only where servers share a database
    "holders",
    metadata,
    Column("holder_id", String(ID), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    **OPTIONS,
)

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
    UniqueConstraint("task_id", name="tasks_id"),
    Index("tasks_of_run", "run_key", "created_at", "task_id"),
    Index("tasks_fingerprint", "namespace", "fingerprint", "ended_at", "state"),
    **OPTIONS,
)

fingerprints = Table(  # what a fingerprint was made of, and the task that was last to be executed for it
    "fingerprints",
    metadata,
    Column("namespace", String(NAMESPACE), primary_key=True),
    Column("fingerprint", String(80), primary_key=True),
    Column("run_id", String(ID), nullable=False),
    Column("path", TEXT, nullable=False),
    Column("parts", TEXT, nullable=False),
    **OPTIONS,
)

cache_drops = Table(  # executions that must not stand in for equal steps any more
    "cache_drops",
    metadata,
    Column("task_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    **OPTIONS,
)

retentions = Table(  # how long an experiment keeps, in microseconds; NULL is as the server says, -1 for ever
    "retentions",
    metadata,
    Column("experiment_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("runs", BigInteger),
    Column("archived_runs", BigInteger),
    Column("logs", BigInteger),
    Column("artifacts", BigInteger),
    Column("cache", BigInteger),
    **OPTIONS,
)

pinned_runs = Table(  # runs that no retention touches
    "pinned_runs",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    **OPTIONS,
)

removals = Table(  # artifacts whose bytes are to be removed; `done` is 1 once they are, while the artifact has a row
    "removals",
    metadata,
    Column("artifact_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("done", Integer, nullable=False),
    Column("uri", TEXT, nullable=False),
    Index("removals_done", "done", "artifact_id"),
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

# `run_id`, `task_id` and `producer` (the task's name) say who made it. A metrics artifact has a row beside its own for
# each of its numbers (`number_value`), and is not `listed` itself: clients of 3.0 see the numbers.
artifacts = Table(
    "artifacts",
    metadata,
    Column("artifact_key", KEY, primary_key=True, autoincrement=False),
    Column("artifact_id", String(ID), nullable=False),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("task_id", String(ID), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("listed", Integer, nullable=False),
    Column("number_value", Double),
    Column("producer", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("schema_version", TEXT, nullable=False),
    Column("uri", TEXT, nullable=False),
    Column("description", TEXT),
    Column("metadata", TEXT, nullable=False),
    UniqueConstraint("artifact_id", name="artifacts_id"),
    Index("artifacts_created", "namespace", "listed", "created_at", "artifact_id"),
    **OPTIONS,
)

# Lineage. `type` is an IOType, `position` the place in the list that `key` holds; `producer` and `iteration` (-1 for
# none) say where it is from; `posted` is 1 where a client wrote the link.
artifact_tasks = Table(
    "artifact_tasks",
    metadata,
    Column("link_id", String(ID), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_key", KEY, nullable=False),
    Column("task_id", String(ID), nullable=False),
    Column("artifact_id", String(ID), nullable=False),
    Column("type", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("posted", Integer, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("producer", TEXT, nullable=False),
    Index("artifact_tasks_run", "run_key", "artifact_id", "type"),
    Index("artifact_tasks_task", "task_id"),
    Index("artifact_tasks_artifact", "artifact_id"),
    **OPTIONS,
)

metrics = Table(  # the numbers in the metadata of metrics artifacts, for each run that gave them, cached ones included
    "metrics",
    metadata,
    Column("run_key", KEY, primary_key=True, autoincrement=False),
    Column("artifact_id", String(ID), primary_key=True),
    Column("key", String(191), primary_key=True),
    Column("namespace", String(NAMESPACE), nullable=False),
    Column("run_id", String(ID), nullable=False),
    Column("value", Double, nullable=False),
    Index("metrics_key", "run_key", "key", "value"),
    Index("metrics_ranked", "namespace", "key", "value", "run_id"),
    **OPTIONS,
)

sequences = Table(  # the first key that no block holds yet
    "sequences",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("next", BigInteger, nullable=False),
    **OPTIONS,
)

schema_version = Table(  # which migration this database is at, so that opening it needs no Alembic
    "schema_version",
    metadata,
    Column("revision", String(32), primary_key=True),
    Column("migrated_at", BigInteger, nullable=False),
    **OPTIONS,
)
