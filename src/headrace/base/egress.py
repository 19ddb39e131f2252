"""Fetching what a client's URL names, without becoming the client's way to what only this machine can reach.

Takes a URL and the rules; gives the bytes. The name is resolved here, every address that it has must be a public one,
and the connection goes to the address that was checked: a name that changes its mind in between gains nothing. Each
redirect is a new URL under the same rules. No proxy is used, since a proxy would resolve the name again.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

from headrace.base.errors import InvalidInput, Unavailable

REDIRECTS = 5
DEFAULT_DOMAINS = ("storage.googleapis.com", "s3.amazonaws.com", "github.com", "raw.githubusercontent.com")

_PORTS = {"https": 443, "http": 80}
_CHUNK = 64 * 1024
_KEPT = 1_000
"""Bytes that are read of an answer to what was sent."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_INNER = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10")))
"""Networks that Python, or an old one, takes for global: of protocols, and of IPv4 addresses in old and local forms."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be asked. `domains` are host names, or `.example.org` for all below one; `any_host` takes all hosts and
    ports at public addresses. `validate=False` allows all hosts, ports and addresses; size and time stay bounded.
    The hints say what to do about a URL of http, and an address that is not public."""

    domains: tuple[str, ...] = DEFAULT_DOMAINS
    allow_http: bool = False
    validate: bool = True
    any_host: bool = False
    http_hint: str = "Give an https URL, or set pipeline_url_allow_http"
    private_hint: str = "Upload the file instead"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a POST: the status and the first bytes."""

    status: int
    body: bytes


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system has them. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to that address. Raises OSError."""
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Egress:
    """`resolve` and `dial` are the system's; a test hands in its own."""

    rules: Rules
    resolve: Callable[[str, int], Sequence[str]] = resolve
    dial: Callable[[str, int, float], socket.socket] = dial

    def get(self, url: str, *, limit: int, seconds: float, where: str) -> bytes:
        """At most `limit` bytes, within about `seconds`. Blocks. Raises InvalidInput at `where`."""
        with _Watch(seconds) as watch:
            try:
                for _ in range(REDIRECTS + 1):
                    found = self._ask(_target(url, self.rules, where), limit, watch, where)
                    if isinstance(found, bytes):
                        return found
                    url = urljoin(url, found)
            except (OSError, http.client.HTTPException) as error:
                late = watch.expired or isinstance(error, TimeoutError)
                problem = f"did not answer within {seconds:g} s" if late else f"cannot be read: {_reason(error)}"
                raise InvalidInput(f"{_shown(url)} {problem}", where=where, hint="Check the URL") from error
        raise InvalidInput(f"{_shown(url)} is redirected more than {REDIRECTS} times", where=where, hint="Give its end")

    def check(self, url: str, where: str) -> None:
        """Refuse a URL that is not to be asked, as far as that shows without a connection. Raises InvalidInput."""
        _target(url, self.rules, where)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, where: str) -> Answer:
        """Send the body; what was answered, wherever that points to. Blocks for about `seconds` at most.

        Raises InvalidInput at `where` for a URL that is not to be asked, Unavailable where there is no answer.
        """
        target = _target(url, self.rules, where)
        with _Watch(seconds) as watch:
            connection = http.client.HTTPConnection(target.host, target.port)
            try:
                connection.sock = self._connect(target, watch, where)
                fixed = {"Host": target.netloc, "User-Agent": "headrace", "Connection": "close"}
                connection.request("POST", target.path, body=body, headers={**headers, **fixed})
                with connection.getresponse() as answer:
                    return Answer(answer.status, answer.read(_KEPT))
            except (OSError, http.client.HTTPException) as error:
                late = watch.expired or isinstance(error, TimeoutError)
                problem = f"no answer within {seconds:g} s" if late else _reason(error)
                raise Unavailable(problem, where=where) from error
            finally:
                connection.close()

    def _ask(self, target: "_Target", limit: int, watch: "_Watch", where: str) -> bytes | str:
        """The body, or where it is said to be instead."""
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = self._connect(target, watch, where)
        try:
            headers = {"Host": target.netloc, "User-Agent": "headrace", "Accept-Encoding": "identity"}
            connection.request("GET", target.path, headers={**headers, "Connection": "close"})
            with connection.getresponse() as answer:
                if answer.status in (301, 302, 303, 307, 308) and (location := answer.getheader("Location")):
                    return location
                if answer.status != 200:
                    raise InvalidInput(f"{target.host} answered {answer.status}", where=where, hint="Check the URL")
                return _body(answer, limit, watch, where)
        finally:
            connection.close()

    def _connect(self, target: "_Target", watch: "_Watch", where: str) -> socket.socket:
        """A connection to the first of the host's addresses that takes one; all of them must be allowed."""
        addresses = list(self.resolve(target.host, target.port))
        if self.rules.validate and not all(is_public(ipaddress.ip_address(each)) for each in addresses):
            raise InvalidInput(
                f"{target.host} is at an address that is not public", where=where, hint=self.rules.private_hint
            )
        trouble: OSError = OSError("the name has no address")
        for address in addresses:
            try:
                plain = watch.over(self.dial(address, target.port, watch.seconds))
            except OSError as error:
                trouble = error
                continue
            if target.scheme == "http":
                return plain
            try:
                return watch.over(ssl.create_default_context().wrap_socket(plain, server_hostname=target.host))
            except BaseException:
                plain.close()
                raise
        raise trouble


