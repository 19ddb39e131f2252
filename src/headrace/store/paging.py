"""One page of a list, as SQL: sorting and keyset paging over the columns that a list offers.

Takes a `Listing` (which table, which keys) and a `ListQuery`; gives rows and where the next page begins. A page costs
the same wherever it is: it starts after the last item of the one before, never by counting off. Rows without a sort
value (a run without the metric) come last in both directions.

A page that an index has in order, or of few rows, is read at once. Another one is found by ids first, so that an index
alone can answer, or only narrow rows are sorted; then the rows that are shown are read. How many match in all is
counted in an index too, and not at all where the first page holds them.

A part of a text, which no index can seek, is searched in the smallest index that has the text. Where few rows pass,
that one pass is all. Where many do, a second one counts them, and says between which instants they lie.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Any

from sqlalchemy import Connection, Null, Row, Select, String, Text, and_, bindparam, case, func, null, or_, select

from headrace.base.errors import InvalidInput
from headrace.model.listing import ListQuery, Operation
from headrace.store.listing import Column, Listing, Ranking, condition, plain_keys, split

Value = str | int | float | None

_NOTHING: Column = null()


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a page, how many there are in all, and where the next page begins."""

    rows: tuple[Row[Any], ...]
    total: int
    next: tuple[Value, str] | None


@dataclass(frozen=True, slots=True)
class _Sort:
    """What to sort by; `nullable` where a row may have no value."""

    value: Column
    nullable: bool
    id: Column


SORTED = 250
"""Characters."""

_FEW = 500
"""Where fewer rows than this pass a search, the pass that finds them is the only one."""


def fetch(tx: Connection, listing: Listing, wanted: Select[Any], query: ListQuery, *scope: Column) -> Rows:
    """The page of `wanted` that `query` asks for, among the rows in `scope`.

    Raises InvalidInput for a key that the list does not have, or a value that does not fit it.
    """
    conditions = [*scope, *(condition(listing, predicate) for predicate in query.predicates)]
    sort, total = _order_by(listing, query.sort_key), None
    if query.after is not None and not _fits(query.after[0], sort):
        raise InvalidInput("the page_token is damaged", where="page_token", hint="Start again without one")
    in_order = query.sort_key.lower() == listing.in_order
    if any(each.operation is Operation.IS_SUBSTRING for each in query.predicates):
        key = listing.times[listing.in_order] if listing.folded else listing.id
        few = _few(tx, wanted, key, conditions)
        if few is not None:
            total = len(few)
            shown = _shown(few, query) if in_order and listing.folded else few
            conditions.append(key.in_(bindparam("few", shown, expanding=True, literal_execute=True)))
            in_order = True
        elif in_order:
            total, between = _many(tx, wanted, listing.times[listing.in_order], conditions)
            conditions += between
    if total == 0:
        return Rows((), 0, None)
    if in_order and isinstance(sort, _Sort):
        rows, found = _find_whole(tx, wanted, sort, query, conditions)
    else:
        found = _find(tx, listing, wanted, sort, query, conditions)
        rows = _read(tx, listing, wanted, found[: query.size])
    after = found[query.size - 1] if len(found) > query.size else None
    if total is None:
        everything = query.after is None and after is None
        total = len(found) if everything else _count(tx, wanted, conditions)
    return Rows(rows, total, after)


def _few(tx: Connection, wanted: Select[Any], key: Column, conditions: Sequence[Column]) -> Sequence[Any] | None:
    """The value that each row that passes has in `key`, in no order; None where they are many."""
    of_them = wanted.with_only_columns(key, maintain_column_froms=True).where(*conditions).limit(_FEW)
    found = tx.execute(of_them).scalars().all()
    return found if len(found) < _FEW else None


def _shown(times: Sequence[Any], query: ListQuery) -> Sequence[Any]:
    """Of the times by which a list is sorted, those that the page's rows have, and the row after them."""
    first = nlargest if query.descending else nsmallest
    if query.after is None:
        return first(query.size + 1, times)
    last = query.after[0]
    further = [each for each in times if (each < last if query.descending else each > last)]
    return [last, *first(query.size + 1, further)]


def _many(
    tx: Connection, wanted: Select[Any], time: Column, conditions: Sequence[Column]
) -> tuple[int, Sequence[Column]]:
    """How many rows pass, and the first and the last instant at which one does."""
    span = wanted.with_only_columns(func.count(), func.min(time), func.max(time), maintain_column_froms=True)
    total, first, last = tx.execute(span.where(*conditions)).one()
    return total, (time >= first, time <= last)


def _count(tx: Connection, wanted: Select[Any], conditions: Sequence[Column]) -> int:
    count = wanted.with_only_columns(func.count(), maintain_column_froms=True).where(*conditions)
    return int(tx.execute(count).scalar_one())


def _find_whole(
    tx: Connection, wanted: Select[Any], sort: _Sort, query: ListQuery, conditions: Sequence[Column]
) -> tuple[tuple[Row[Any], ...], list[tuple[Value, str]]]:
    """The rows of the page, and as `_find` gives them."""
    page = wanted.add_columns(sort.value.label("sort_value"), sort.id.label("sort_id")).where(*conditions)
    rows = tx.execute(_limited(page, sort, query, query.after, query.size + 1)).all()
    return tuple(rows[: query.size]), [(row.sort_value, row.sort_id) for row in rows]


