"""A Starlette route and nothing else, served as Headrace serves: what the same bytes cost at the least.

    python benchmarks/bare.py < BYTES

Takes the bytes on standard input, prints the URL, serves until it is terminated.
"""

import asyncio
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.api.server import serve
from headrace.api.waiting import Closing


def main() -> None:
    body = sys.stdin.buffer.read()

    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    app = Starlette(routes=[Route("/", answer)])
    app.state.closing = Closing()
    asyncio.run(serve(app, "127.0.0.1", 0, lambda url: print(url, flush=True)))


if __name__ == "__main__":
    main()
