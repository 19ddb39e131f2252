"""What the server says of itself: `/`, healthz, and `/api/v1/server`."""

import asyncio
import shutil
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from headrace import __version__
from headrace.api.body import reply_json
from headrace.api.disk_meter import DiskMeter
from headrace.api.handlers import Handlers
from headrace.base.disk import Usage
from headrace.base.json import JsonObject

DOCS = "https://www.kubeflow.org/docs/components/pipelines/"


@dataclass(frozen=True, slots=True)
class ServerInfo(Handlers):
    meter: DiskMeter

    async def root(self, _request: Request) -> Response:
        """Whoever opens the address in a browser sees what it is."""
        return reply_json({"name": "headrace", "version": __version__, "docs": DOCS})

    async def healthz(self, _request: Request) -> Response:
        """KFP's: the client reads `multi_user` and `pipeline_store`."""
        return reply_json(
            {"commit_sha": "", "tag_name": __version__, "multi_user": False, "pipeline_store": "database"}
        )

    async def server(self, _request: Request) -> Response:
        """Where the server keeps things, and what it may use."""
        settings, home = self.services.settings, self.services.home.root
        disk = await asyncio.to_thread(shutil.disk_usage, home)
        held = self.meter.look()
        return reply_json(
            {
                "name": "headrace",
                "version": __version__,
                "home": str(home),
                "slots": settings.slots,
                "cache": settings.cache,
                "kfp_compat": settings.kfp_compat,
                "pipeline_root": settings.pipeline_root,
                "disk": {"free": disk.free, "total": disk.total, "home": None if held is None else _parts(held)},
            }
        )


def _parts(held: Usage) -> JsonObject:
    """The bytes that the home holds, by what they are for."""
    return {
        "total": held.total,
        "artifacts": held.artifacts,
        "environments": held.environments,
        "attempts": held.attempts,
        "rest": held.rest,
    }