def is_public(address: Address) -> bool:
    """Whether the address, and the IPv4 address that an IPv6 one stands for, can be reached from anywhere."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not address.is_multicast and not any(address in inner for inner in _INNER)


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL that may be asked."""

    scheme: str
    host: str
    port: int
    netloc: str
    path: str


def _target(url: str, rules: Rules, where: str) -> _Target:
    """The parts of a URL that the rules allow. Raises InvalidInput."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode().rstrip("."), parts.port
    except ValueError as error:  # UnicodeError is one
        _refuse("it is no URL", where, error)
    if parts.scheme not in _PORTS or not host or any(character <= " " for character in url) or not url.isascii():
        _refuse("it is no http or https URL", where)
    if parts.username is not None or parts.password is not None:
        _refuse("it holds credentials", where)
    wanted = port or _PORTS[parts.scheme]
    if rules.validate:
        if parts.scheme == "http" and not rules.allow_http:
            _refuse("it is not https", where, hint=rules.http_hint)
        if wanted != _PORTS[parts.scheme] and not rules.any_host:
            _refuse(f"port {wanted} is not the default one", where)
        if not rules.any_host and not _is_allowed(host, rules.domains):
            hint = "Set pipeline_url_allowed_domains to allow it, or upload the file"
            _refuse(f"the host {host[:100]!r} is not allowed", where, hint=hint)
    netloc = f"[{host}]" if ":" in host else host
    if wanted != _PORTS[parts.scheme]:
        netloc = f"{netloc}:{wanted}"
    path = parts.path or "/"
    return _Target(parts.scheme, host, wanted, netloc, f"{path}?{parts.query}" if parts.query else path)


def _is_allowed(host: str, domains: Sequence[str]) -> bool:
    name = host.lower()
    return any(name.endswith(each.lower()) if each.startswith(".") else name == each.lower() for each in domains)


def _refuse(problem: str, where: str, error: Exception | None = None, hint: str = "Give an https URL") -> NoReturn:
    raise InvalidInput(problem, where=where, hint=hint) from error


def _body(answer: http.client.HTTPResponse, limit: int, watch: "_Watch", where: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := answer.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise InvalidInput(f"the file is larger than {limit >> 20} MiB", where=where, hint="Give a smaller one")
        chunks.append(chunk)
    if watch.expired or answer.length:
        raise OSError("it was cut off")
    return b"".join(chunks)


def _reason(error: Exception) -> str:
    """What went wrong, without what the system's own words may give away."""
    if isinstance(error, socket.gaierror):
        return "its host has no address"
    if isinstance(error, ssl.SSLError):
        return "its certificate is not trusted, or it does not speak TLS"
    return "the connection failed" if isinstance(error, OSError) else "the answer is not HTTP"


def _shown(url: str) -> str:
    return url if len(url) <= 200 else f"{url[:197]}..."


class _Watch:
    """Cuts the connection in hand when the time is over, wherever the other side stopped in its sentence."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def over(self, connection: socket.socket) -> socket.socket:
        """The connection, watched from now on instead of the one before."""
        with self._lock:
            self._socket = connection
            if self.expired:
                connection.close()
                raise OSError("the time is over")
        return connection

    def __enter__(self) -> "_Watch":
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            if self._socket is not None and self._socket.fileno() >= 0:
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
