"""One page of a list, as SQL: predicates, sorting, and keyset paging over the columns that a list offers.

Takes a `Listing` (which table, which keys) and a `ListQuery`; gives rows and where the next page begins. A page costs
the same wherever it is: it starts after the last item of the one before, never by counting off. Rows without a sort
value (a run without the metric) come last in both directions.

Instants are compared in whole seconds, as clients send them; substrings without regard to case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Connection, Label, Row, Select, and_, case, false, func, not_, or_

from headrace.base.clock import SECOND
from headrace.base.errors import InvalidInput
from headrace.model.listing import ListQuery, Operation, Predicate

Column = ColumnElement[Any]
Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list offers, by key. `dynamic` gives the column for keys that begin so (`tags.`), by the rest of the key.

    Every key sorts and filters, but that of the dynamic ones only those in `filters` filter. A row may have none of
    `numbers`.
    """

    name: str
    id: Column
    texts: Mapping[str, Column]
    times: Mapping[str, Column]
    numbers: Mapping[str, Column] = field(default_factory=dict)
    dynamic: Mapping[str, Callable[[str], Column]] = field(default_factory=dict)
    filters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a page, how many there are in all, and where the next page begins."""

    rows: tuple[Row[Any], ...]
    total: int
    next: tuple[Value, str] | None


def fetch(tx: Connection, listing: Listing, wanted: Select[Any], query: ListQuery, *scope: Column) -> Rows:
    """The page of `wanted` that `query` asks for, among the rows in `scope`.

    Raises InvalidInput for a key that the list does not have, or a value that does not fit it.
    """
    conditions = [*scope, *(_condition(listing, predicate) for predicate in query.predicates)]
    value, nullable = _sort_column(listing, query.sort_key)
    shown = value.label("sort_value")
    page = wanted.add_columns(shown, listing.id.label("sort_id")).where(*conditions)
    if query.after is not None:
        page = page.where(_beyond(value, nullable, listing.id, query.after, query.descending))
    page = page.order_by(*_order(shown, nullable, listing.id, query.descending)).limit(query.size + 1)
    rows = tx.execute(page).all()
    count = wanted.with_only_columns(func.count(), maintain_column_froms=True).where(*conditions)
    total = tx.execute(count).scalar_one()
    last = rows[query.size - 1] if len(rows) > query.size else None
    return Rows(tuple(rows[: query.size]), total, None if last is None else (last.sort_value, last.sort_id))


def _sort_column(listing: Listing, key: str) -> tuple[Column, bool]:
    """The column, and whether a row may have none."""
    plain = {**listing.texts, **listing.times}.get(key.lower())
    if plain is not None:
        return plain, False
    if (number := listing.numbers.get(key.lower())) is not None:
        return number, True
    prefix, name = _split(listing, key)
    if not name:
        raise InvalidInput(f'Invalid sorting field: "{key}" on listable type {listing.name}', where="sort_by")
    return listing.dynamic[prefix](name), True


def _split(listing: Listing, key: str) -> tuple[str, str]:
    """The dynamic prefix that the key has, and the rest of it; twice "" for a key that has none."""
    for prefix in listing.dynamic:
        if key.lower().startswith(prefix):
            return prefix, key[len(prefix) :]
    return "", ""


def _order(value: Label[Any], nullable: bool, id: Column, descending: bool) -> list[Column]:
    by = [value.desc(), id.desc()] if descending else [value.asc(), id.asc()]
    return [case((value.element.is_(None), 1), else_=0).asc(), *by] if nullable else list(by)


def _beyond(value: Column, nullable: bool, id: Column, after: tuple[Value, str], descending: bool) -> Column:
    """What comes after an item. The first comparison alone bounds the range, for indexes."""
    last, last_id = after
    further_id = id < last_id if descending else id > last_id
    if last is None:
        return and_(value.is_(None), further_id)
    from_it, further = (value <= last, value < last) if descending else (value >= last, value > last)
    beyond = and_(from_it, or_(further, further_id))
    return or_(beyond, value.is_(None)) if nullable else beyond


def _condition(listing: Listing, predicate: Predicate) -> Column:
    key = predicate.key
    _check_value(predicate)
    if (text := listing.texts.get(key)) is not None:
        _check_type(predicate, str)
        return _compare(text, predicate.operation, predicate.value)
    if (time := listing.times.get(key)) is not None:
        _check_type(predicate, int)
        return _compare_time(time, predicate)
    if (number := listing.numbers.get(key)) is not None:
        return _compare(number, predicate.operation, _as_numbers(predicate))
    prefix, name = _split(listing, key)
    if not name or prefix not in listing.filters:
        known = sorted([*listing.texts, *listing.times, *listing.numbers, *(f"{each}KEY" for each in listing.filters)])
        raise InvalidInput(
            f'Invalid filter key: "{key}" on listable type {listing.name}',
            where="filter",
            hint=f"Known are: {', '.join(known)}",
        )
    if predicate.operation is not Operation.EQUALS:
        raise InvalidInput(f"{key} can be compared by EQUALS only", where="filter")
    _check_type(predicate, str)
    return _compare(listing.dynamic[prefix](name), predicate.operation, predicate.value)


def _check_value(predicate: Predicate) -> None:
    """IN takes several values, everything else one."""
    if (predicate.operation is Operation.IN) is not isinstance(predicate.value, tuple):
        wanted = "a list of values" if predicate.operation is Operation.IN else "one value"
        raise InvalidInput(f"{predicate.operation.name} on {predicate.key} takes {wanted}", where="filter")


def _check_type(predicate: Predicate, kind: type) -> None:
    values = predicate.value if isinstance(predicate.value, tuple) else (predicate.value,)
    if not all(isinstance(value, kind) for value in values):
        wanted = "text" if kind is str else "a timestamp"
        raise InvalidInput(f"{predicate.key} is compared with {wanted}", where="filter")
    if predicate.operation is Operation.IS_SUBSTRING and kind is not str:
        raise InvalidInput(f"{predicate.key} is no text: IS_SUBSTRING does not fit it", where="filter")


def _as_numbers(predicate: Predicate) -> float | tuple[float, ...]:
    """The value of the predicate; the wire has no fractions but as text."""
    if predicate.operation is Operation.IS_SUBSTRING:
        raise InvalidInput(f"{predicate.key} is no text: IS_SUBSTRING does not fit it", where="filter")
    try:
        if isinstance(predicate.value, tuple):
            return tuple(map(float, predicate.value))
        return float(predicate.value)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{predicate.key} is compared with a number", where="filter") from error


def _compare(column: Any, operation: Operation, value: Any) -> Column:
    compared: Column
    match operation:
        case Operation.EQUALS:
            compared = column == value
        case Operation.NOT_EQUALS:
            compared = column != value
        case Operation.GREATER_THAN:
            compared = column > value
        case Operation.GREATER_THAN_EQUALS:
            compared = column >= value
        case Operation.LESS_THAN:
            compared = column < value
        case Operation.LESS_THAN_EQUALS:
            compared = column <= value
        case Operation.IN:
            compared = column.in_(value)
        case Operation.IS_SUBSTRING:
            compared = column.icontains(value, autoescape=True)
        case _:
            assert_never(operation)
    return compared


def _compare_time(column: Column, predicate: Predicate) -> Column:
    """Compare in whole seconds, by ranges of the column, so that an index serves."""
    if isinstance(predicate.value, tuple):
        return or_(false(), *(_within(column, int(value)) for value in predicate.value))
    begin = int(predicate.value) // SECOND * SECOND
    match predicate.operation:
        case Operation.EQUALS:
            return _within(column, begin)
        case Operation.NOT_EQUALS:
            return not_(_within(column, begin))
        case Operation.GREATER_THAN:
            return column >= begin + SECOND
        case Operation.LESS_THAN_EQUALS:
            return column < begin + SECOND
        case operation:
            return _compare(column, operation, begin)


def _within(column: Column, instant: int) -> Column:
    """The column is in the second that the instant is in."""
    begin = instant // SECOND * SECOND
    return and_(column >= begin, column < begin + SECOND)
