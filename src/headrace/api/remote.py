"""Packages that a client names by URL: fetched by the rules of the settings, then as if they had been uploaded."""

import asyncio
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from headrace.api.body import MAX_BODY
from headrace.api.packages import Package, Packages
from headrace.api.wire import catalog as wire
from headrace.base.egress import DEFAULT_DOMAINS, Egress, Rules
from headrace.base.errors import InvalidInput
from headrace.base.settings import Settings

FETCH_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Remote:
    """`turns` bounds how many packages are fetched at once."""

    packages: Packages
    egress: Egress
    turns: asyncio.Semaphore

    async def package(self, asked: wire.PipelineVersion, where: str) -> tuple[Package, str]:
        """The package that the version's URL names, and its file's name. Raises InvalidInput, InvalidSpec."""
        url = asked.package_url.pipeline_url if asked.package_url is not None else ""
        if not url:
            raise InvalidInput("the URL is missing", where=where, hint="Give one, or upload the file")
        async with self.turns:
            data = await asyncio.to_thread(self.egress.get, url, limit=MAX_BODY, seconds=FETCH_SECONDS, where=where)
            filename = PurePosixPath(unquote(urlsplit(url).path)).name
            package = await self.packages.open(data, filename, package_url=url, code_source_url=asked.code_source_url)
        return package, filename


def rules(settings: Settings) -> Rules:
    """What the settings let be fetched."""
    return Rules(
        domains=DEFAULT_DOMAINS + settings.pipeline_url_allowed_domains,
        allow_http=settings.pipeline_url_allow_http,
        validate=settings.pipeline_url_validation_enabled,
    )
