"""The tables. Rows are the truth: the APIs, the lineage views and the planner's state are made of them.

Portable to SQLite, PostgreSQL and MySQL: what is indexed has a bounded length, what a pipeline's author may choose
freely is text without a bound, JSON is text (`rows.py` writes it), instants are BIGINT microseconds with 0 for never.
`*_key` are 64-bit numbers of one shared sequence, never reused; `*_id` are the public ids. There are no foreign keys:
a run is written and deleted whole, by this room only. Every row is in a namespace, but for what belongs to nobody:
plans (named by their content), what stands for images, and the bookkeeping of sequences and of the schema.

Large columns come last in their table: SQLite then reads the others without them.
"""

from headrace.store.tables.cache import cache_drops, fingerprints
from headrace.store.tables.catalog import experiments, pipeline_versions, pipelines, plans, tags
from headrace.store.tables.claims import claim_mounts, claims
from headrace.store.tables.common import GONE, ID, KEY, NAMESPACE, OPTIONS, STATE, TEXT, metadata
from headrace.store.tables.images import images
from headrace.store.tables.lineage import artifact_tasks, artifacts, metrics
from headrace.store.tables.notices import deliveries, webhooks
from headrace.store.tables.objects import config_maps, secrets
from headrace.store.tables.retention import pinned_runs, removals, retentions
from headrace.store.tables.runs import attempts, holders, inbox, leases, resumes, run_changes, run_events, runs, tasks
from headrace.store.tables.schedules import backfills, recurring_runs, ticks
from headrace.store.tables.upkeep import schema_version, sequences

__all__ = [
    "GONE",
    "ID",
    "KEY",
    "NAMESPACE",
    "OPTIONS",
    "STATE",
    "TEXT",
    "artifact_tasks",
    "artifacts",
    "attempts",
    "backfills",
    "cache_drops",
    "claim_mounts",
    "claims",
    "config_maps",
    "deliveries",
    "experiments",
    "fingerprints",
    "holders",
    "images",
    "inbox",
    "leases",
    "metadata",
    "metrics",
    "pinned_runs",
    "pipeline_versions",
    "pipelines",
    "plans",
    "recurring_runs",
    "removals",
    "resumes",
    "retentions",
    "run_changes",
    "run_events",
    "runs",
    "schema_version",
    "secrets",
    "sequences",
    "tags",
    "tasks",
    "ticks",
    "webhooks",
]
