"""The server around the application: where it listens, what it says of itself, how it stops."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.api.conftest import V2, Api, start

from headrace import __version__
from headrace.api.app import build_app
from headrace.api.server import serve
from headrace.base.errors import Unavailable
from headrace.base.settings import Settings


def test_it_says_what_it_is(api: Api) -> None:
    assert api.http.get("/").json()["version"] == __version__
    for version in ("v1beta1", "v2beta1"):
        health = api.http.get(f"/apis/{version}/healthz").json()
        assert set(health) == {"commit_sha", "tag_name", "multi_user", "pipeline_store"}
        assert health["multi_user"] is False
    server = api.http.get("/api/v1/server").json()
    assert (server["name"], server["home"]) == ("headrace", str(api.services.home.root))
    assert server["slots"] == api.services.settings.slots
    assert server["disk"]["free"] > 0


def test_metrics_count_requests_by_route_and_runs_by_state(api: Api, document: dict[str, Any]) -> None:
    api.run(document, runtime_config={"parameters": {"count": 3}})
    for _ in range(3):
        api.http.get(f"{V2}/runs/nope")
        api.http.get(f"/wp-admin/{_}")
    text = api.http.get("/metrics").text
    assert 'headrace_runs{state="PENDING"} 1.0' in text
    assert 'headrace_http_requests_total{method="GET",route="/apis/v2beta1/runs/{run_id}",status="404"} 3.0' in text
    assert 'headrace_http_requests_total{method="any",route="unmatched",status="404"} 3.0' in text
    assert 'headrace_http_request_seconds_count{route="/apis/v2beta1/runs"} 1.0' in text


def test_answers_are_not_to_be_cached_and_have_a_date(api: Api) -> None:
    response = api.http.get(f"{V2}/runs")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["date"].endswith("GMT")
    assert "server" not in response.headers


def test_it_listens_on_ipv6_too(tmp_path: Path) -> None:
    served = start(tmp_path, Settings(host="::1"), "::1")
    try:
        assert urlsplit(served.url).hostname == "::1"
        assert served.get("/runs") == {}
    finally:
        served.http.close()
        served.stop()


def test_a_port_that_is_taken_is_said_with_what_to_do(api: Api) -> None:
    port = urlsplit(api.url).port
    assert port is not None
    with pytest.raises(Unavailable, match=rf"127.0.0.1:{port}: .*--port"):
        asyncio.run(serve(build_app(api.services), "127.0.0.1", port, print))


def test_it_stops_with_idle_connections_open(api: Api) -> None:
    assert api.get("/runs") == {}
    port = urlsplit(api.url).port
    with socket.create_connection(("127.0.0.1", port or 0)) as idle:
        stopping = threading.Thread(target=api.stop)
        stopping.start()
        stopping.join()
        assert idle.recv(1) == b""


def test_it_says_how_much_disk_its_home_holds_and_measures_it_once_a_minute(api: Api) -> None:
    asked = iter(range(10_000))

    def held() -> int | None:
        next(asked)
        found = api.http.get("/api/v1/server").json()["disk"]["home"]
        return found and int(found["total"])

    while (first := held()) is None:
        pass
    before = next(asked)
    (api.services.home.root / "large").write_bytes(b"x" * 1_000_000)
    assert held() == first
    while (second := held()) == first:
        pass
    assert second is not None
    assert second >= first + 1_000_000
    assert next(asked) - before > 5
