"""What a web page may not do: requests as browsers send them, on a real socket."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.api.conftest import V2, Api, start

from headrace.base.settings import Settings


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Api]:
    """A server that answers to one more name and to one more origin."""
    settings = Settings(allowed_hosts=("Pipelines.example",), allowed_origins=("https://ui.example/",))
    served = start(tmp_path, settings)
    try:
        yield served
    finally:
        served.http.close()
        served.stop()


def port(api: Api) -> int:
    found = urlsplit(api.url).port
    assert found is not None
    return found


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}", "pipelines.example"]
)
def test_own_and_allowed_names_are_answered(guarded: Api, host: str) -> None:
    headers = {"Host": host.format(port=port(guarded))}
    assert guarded.http.get(f"{V2}/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil", "1.2.3.4", "[::", "@", "a b"],
)
def test_a_rebound_name_is_refused_with_a_hint(guarded: Api, host: str) -> None:
    """DNS rebinding: the page's own name resolves to this machine, so the request is of the page's own origin."""
    name = host.format(port=port(guarded))
    headers = {"Host": name, "Origin": f"http://{name}", "Sec-Fetch-Site": "same-origin"}
    for method, path in (("GET", "/runs"), ("POST", "/runs"), ("GET", "/healthz")):
        response = guarded.http.request(method, V2 + path, headers=headers)
        assert response.status_code in (400, 403)
        if response.status_code == 403:
            assert response.json()["code"] == 7
            assert "--allowed-host" in response.json()["message"]
    assert guarded.get("/runs") == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "file://"},
        {"Origin": "garbage"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_page_of_elsewhere_can_start_nothing(guarded: Api, headers: dict[str, str]) -> None:
    """Simple requests go out without a preflight: text/plain and forms, the answer unread."""
    body = b'{"display_name": "evil", "pipeline_spec": {}}'
    for content_type in ("text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        sent = {**headers, "Content-Type": content_type}
        response = guarded.http.post(f"{V2}/runs", content=body, headers=sent)
        assert response.status_code == 403, response.text
        assert "--allowed-origin" in response.json()["message"]
        assert "access-control-allow-origin" not in response.headers
    files = {"uploadfile": ("p.yaml", b"x")}
    assert guarded.http.post(f"{V2}/pipelines/upload", files=files, headers=headers).status_code == 403
    assert guarded.http.options(f"{V2}/runs", headers=headers).status_code == 403
    assert guarded.http.get(f"{V2}/runs", headers=headers).status_code == 403


def test_a_form_that_a_page_posts_by_navigating_is_refused(guarded: Api) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert guarded.http.post(f"{V2}/runs", content=b"{}", headers=headers).status_code == 403
    assert guarded.http.get("/", headers=headers).status_code == 200  # a link that was clicked


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://ui.example"},
        {"Origin": "https://ui.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "{url}"},
        {"Origin": "{url}", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_own_pages_allowed_pages_and_programs_are_served(guarded: Api, headers: dict[str, str]) -> None:
    sent = {name: value.format(url=guarded.url) for name, value in headers.items()}
    assert guarded.http.post(f"{V2}/experiments", json={"display_name": "e"}, headers=sent).status_code == 200


def test_the_oldest_clients_and_doubled_headers(guarded: Api) -> None:
    def raw(text: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port(guarded))) as connection:
            connection.sendall(text)
            return connection.makefile("rb").readline()

    assert b" 200 " in raw(b"GET /apis/v2beta1/healthz HTTP/1.0\r\n\r\n")
    doubled = (
        b"GET /apis/v2beta1/healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    assert b" 40" in raw(doubled)
