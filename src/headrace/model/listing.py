"""A question to a list, and its answer: what the API decodes from the request and the store turns into SQL."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Operation(IntEnum):
    """A predicate's operation; the numbers are the wire's."""

    EQUALS = 1
    NOT_EQUALS = 2
    GREATER_THAN = 3
    GREATER_THAN_EQUALS = 5
    LESS_THAN = 6
    LESS_THAN_EQUALS = 7
    IN = 8
    IS_SUBSTRING = 9


@dataclass(frozen=True, slots=True)
class Predicate:
    """`key` as the client wrote it (`name`, `created_at`, `tags.team`); IN takes a tuple.

    A time is an Instant, but for `seconds`: there the client gave a whole number, which on a time counts seconds.
    """

    key: str
    operation: Operation
    value: str | int | tuple[str, ...] | tuple[int, ...]
    seconds: bool = False


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One page of a list: AND of the predicates, sorted by `sort_key` and then by id in the same direction.

    `after` is the (sort value, id) of the last item of the page before, None for the first page.
    """

    predicates: tuple[Predicate, ...] = ()
    sort_key: str = "created_at"
    descending: bool = False
    size: int = 20
    after: tuple[str | int | float | None, str] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """`next` is the `after` of the page that follows, None at the end; `total` counts all matches."""

    items: tuple[Item, ...]
    total: int
    next: tuple[str | int | float | None, str] | None = None
