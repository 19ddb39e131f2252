"""What is fetched and what is refused: real sockets on this machine, behind made-up names with public addresses."""

import http.server
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from headrace.base.egress import Egress, Rules, is_public
from headrace.base.errors import InvalidInput

PUBLIC, PRIVATE = "93.184.216.34", "10.1.2.3"
RULES = Rules(domains=("files.test", ".below.test"), allow_http=True)


@dataclass
class Site:
    """A web server; `pages` maps paths to (status, headers, body). `dialled` has the addresses that were asked for."""

    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    dialled: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def dial(self, address: str, _port: int, seconds: float) -> socket.socket:
        self.dialled.append(address)
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def get(self, url: str, rules: Rules = RULES, *, seconds: float = 30) -> bytes:
        names = {"files.test": [PUBLIC], "a.below.test": [PUBLIC], "inside.below.test": [PUBLIC, PRIVATE]}
        egress = Egress(rules, lambda host, _port: names[host], self.dial)
        return egress.get(url, limit=1000, seconds=seconds, where="url")


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(f"{self.headers['Host']}{self.path}")
            status, headers, body = found.pages[self.path]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(InvalidInput) as caught:
        call()
    assert caught.value.where == "url"
    assert caught.value.hint
    assert PRIVATE not in str(caught.value)
    return str(caught.value)


def test_a_file_is_fetched_from_the_address_that_was_checked(site: Site) -> None:
    site.pages["/p.yaml?x=1"] = (200, {}, b"hello")
    assert site.get("http://files.test/p.yaml?x=1") == b"hello"
    assert site.get("http://a.below.test/p.yaml?x=1") == b"hello"
    assert site.asked == ["files.test/p.yaml?x=1", "a.below.test/p.yaml?x=1"]
    assert site.dialled == [PUBLIC, PUBLIC]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://other.test/p", "is not allowed. Set pipeline_url_allowed_domains"),
        ("http://below.test/p", "is not allowed"),
        ("http://xfiles.test/p", "is not allowed"),
        ("http://files.test:8080/p", "port 8080"),
        ("http://me:secret@files.test/p", "credentials"),
        ("file:///etc/passwd", "no http or https URL"),
        ("http://", "no http or https URL"),
        ("http://files.test/a b", "no http or https URL"),
        ("http://[::1/p", "no URL"),
        ("http://files.test:99999/", "no URL"),
        ("http://127.0.0.1/p", "is not allowed"),
        ("http://inside.below.test/p", "not public"),
    ],
)
def test_what_may_not_be_fetched_is_not_asked(site: Site, url: str, message: str) -> None:
    assert message in refused(lambda: site.get(url))
    assert site.dialled == []


def test_http_is_for_those_who_allow_it(site: Site) -> None:
    assert "not https" in refused(lambda: site.get("http://files.test/p", Rules(domains=("files.test",))))


def test_redirects_are_followed_under_the_same_rules(site: Site) -> None:
    site.pages = {
        "/moved": (302, {"Location": "/p"}, b""),
        "/p": (200, {}, b"here"),
        "/inside": (301, {"Location": "http://inside.below.test/p"}, b""),
        "/metadata": (307, {"Location": "http://169.254.169.254/latest"}, b""),
        "/round": (302, {"Location": "/round"}, b""),
    }
    assert site.get("http://files.test/moved") == b"here"
    assert "not public" in refused(lambda: site.get("http://files.test/inside"))
    assert "not allowed" in refused(lambda: site.get("http://files.test/metadata"))
    assert "more than 5 times" in refused(lambda: site.get("http://files.test/round"))


def test_size_and_time_are_bounded(site: Site) -> None:
    site.pages = {
        "/large": (200, {}, b"x" * 1001),
        "/short": (200, {"Content-Length": "100"}, b"x"),
        "/gone": (404, {}, b"secret"),
    }
    assert "larger" in refused(lambda: site.get("http://files.test/large"))
    assert "cannot be read" in refused(lambda: site.get("http://files.test/short"))
    assert "files.test answered 404" in refused(lambda: site.get("http://files.test/gone"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site.port = silent.getsockname()[1]
        assert "did not answer within 0.05 s" in refused(lambda: site.get("http://files.test/p", seconds=0.05))


def test_a_host_that_is_not_there_or_speaks_no_tls(site: Site) -> None:
    def nobody(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(8, "nobody at ns1.internal")

    egress = Egress(RULES, nobody, site.dial)
    told = refused(lambda: egress.get("http://files.test/", limit=1, seconds=5, where="url"))
    assert "has no address" in told
    assert "internal" not in told
    assert "certificate" in refused(lambda: site.get("https://files.test/p"))


def test_without_validation_any_address_is_asked(site: Site) -> None:
    site.pages["/p"] = (200, {}, b"here")
    anything = Egress(Rules(validate=False))
    assert anything.get(f"http://127.0.0.1:{site.port}/p", limit=10, seconds=30, where="url") == b"here"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:0a00:0001::", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::93.184.216.34", True),
        ("192.0.0.192", False),
        ("::127.0.0.1", False),
        ("::ffff:0:10.0.0.1", False),
        ("64:ff9b:1::10.0.0.1", False),
        ("fec0::1", False),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is expected
