"""What a list offers, and a predicate on it as SQL.

Instants are compared in whole seconds, as clients send them; substrings without regard to case.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from sqlalchemy import ColumnElement, FromClause, and_, false, func, not_, or_

from headrace.base.clock import SECOND
from headrace.base.errors import InvalidInput
from headrace.model.listing import Operation, Predicate
from headrace.store.dialect import position
from headrace.store.rows import fold

Column = ColumnElement[Any]

MOST_TIMES = 500
"""How many values IN takes on a time; each is a range, and SQLite nests at most 1,000 deep."""

END_OF_TIME = 2**62


@dataclass(frozen=True, slots=True)
class Ranking:
    """A sort value that another table holds, in an index of its own: `value` and the list's `id` in `source`, which
    joins that table to the list's. `absent` is true of the list's rows that have no value."""

    source: FromClause
    value: Column
    id: Column
    absent: Column


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list offers, by key. `dynamic` gives the column for keys that begin so (`tags.`), by the rest of the key;
    `ranked` sorts only. Every key sorts and filters, but that of the dynamic ones only those in `filters` filter.

    A row may have none of `numbers`. `in_order` is the time by which an index has the rows in order, whatever usually
    narrows the list; "" for none. `sorted_by` is what a request calls its sort key. `folded` has the folded twins of
    texts, for substrings, which are in one index with that time. `choices` has all values of a text that has few.
    """

    name: str
    id: Column
    texts: Mapping[str, Column]
    times: Mapping[str, Column]
    numbers: Mapping[str, Column] = field(default_factory=dict)
    dynamic: Mapping[str, Callable[[str], Column]] = field(default_factory=dict)
    ranked: Mapping[str, Callable[[str], Ranking]] = field(default_factory=dict)
    filters: frozenset[str] = frozenset()
    folded: Mapping[str, Column] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_order: str = "created_at"
    sorted_by: str = "sort_by"


def plain_keys(listing: Listing) -> list[str]:
    """What the list filters by, for a hint."""
    return sorted([*listing.texts, *listing.times, *listing.numbers, *(f"{each}KEY" for each in listing.filters)])


def split(prefixes: Mapping[str, object], key: str) -> tuple[str, str]:
    """The prefix that the key has, and the rest of it; twice "" for a key that has none."""
    for prefix in prefixes:
        if key.lower().startswith(prefix):
            return prefix, key[len(prefix) :]
    return "", ""


def condition(listing: Listing, predicate: Predicate) -> Column:
    """True of the rows that pass. Raises InvalidInput for an unknown key, or a value that does not fit it."""
    key = predicate.key
    _check_value(predicate)
    if (text := listing.texts.get(key)) is not None:
        _check_type(predicate, str)
        return _compare_text(listing, text, predicate)
    if (time := listing.times.get(key)) is not None:
        _check_type(predicate, int)
        return _compare_time(time, predicate)
    if (number := listing.numbers.get(key)) is not None:
        return _compare(number, predicate.operation, _as_numbers(predicate))
    prefix, name = split(listing.dynamic, key)
    if not name or prefix not in listing.filters:
        raise InvalidInput(
            f'Invalid filter key: "{key}" on listable type {listing.name}',
            where="filter",
            hint=f"Known are: {', '.join(plain_keys(listing))}",
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
            return tuple(map(_finite, predicate.value))
        return _finite(predicate.value)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{predicate.key} is compared with a finite number", where="filter") from error


def _finite(value: str | int) -> float:
    """Raises ValueError, or OverflowError."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _compare_text(listing: Listing, column: Column, predicate: Predicate) -> Column:
    """As `_compare`, in the way that an index serves best."""
    value = predicate.value
    folded, choices = listing.folded.get(predicate.key), listing.choices.get(predicate.key)
    if predicate.operation is Operation.IS_SUBSTRING and folded is not None and isinstance(value, str):
        return position(folded, fold(value)) > 0
    if predicate.operation is Operation.NOT_EQUALS and choices is not None:
        others = [each for each in choices if each != value]
        return column == others[0] if len(others) == 1 else column.in_(others)
    return _compare(column, predicate.operation, value)


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
            compared = position(func.lower(column), func.lower(value)) > 0
        case _:
            assert_never(operation)
    return compared


def _compare_time(column: Column, predicate: Predicate) -> Column:
    """Compare in whole seconds, by ranges of the column, so that an index serves."""
    unit = SECOND if predicate.seconds else 1
    if isinstance(predicate.value, tuple):
        if len(predicate.value) > MOST_TIMES:
            raise InvalidInput(f"IN takes at most {MOST_TIMES} values on {predicate.key}", where="filter")
        return or_(false(), *(_within(column, _instant(int(value) * unit)) for value in predicate.value))
    begin = _instant(int(predicate.value) * unit) // SECOND * SECOND
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


def _instant(value: int) -> int:
    """The instant, or the end of time that lies before it, which no row reaches and every database has."""
    return min(max(value, -END_OF_TIME), END_OF_TIME)


def _within(column: Column, instant: int) -> Column:
    """The column is in the second that the instant is in."""
    begin = instant // SECOND * SECOND
    return and_(column >= begin, column < begin + SECOND)
