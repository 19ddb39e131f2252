"""Who may talk to a server that runs code and asks nobody's name: not a web page from elsewhere.

Middleware in front of everything. A `Host` that is not this machine's or an allowed one is DNS rebinding; an `Origin`
(or `Sec-Fetch-Site`) from elsewhere is a page that a browser was tricked into. Clients that send neither are served.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.api.errors import answer, status_response
from headrace.base.errors import PermissionDenied
from headrace.base.settings import Settings

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_BROWSERS = frozenset({b"origin", b"sec-fetch-site"})
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})

MOST_KNOWN = 64
"""How many pairs of a Host and an address are remembered as let through."""


class Guard:
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        bound = frozenset({settings.host.lower().strip("[]")}) - _ANY_ADDRESS
        self._hosts = _LOCAL | bound | {host.lower().strip("[]") for host in settings.allowed_hosts}
        self._known: set[tuple[bytes, str]] = set()
        self._origins = frozenset(_normal(origin) for origin in settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_known(scope):
            try:
                self._check(Headers(scope=scope), scope["method"], _address(scope))
            except PermissionDenied as error:
                await status_response(answer(error))(scope, receive, send)
                return
            self._remember(scope)
        await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        """The request is of no browser, and like one that was let through: most are."""
        hosts: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name in _OF_BROWSERS:
                return False
        return len(hosts) == 1 and (hosts[0], _address(scope)) in self._known

    def _remember(self, scope: Scope) -> None:
        if len(self._known) < MOST_KNOWN:
            self._known.update((value, _address(scope)) for name, value in scope["headers"] if name == b"host")

    def _check(self, headers: Headers, method: str, address: str) -> None:
        """Raises PermissionDenied for a request that a web page from elsewhere may have made.

        `address` is the one that the client's connection came in at: no DNS name can be made to look like it.
        """
        hosts = headers.getlist("host")
        if len(hosts) > 1:
            raise PermissionDenied("the request has several Host headers")
        host = hosts[0] if hosts else ""
        if host and hostname(host) not in self._hosts | {address}:
            raise PermissionDenied(
                f"the name {host[:100]!r} is not this server's",
                where="Host",
                hint="If it is meant to be, start the server with --allowed-host and the name",
            )
        origins = headers.getlist("origin")
        allowed = bool(origins) and all(self._is_own(origin, host) for origin in origins)
        if origins and not allowed:
            raise _foreign(f"pages of {origins[0][:100]!r} may not use this server", "Origin")
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and not allowed and not _is_click(headers, method):
            raise _foreign("a page of another site may not use this server", "Sec-Fetch-Site")

    def _is_own(self, origin: str, host: str) -> bool:
        """The origin is allowed, or is the very address that the request went to."""
        normal = _normal(origin)
        return normal in self._origins or (
            bool(host) and normal in (f"http://{host.lower()}", f"https://{host.lower()}")
        )


def _address(scope: Scope) -> str:
    """The address that the client's connection came in at."""
    server: tuple[str, int | None] | None = scope.get("server")
    return server[0] if server else ""


def hostname(host: str) -> str:
    """The name in a Host header, without its port, in lower case; "" where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _normal(origin: str) -> str:
    return origin.strip().lower().rstrip("/")


def _is_click(headers: Headers, method: str) -> bool:
    """A followed link: it changes nothing, and the page that it was on cannot read the answer."""
    navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return navigates and method in ("GET", "HEAD")


def _foreign(message: str, where: str) -> PermissionDenied:
    hint = "If they are meant to, start the server with --allowed-origin and their address"
    return PermissionDenied(message, where=where, hint=hint)
