"""The question in a list request: page size and token, sorting, filter. Takes the query string, gives a `ListQuery`.

A page token is opaque to clients. It holds the list it is for, the sorting, the filter and where the page before
ended, so that the rest of a request that comes with one may be left out but may not differ.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_plus

import msgspec
from starlette.requests import Request

from headrace.api import proto_json
from headrace.api.query import text
from headrace.api.wire.filter import Filter, FilterOperation, FilterPredicate
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.model.listing import ListQuery, Operation, Predicate

DEFAULT_SIZE = 20
MAX_SIZE = 200
MAX_FILTER = 64 * 1024

After: TypeAlias = tuple[str | int | float | None, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One page that a client asks for. `kind` is the list's noun, as messages have it: `Run`."""

    kind: str
    sort: str
    filter: str
    query: ListQuery

    def token(self, after: After | None) -> str:
        """The token of the page after this one, "" where there is none."""
        if after is None:
            return ""
        return _pack(_Token(kind=self.kind, sort=self.sort, filter=self.filter, after=after))


class _Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    sort: str
    filter: str
    after: After


def asked(
    request: Request,
    kind: str,
    *,
    sort: str = "sort_by",
    max_size: int = MAX_SIZE,
    dialect: "Callable[[JsonValue], JsonValue] | None" = None,
) -> Asked:
    """What the request asks of the list of `kind`. `sort` is the parameter that sorts; `dialect` makes a filter of
    v2beta1 of the filter. Raises InvalidInput."""
    size = min(_size(text(request, "page_size")), max_size)
    sort_by, filter_by = _normal_sort(text(request, sort), kind, sort), text(request, "filter")
    after: After | None = None
    if token := text(request, "page_token"):
        page = _unpack(token, kind)
        if filter_by and predicates(filter_by, dialect) != predicates(page.filter, dialect):
            raise _another("filter")
        if text(request, sort) and sort_by != page.sort:
            raise _another(sort)
        sort_by, filter_by, after = page.sort, page.filter, page.after
    key, _, direction = sort_by.partition(" ")
    query = ListQuery(predicates(filter_by, dialect), key, direction == "desc", size, after)
    return Asked(kind, sort_by, filter_by, query)


def predicates(filter_text: str, dialect: "Callable[[JsonValue], JsonValue] | None" = None) -> tuple[Predicate, ...]:
    """The predicates of a filter's JSON; clients that encode it twice are understood. Raises InvalidInput."""
    if not filter_text:
        return ()
    if len(filter_text) > MAX_FILTER:
        raise InvalidInput(f"the filter is longer than {MAX_FILTER} characters", where="filter")
    try:
        raw = proto_json.decode(filter_text.encode(), "the filter")
    except InvalidInput:
        try:
            raw = proto_json.decode(unquote_plus(filter_text).encode(), "the filter")
        except InvalidInput as error:
            hint = 'Write it as {"predicates": [{"operation": "EQUALS", "key": "name", "string_value": "x"}]}'
            raise InvalidInput(error.message, where="filter", hint=hint) from error
    message = proto_json.from_json(Filter, raw if dialect is None else dialect(raw), "filter")
    return tuple(_predicate(each, f"filter.predicates[{index}]") for index, each in enumerate(message.predicates))


def _predicate(given: FilterPredicate, where: str) -> Predicate:
    if given.operation is FilterOperation.OPERATION_UNSPECIFIED:
        raise InvalidInput("the predicate has no operation", where=where, hint='Give one, such as "EQUALS"')
    if not given.key:
        raise InvalidInput("the predicate has no key", where=where, hint='Give one, such as "name"')
    operation = Operation[given.operation.name]
    value = _operand(given, where)
    if (operation is Operation.IN) != isinstance(value, tuple):
        wanted = "a list of values" if operation is Operation.IN else "a single value"
        raise InvalidInput(f"{operation.name} takes {wanted}", where=where)
    if operation is Operation.IS_SUBSTRING and not isinstance(value, str):
        raise InvalidInput("IS_SUBSTRING takes a string_value", where=where)
    return Predicate(given.key, operation, value, seconds=given.timestamp_value is None)


def _operand(given: FilterPredicate, where: str) -> str | int | tuple[str, ...] | tuple[int, ...]:
    """The one value that is given."""
    found: list[str | int | tuple[str, ...] | tuple[int, ...]] = []
    if given.string_value is not None:
        found.append(given.string_value)
    if given.int_value is not None:
        found.append(given.int_value)
    if given.long_value is not None:
        found.append(int(given.long_value))
    if given.timestamp_value is not None:
        found.append(proto_json.read_time(given.timestamp_value))
    if given.string_values is not None:
        found.append(tuple(given.string_values.values))
    if given.int_values is not None:
        found.append(tuple(given.int_values.values))
    if given.long_values is not None:
        found.append(tuple(int(value) for value in given.long_values.values))
    if len(found) != 1:
        raise InvalidInput(f"the predicate has {len(found)} values", where=where, hint="Give one, e.g. string_value")
    return found[0]


def _size(given: str) -> int:
    if not given:
        return DEFAULT_SIZE
    try:
        size = int(given)
    except ValueError as error:
        raise InvalidInput(f"{given[:40]!r} is not a number", where="page_size") from error
    if size < 0:
        raise InvalidInput(f"{size} is negative", where="page_size", hint=f"Give 1 to {MAX_SIZE}")
    return min(size, MAX_SIZE) or DEFAULT_SIZE


def _normal_sort(given: str, kind: str, name: str) -> str:
    """`field asc` or `field desc`. Case tells fields apart only where they end in a name: of a metric, of a tag."""
    match given.split():
        case []:
            return "created_at asc"
        case [field]:
            return f"{_field(field)} asc"
        case [field, direction] if direction.lower() in ("asc", "desc"):
            return f"{_field(field)} {direction.lower()}"
    raise InvalidInput(
        f'Invalid sorting field: "{given[:80]}" on listable type {kind}', where=name, hint='Write "field desc"'
    )


def _field(given: str) -> str:
    return given if "." in given or ":" in given else given.lower()


def _another(name: str) -> InvalidInput:
    return InvalidInput(
        f"the page_token was made with another {name}", where=name, hint="Send the same again, or leave it out"
    )


def _pack(token: _Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode()


def _unpack(token: str, kind: str) -> _Token:
    try:
        page = msgspec.json.decode(base64.b64decode(token, altchars=b"-_", validate=True), type=_Token)
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidInput("the page_token is damaged", where="page_token", hint="Start again without one") from error
    if page.sort != _normal_sort(page.sort, kind, "page_token"):
        raise InvalidInput("the page_token is damaged", where="page_token", hint="Start again without one")
    if page.kind != kind:
        raise InvalidInput(f"the page_token is of a list of {page.kind}, not of {kind}", where="page_token")
    return page
