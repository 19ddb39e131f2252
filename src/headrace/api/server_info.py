"""What the server says of itself: `/`, healthz, and `/api/v1/server`."""

import asyncio
import shutil
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from headrace import __version__
from headrace.api.body import NO_STORE, reply_own
from headrace.api.disk_meter import DiskMeter
from headrace.api.handlers import Handlers
from headrace.api.page import page, policy
from headrace.api.wire import own
from headrace.base.disk import Usage
from headrace.model.listing import ListQuery
from headrace.store import query as lists

_LATEST = ListQuery((), "created_at", descending=True, size=20)


@dataclass(frozen=True, slots=True)
class ServerInfo(Handlers):
    meter: DiskMeter

    async def root(self, request: Request) -> Response:
        """Whoever opens the address in a browser sees that it is up and what it did last; programs get JSON."""
        if "text/html" not in request.headers.get("accept", ""):
            return reply_own(own.About(name="headrace", version=__version__, docs="/docs"))
        namespace = self.principal(request).namespace
        found = await self.read(lambda tx: lists.list_runs(tx, namespace, _LATEST))
        headers = {
            **NO_STORE,
            "Content-Security-Policy": policy(),
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(page(__version__, found.items, found.total), media_type="text/html", headers=headers)

    async def healthz(self, _request: Request) -> Response:
        """KFP's: the client reads `multi_user` and `pipeline_store`."""
        return reply_own(own.Health(commit_sha="", tag_name=__version__, multi_user=False, pipeline_store="database"))

    async def server(self, _request: Request) -> Response:
        """Where the server keeps things, and what it may use."""
        settings, home = self.services.settings, self.services.home.root
        disk = await asyncio.to_thread(shutil.disk_usage, home)
        held = self.meter.look()
        return reply_own(
            own.Server(
                name="headrace",
                version=__version__,
                home=str(home),
                slots=settings.slots,
                cache=settings.cache,
                kfp_compat=settings.kfp_compat,
                pipeline_root=settings.pipeline_root,
                disk=own.DiskUsage(free=disk.free, total=disk.total, home=None if held is None else _parts(held)),
            )
        )


def _parts(held: Usage) -> own.HomeUsage:
    """The bytes that the home holds, by what they are for."""
    return own.HomeUsage(
        total=held.total,
        artifacts=held.artifacts,
        environments=held.environments,
        attempts=held.attempts,
        rest=held.rest,
    )