def _find(
    tx: Connection,
    listing: Listing,
    wanted: Select[Any],
    sort: _Sort | Ranking,
    query: ListQuery,
    conditions: Sequence[Column],
) -> list[tuple[Value, str]]:
    """Sort value and id of the page's items, and of one that follows."""
    most = query.size + 1
    if isinstance(sort, Ranking):
        return _find_ranked(tx, listing, wanted, sort, query, conditions, most)
    page = wanted.with_only_columns(sort.value, sort.id, maintain_column_froms=True).where(*conditions)
    return _take(tx, page, sort, query, query.after, most)


def _find_ranked(
    tx: Connection,
    listing: Listing,
    wanted: Select[Any],
    ranking: Ranking,
    query: ListQuery,
    conditions: Sequence[Column],
    most: int,
) -> list[tuple[Value, str]]:
    """First what has a value, in its index; then what has none."""
    found: list[tuple[Value, str]] = []
    if query.after is None or query.after[0] is not None:
        sort = _Sort(ranking.value, False, ranking.id)
        valued = select(sort.value, sort.id).select_from(ranking.source)
        valued = valued.where(*conditions).prefix_with("STRAIGHT_JOIN", dialect="mysql")  # else it sorts all runs
        found = _take(tx, valued, sort, query, query.after, most)
    if len(found) < most:
        bare = wanted.with_only_columns(_NOTHING, listing.id, maintain_column_froms=True).where(
            ranking.absent, *conditions
        )
        after = query.after if query.after is not None and query.after[0] is None else None
        found += _take(tx, bare, _Sort(_NOTHING, True, listing.id), query, after, most - len(found))
    return found


def _take(
    tx: Connection, page: Select[Any], sort: _Sort, query: ListQuery, after: tuple[Value, str] | None, most: int
) -> list[tuple[Value, str]]:
    return [(row[0], row[1]) for row in tx.execute(_limited(page, sort, query, after, most))]


def _limited(
    page: Select[Any], sort: _Sort, query: ListQuery, after: tuple[Value, str] | None, most: int
) -> Select[Any]:
    """What of the page comes after the item, in order, at most so many."""
    if after is not None:
        page = page.where(_beyond(sort, after, query.descending))
    return page.order_by(*_order(sort, query.descending)).limit(most)


def _read(
    tx: Connection, listing: Listing, wanted: Select[Any], shown: Sequence[tuple[Value, str]]
) -> tuple[Row[Any], ...]:
    """The rows of these items, in their order."""
    if not shown:
        return ()
    of_them = wanted.add_columns(listing.id.label("sort_id")).where(listing.id.in_([id for _, id in shown]))
    rows = {row.sort_id: row for row in tx.execute(of_them)}
    return tuple(rows[id] for _, id in shown)


def _order_by(listing: Listing, key: str) -> _Sort | Ranking:
    """What the key sorts by. Raises InvalidInput."""
    prefix, name = split(listing.ranked, key)
    return listing.ranked[prefix](name) if name else _sort(listing, key)


def _sort(listing: Listing, key: str) -> _Sort:
    plain = {**listing.texts, **listing.times}.get(key.lower())
    if plain is not None:
        return _Sort(_begin(plain) if isinstance(plain.type, Text) else plain, False, listing.id)
    if (number := listing.numbers.get(key.lower())) is not None:
        return _Sort(number, True, listing.id)
    prefix, name = split(listing.dynamic, key)
    if not name:
        raise InvalidInput(
            f'Invalid sorting field: "{key}" on listable type {listing.name}',
            where=listing.sorted_by,
            hint=f"Known are: {', '.join([*plain_keys(listing), *(f'{each}NAME' for each in listing.ranked)])}",
        )
    return _Sort(listing.dynamic[prefix](name), True, listing.id)


def _begin(text: Column) -> Column:
    """What a text of any length is sorted by. MySQL sorts by 1,024 bytes, and a page's token holds it."""
    return func.substr(text, 1, SORTED, type_=String(SORTED))


def _fits(last: Value, sort: _Sort | Ranking) -> bool:
    """Whether the last item that a client names may have had that sort value."""
    if last is None:
        return isinstance(sort, Ranking) or sort.nullable
    kind = sort.value.type.python_type
    if isinstance(last, int):
        return kind in (int, float) and abs(last) < 2**63
    return isinstance(last, kind)


def _order(sort: _Sort, descending: bool) -> list[Column]:
    if isinstance(sort.value, Null):
        return [sort.id.desc() if descending else sort.id.asc()]
    by = [sort.value.desc(), sort.id.desc()] if descending else [sort.value.asc(), sort.id.asc()]
    return [case((sort.value.is_(None), 1), else_=0).asc(), *by] if sort.nullable else list(by)


def _beyond(sort: _Sort, after: tuple[Value, str], descending: bool) -> Column:
    """What comes after an item. The first comparison alone bounds the range, for indexes."""
    last, last_id = after
    further_id = sort.id < last_id if descending else sort.id > last_id
    if isinstance(sort.value, Null):
        return further_id
    if last is None:
        return and_(sort.value.is_(None), further_id)
    value = sort.value
    from_it, further = (value <= last, value < last) if descending else (value >= last, value > last)
    beyond = and_(from_it, or_(further, further_id))
    return or_(beyond, value.is_(None)) if sort.nullable else beyond
