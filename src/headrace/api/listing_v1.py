"""Lists of v1beta1: their filters say `op`, and have words of their own for states, some of which stand for several."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request

from headrace.api import listing
from headrace.api.convert.v1 import STATUS
from headrace.api.listing import Asked
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.model.listing import Operation, Predicate
from headrace.model.state import State, StorageState

_STORAGE_STATES = {each.value: f"STORAGESTATE_{each}" for each in StorageState}
_STATES = {each.value: STATUS[each] for each in State}
_WORDS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "Experiment": {"storage_state": _STORAGE_STATES},
    "Run": {"storage_state": _STORAGE_STATES, "status": _STATES, "state": _STATES},
}
"""By list and key: what v1 calls each value."""


def asked(request: Request, kind: str) -> Asked:
    """As `listing.asked`."""
    found, words = listing.asked(request, kind, dialect=_of_v2), _WORDS.get(kind, {})
    predicates = (_in_values(each, words[each.key]) if each.key in words else each for each in found.query.predicates)
    return replace(found, query=replace(found.query, predicates=tuple(predicates)))


def _of_v2(found: JsonValue) -> JsonValue:
    """A filter of v1beta1 as v2beta1 spells it; what is no filter is left as it is, and refused."""
    if not isinstance(found, Mapping) or not isinstance(given := found.get("predicates"), list):
        return found
    return {**found, "predicates": [_spelled(each) for each in given]}


def _spelled(predicate: JsonValue) -> JsonValue:
    if not isinstance(predicate, Mapping):
        return predicate
    return {("operation" if key == "op" else key): value for key, value in predicate.items()}


def _in_values(predicate: Predicate, words: Mapping[str, str]) -> Predicate:
    """The values whose word passes, whatever its case. Raises InvalidInput for an operation that words do not have."""
    given = predicate.value if isinstance(predicate.value, tuple) else (predicate.value,)
    wanted = [str(each).upper() for each in given]
    match predicate.operation:
        case Operation.EQUALS | Operation.IN:
            found = [value for value, word in words.items() if word.upper() in wanted]
        case Operation.NOT_EQUALS:
            found = [value for value, word in words.items() if word.upper() not in wanted]
        case Operation.IS_SUBSTRING:
            found = [value for value, word in words.items() if wanted[0] in word.upper()]
        case other:
            raise InvalidInput(f"{predicate.key} has no order: {other} does not fit it", where="filter")
    return replace(predicate, operation=Operation.IN, value=tuple(found))
