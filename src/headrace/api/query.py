"""Single parameters of the query string, in either of protobuf's spellings; empty is the same as absent."""

import re

from starlette.requests import Request

from headrace.api import proto_json
from headrace.api.proto_json import E
from headrace.base.errors import InvalidInput


def text(request: Request, name: str) -> str:
    """The parameter, or ""."""
    found = request.query_params.get(name) or request.query_params.get(_camel(name)) or ""
    if "\0" in found:
        raise InvalidInput("the text holds a NUL character", where=name, hint="Remove it")
    return found


def texts(request: Request, name: str) -> tuple[str, ...]:
    """A repeated parameter."""
    found = request.query_params.getlist(name) or request.query_params.getlist(_camel(name))
    if any("\0" in each for each in found):
        raise InvalidInput("the text holds a NUL character", where=name, hint="Remove it")
    return tuple(each for each in found if each)


def flag(request: Request, name: str) -> bool:
    """A boolean; absent is false."""
    given = text(request, name).lower()
    if given in ("", "false", "0"):
        return False
    if given in ("true", "1"):
        return True
    raise InvalidInput(f"{given[:40]!r} is not a boolean", where=name, hint='Give "true" or "false"')


def number(request: Request, name: str, default: int) -> int:
    """A natural number."""
    given = text(request, name)
    if not given:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", given):
        raise InvalidInput(f"{given[:40]!r} is not a number", where=name)
    return int(given)


def enum(request: Request, name: str, kind: type[E]) -> E:
    """An enum, by name or number; absent is the member that is numbered 0."""
    given = text(request, name)
    return proto_json.enum(kind, int(given or 0) if re.fullmatch("[0-9]{0,9}", given) else given, name)


def path(request: Request, name: str) -> str:
    """A part of the path."""
    found: str = request.path_params[name]
    if "\0" in found:
        raise InvalidInput("the path holds a NUL character", where=name, hint="Remove it")
    return found


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match.group(1).upper(), name)
