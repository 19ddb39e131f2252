"""What KFP has and Headrace does not yet: the routes are there and say so."""

from starlette.requests import Request
from starlette.responses import Response

from headrace.base.errors import Unimplemented


async def recurring_runs(request: Request) -> Response:
    """All routes of recurring runs."""
    raise Unimplemented(
        "recurring runs are not there yet", where=request.url.path, hint="Start runs from a scheduler of your own"
    )
