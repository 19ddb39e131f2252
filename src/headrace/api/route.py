"""What a row of the table of routes is made of: a method, a path, a handler, and what it does."""

import functools
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.api import body, metrics, proto_json
from headrace.api.errors import Handler, plain
from headrace.api.listing import DEFAULT_SIZE, MAX_SIZE
from headrace.api.operation import Operation, Parameter, number
from headrace.api.wire.filter import Filter
from headrace.api.wire.verbs import Verb

V2 = "/apis/v2beta1"
OLD = "/apis/v1beta1"
OWN = "/api/v1"

_SIZE = number("page_size", f"How many a page holds: {DEFAULT_SIZE} unless given, {MAX_SIZE} at most")
_TOKEN = Parameter("page_token", "Where to go on: the `next_page_token` of the page before")
_SORT_TEXT = "What to sort by, and `asc` or `desc` after a space; `created_at asc` unless given"
_FILTER_TEXT = "Predicates that must all hold, as JSON"

PAGE = (
    _SIZE,
    _TOKEN,
    Parameter("sort_by", _SORT_TEXT),
    Parameter("filter", _FILTER_TEXT, message=Filter),
)
"""The parameters of every list."""

PAGE_OF_TASKS = (_SIZE, _TOKEN, Parameter("order_by", _SORT_TEXT), Parameter("filter", _FILTER_TEXT, message=Filter))
PAGE_V1 = (*PAGE[:3], Parameter("filter", f"{_FILTER_TEXT}; v1 says `op` where v2 says `operation`"))


class ApiRoute(Route):
    """A route that says what it does, and notes its template, for metrics. It checks the body of a verb."""

    def __init__(self, method: str, path: str, handler: Handler, operation: Operation) -> None:
        answers = plain(handler) if operation.files else handler
        verb = operation.takes if isinstance(operation.takes, type) and issubclass(operation.takes, Verb) else None

        @functools.wraps(handler)
        async def noted(request: Request) -> Response:
            request.scope[metrics.ROUTE] = path
            if verb is not None:
                proto_json.read(verb, await body.read(request))
            return await answers(request)

        super().__init__(path, noted, methods=[method])
        self.method = method
        self.operation = operation

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it: without the kinds of its parameters."""
        return re.sub(r":\w+}", "}", self.path)
