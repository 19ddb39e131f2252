"""Lists, walked page by page."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from headrace.model.listing import ListQuery, Page, Predicate
from headrace.model.run import Run
from headrace.store import query
from headrace.store.db import Database, Tx

Lister = Callable[[Tx, ListQuery], Page[Any]]


def walk(database: Database, lister: Lister, asked: ListQuery) -> list[Any]:
    """All items, page by page."""
    items: list[Any] = []
    while True:
        page = database.read(lambda tx, asked=asked: lister(tx, asked))
        items += page.items
        if page.next is None:
            assert page.total == len(items)
            return items
        assert len(page.items) == asked.size
        asked = replace(asked, after=page.next)


def all_runs(tx: Tx, asked: ListQuery) -> Page[Run]:
    return query.list_runs(tx, "", asked)


def named(database: Database, *predicates: Predicate) -> list[str]:
    return [run.name for run in walk(database, all_runs, ListQuery(predicates))]
