"""The engine's HTTP API: each method is one request of Docker's documented API, 1.41 or newer; Podman answers it too.

What cannot be reached, or stops answering, raises Unavailable; what the engine refuses raises NotFound, Conflict, or
StepError with its own words. Nothing is tried again here.
"""

import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from headrace.base.errors import Conflict, HeadraceError, InvalidInput, NotFound, StepError, Unavailable
from headrace.base.json import JsonObject
from headrace.launch.engine.address import Address
from headrace.launch.engine.frames import payloads
from headrace.launch.engine.state import About, Container, Image, about, container_of, image_of
from headrace.launch.engine.wire_log import Refused as LogRefused
from headrace.launch.engine.wire_log import read as read_log

API = (1, 41)
"""The version that is spoken: that of Docker 20.10, and of Podman 4."""

_ANSWER_SECONDS = 120.0
"""In which the engine has to answer what it does at once; an overloaded disk makes it slow."""

_CONNECT_SECONDS = 10.0
_IDLE_CONNECTIONS = 8
_TAKEN = "name is already in use"


class Engine:
    """One engine, from one event loop. Close it when done."""

    def __init__(self, address: Address) -> None:
        """Raises InvalidInput where there are no certificates for it."""
        self.address = address
        self._tls = _verified(address)
        self._path = urlsplit(address.url).path
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=_IDLE_CONNECTIONS)
        transport = httpx2.AsyncHTTPTransport(uds=address.socket or None, limits=limits, verify=self._tls or True)
        timeout = httpx2.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        self._client = httpx2.AsyncClient(transport=transport, base_url=address.url, timeout=timeout)
        self._version = API

    async def close(self) -> None:
        await self._client.aclose()

    async def meet(self) -> About:
        """What the engine is; from then on a version is spoken that it knows. Raises Unavailable for one too old."""
        version = await self._ask("GET", "/version", versioned=False)
        if not isinstance(version, dict) or "ApiVersion" not in version:
            raise Unavailable("what answers there is no container engine", where=str(self.address))
        if _version(version["ApiVersion"]) < API:
            raise Unavailable(
                f"the engine speaks version {version['ApiVersion']} of its API, and {_spelled(API)} is needed",
                where=str(self.address),
                hint="Docker 20.10 and Podman 4 are new enough",
            )
        self._version = max(API, _version(version.get("MinAPIVersion") or "0.0"))
        return about(version, await self._ask("GET", "/info"))

    async def image(self, reference: str) -> Image | None:
        """The image, if the engine has it."""
        try:
            return image_of(await self._ask("GET", f"/images/{quote(reference, safe='/:@')}/json"))
        except NotFound:
            return None

    @asynccontextmanager
    async def pull(self, name: str, tag: str, auth: str) -> AsyncIterator[AsyncIterator[JsonObject]]:
        """Get an image from its registry: what happens, message by message. The last one may be why it failed.

        `auth` is what the header X-Registry-Auth takes, or empty.
        """
        headers = {"X-Registry-Auth": auth} if auth else {}
        async with self._stream("POST", "/images/create", {"fromImage": name, "tag": tag}, headers) as answer:
            yield (json.loads(line) async for line in answer.aiter_lines() if line.strip())

    async def create(self, name: str, body: JsonObject) -> list[str]:
        """Make a container, which does not run yet; what the engine warns of. Raises Conflict for a name in use."""
        try:
            made = await self._ask("POST", "/containers/create", {"name": name}, body)
        except StepError as error:
            if _TAKEN in error.message:  # Podman before 5 gives it a status that says nothing
                raise Conflict(error.message) from error
            raise
        return [str(each) for each in made.get("Warnings") or ()]

    async def start(self, container: str) -> None:
        """Start it; one that runs is left alone."""
        await self._ask("POST", f"/containers/{container}/start")

    async def wait(self, container: str) -> None:
        """Until it does not run."""
        await self._ask("POST", f"/containers/{container}/wait", patient=True)

    async def kill(self, container: str, signal: str) -> None:
        """Send its first process a signal. Conflict or StepError: it does not run."""
        await self._ask("POST", f"/containers/{container}/kill", {"signal": signal})

    async def inspect(self, container: str) -> Container | None:
        """The container, if there is one."""
        try:
            return container_of(await self._ask("GET", f"/containers/{container}/json"))
        except NotFound:
            return None

    async def remove(self, container: str) -> None:
        """Remove it, running or not, with volumes of its own. One that is gone, or going, is fine."""
        try:
            await self._ask("DELETE", f"/containers/{container}", {"force": "true", "v": "true"})
        except (NotFound, Conflict):
            return

    async def labelled(self, label: str) -> list[Mapping[str, str]]:
        """The labels of all containers that have this one (`KEY=VALUE`), running or not."""
        filters = json.dumps({"label": [label]})
        found = await self._ask("GET", "/containers/json", {"all": "true", "filters": filters})
        return [each.get("Labels") or {} for each in found]

    async def log(self, container: str, *, follow: bool) -> AsyncGenerator[bytes, None]:
        """What it has printed, from the first byte, both streams in their order, in pieces; with `follow` to its end.

        An engine that goes away in between two lines seems to have come to the end: ask whether the container did.
        """
        query = f"follow={'true' if follow else 'false'}&stdout=true&stderr=true"
        target = f"{self._path}{self._prefix}/containers/{container}/logs?{query}"
        try:
            async with contextlib.aclosing(read_log(self.address, self._tls, target)) as chunks:
                async for part in payloads(chunks):
                    yield part
        except LogRefused as refused:
            raise _refusal(refused.status, refused.content) from refused
        except (OSError, EOFError) as error:  # TimeoutError is one
            raise self._gone(error) from error

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: JsonObject | None = None,
        *,
        patient: bool = False,
        versioned: bool = True,
    ) -> Any:
        """The answer's JSON; None for an empty one. `patient` waits for it as long as it takes."""
        url = f"{self._prefix}{path}" if versioned else path
        timeout = httpx2.Timeout(None, connect=_CONNECT_SECONDS) if patient else httpx2.USE_CLIENT_DEFAULT
        try:
            answer = await self._client.request(method, url, params=query, json=body, timeout=timeout)
        except httpx2.TransportError as error:
            raise self._gone(error) from error
        if answer.is_error:
            raise _refusal(answer.status_code, answer.content)
        try:
            return answer.json() if answer.content.strip() else None
        except ValueError as error:
            raise Unavailable(f"what answers is no container engine: {error}", where=str(self.address)) from error

    @asynccontextmanager
    async def _stream(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> AsyncIterator[httpx2.Response]:
        url, timeout = f"{self._prefix}{path}", httpx2.Timeout(None, connect=_CONNECT_SECONDS)
        try:
            async with self._client.stream(method, url, params=query, headers=headers, timeout=timeout) as answer:
                if answer.is_error:
                    raise _refusal(answer.status_code, await answer.aread())
                yield answer
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise self._gone(error) from error

    @property
    def _prefix(self) -> str:
        return f"/v{_spelled(self._version)}"

    def _gone(self, error: Exception) -> Unavailable:
        said = str(error) or type(error).__name__
        return Unavailable(f"the container engine does not answer: {said}", where=str(self.address))


def _refusal(status: int, content: bytes) -> HeadraceError:
    """What the engine said as an error of ours."""
    try:
        said = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        said = content.decode(errors="replace").strip() or f"status {status}"
    match status:
        case 404:
            return NotFound(said)
        case 409:
            return Conflict(said)
        case _:
            return StepError(said, infrastructure=status >= 500)


def _verified(address: Address) -> ssl.SSLContext | None:
    """How the engine proves who it is, and we do. Raises InvalidInput."""
    if not address.certificates:
        return None
    folder = Path(address.certificates)
    try:
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    except OSError as error:  # ssl.SSLError is one
        hint = "The folder that DOCKER_CERT_PATH names, else ~/.docker, holds ca.pem, cert.pem and key.pem"
        raise InvalidInput(f"its certificates cannot be read: {error}", where=str(folder), hint=hint) from error
    return context


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _spelled(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
