"""What experiments say of how long they keep, and the runs that are always kept."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from headrace.model.retention import PARTS, Retention
from headrace.store import tables as t
from headrace.store.catalog import get_experiment
from headrace.store.query import get_run


def of_experiments(tx: Connection, namespace: str | None = None) -> Mapping[str, Retention]:
    """By experiment id, those that say something; of all namespaces, unless one is given."""
    query = select(t.retentions)
    if namespace is not None:
        query = query.where(t.retentions.c.namespace == namespace)
    return {row.experiment_id: _retention(row) for row in tx.execute(query)}


def get(tx: Connection, experiment_id: str) -> Retention:
    """What the experiment itself says. Raises NotFound."""
    get_experiment(tx, experiment_id)
    row = tx.execute(select(t.retentions).where(t.retentions.c.experiment_id == experiment_id)).first()
    return Retention() if row is None else _retention(row)


def put(tx: Connection, experiment_id: str, retention: Retention) -> None:
    """Let the experiment say this, and nothing else. Raises NotFound."""
    namespace = get_experiment(tx, experiment_id).namespace
    tx.execute(delete(t.retentions).where(t.retentions.c.experiment_id == experiment_id))
    if retention != Retention():
        said = {name: getattr(retention, name) for name in PARTS}
        tx.execute(insert(t.retentions), {"experiment_id": experiment_id, "namespace": namespace, **said})


def pin(tx: Connection, run_id: str) -> None:
    """Keep the run and all that it left, whatever retention says. Raises NotFound."""
    run = get_run(tx, run_id)
    mine = t.pinned_runs.c.run_key == run.key
    if tx.execute(select(t.pinned_runs.c.run_key).where(mine)).first() is None:
        tx.execute(insert(t.pinned_runs), {"run_key": run.key, "namespace": run.namespace})


def unpin(tx: Connection, run_id: str) -> None:
    """Let retention have the run again. Raises NotFound."""
    run = get_run(tx, run_id)
    tx.execute(delete(t.pinned_runs).where(t.pinned_runs.c.run_key == run.key))


def pinned(tx: Connection, namespace: str) -> list[str]:
    """The ids of the runs that are always kept."""
    query = (
        select(t.runs.c.run_id)
        .join(t.pinned_runs, t.pinned_runs.c.run_key == t.runs.c.run_key)
        .where(t.runs.c.namespace == namespace)
        .order_by(t.runs.c.run_id)
    )
    return list(tx.execute(query).scalars())


def _retention(row: Row[Any]) -> Retention:
    return Retention(*(getattr(row, name) for name in PARTS))
