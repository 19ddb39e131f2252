"""Pipelines and versions over HTTP: from a URL, changed, found by name, and deleted with what belongs to them."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.api.conftest import V2, Api, pipeline, start

from headrace.base.settings import Settings

PACKAGE = json.dumps(pipeline()).encode()


@pytest.fixture
def files() -> Iterator[str]:
    """A web server with a package, a text that is none, and nothing else; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = {"/dir/hello.yaml": PACKAGE, "/text": b"hello"}.get(self.path)
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def open_api(tmp_path: Path) -> Iterator[Api]:
    """A server that fetches from anywhere."""
    served = start(tmp_path, Settings(pipeline_url_validation_enabled=False))
    try:
        yield served
    finally:
        served.http.close()
        served.stop()


def from_url(url: str, **fields: Any) -> dict[str, Any]:
    return {"package_url": {"pipeline_url": url}, **fields}


def refused(response: httpx2.Response, status: int, code: int) -> str:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    message: str = response.json()["message"]
    return message


def test_a_pipeline_and_its_version_from_a_url(open_api: Api, files: str) -> None:
    url = f"{files}/dir/hello.yaml"
    version = from_url(url, display_name="First", code_source_url="https://c", description="v", tags={"stage": "a"})
    made = open_api.post(
        "/pipelines/create",
        {"pipeline": {"display_name": "Mine", "description": "d", "tags": {"team": "x"}}, "pipelineVersion": version},
    )
    assert (made["name"], made["display_name"], made["description"]) == ("Mine", "Mine", "d")
    assert made["tags"] == {"team": "x"}
    [listed] = open_api.get(f"/pipelines/{made['pipeline_id']}/versions")["pipeline_versions"]
    shown = open_api.get(f"/pipelines/-/versions/{listed['pipeline_version_id']}")
    assert shown == {
        **listed,
        "name": "First",
        "display_name": "First",
        "description": "v",
        "tags": {"stage": "a"},
        "package_url": {"pipeline_url": url},
        "code_source_url": "https://c",
        "pipeline_spec": pipeline(),
    }
    assert open_api.services.blobs.read(f"minio://mlpipeline/pipelines/{listed['pipeline_version_id']}") == PACKAGE
    nameless = open_api.post("/pipelines/create", {"pipeline_version": from_url(url)})
    assert nameless["name"] == "hello.yaml"


def test_a_version_from_a_url(open_api: Api, files: str) -> None:
    pipeline_id = open_api.post("/pipelines", {"name": "p"})["pipeline_id"]
    versions = f"/pipelines/{pipeline_id}/versions"
    made = open_api.post(versions, from_url(f"{files}/dir/hello.yaml", name="v1"))
    assert (made["name"], made["pipeline_id"], made["pipeline_spec"]) == ("v1", pipeline_id, pipeline())
    assert open_api.post(versions, from_url(f"{files}/dir/hello.yaml"))["display_name"] == "hello.yaml"
    for body, status, code, message in (
        (from_url(f"{files}/dir/hello.yaml", name="v1"), 409, 6, "v1 already exists"),
        (from_url(f"{files}/none"), 400, 3, "package_url.pipeline_url: 127.0.0.1 answered 404"),
        (from_url(f"{files}/text", name="v2"), 400, 3, "unable to decode yaml document"),
        (from_url("nonsense"), 400, 3, "package_url.pipeline_url"),
        ({"name": "v2"}, 400, 3, "package_url.pipeline_url: the URL is missing"),
        (from_url(f"{files}/dir/hello.yaml", name="n" * 128), 400, 3, "name: it has 128 characters"),
    ):
        assert message in refused(open_api.http.post(V2 + versions, json=body), status, code)
    nowhere = open_api.http.post(f"{V2}/pipelines/nope/versions", json=from_url(f"{files}/dir/hello.yaml"))
    assert "Pipeline nope not found" in refused(nowhere, 404, 5)
    packages = open_api.services.blobs.root / "mlpipeline" / "pipelines"
    assert len(list(packages.iterdir())) == 2


def test_by_default_only_known_hosts_are_asked(api: Api, files: str) -> None:
    for url in (f"{files}/dir/hello.yaml", "https://example.org/p.yaml", "http://github.com/p.yaml"):
        response = api.http.post(f"{V2}/pipelines/create", json={"pipeline_version": from_url(url)})
        assert "pipeline_version.package_url.pipeline_url" in refused(response, 400, 3)
    assert api.get("/pipelines") == {}


def test_a_pipeline_is_found_by_its_name_whatever_is_in_it(api: Api) -> None:
    for name in ("plain", "with a/slash", "ümlaut %2F"):
        made = api.post("/pipelines", {"name": name})
        assert api.http.get(f"{V2}/pipelines/names/{quoted(name)}").json() == made
    assert "Pipeline nope not found" in refused(api.http.get(f"{V2}/pipelines/names/nope"), 404, 5)


def quoted(name: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode())


def test_display_name_and_tags_can_be_changed_and_nothing_else(api: Api) -> None:
    made = api.upload(PACKAGE, name="p", description="d", tags='{"a": "b"}').json()
    [version] = api.get(f"/pipelines/{made['pipeline_id']}/versions")["pipeline_versions"]
    one = f"{V2}/pipelines/{made['pipeline_id']}"
    for url in (one, f"{one}/versions/{version['pipeline_version_id']}"):
        whole = api.http.get(url).json()
        renamed = api.http.patch(url, json={**whole, "display_name": "New"}).json()
        assert renamed == {**whole, "display_name": "New"}
        assert api.http.patch(url, json={"displayName": "Newer"}).json()["tags"] == {"a": "b"}
        assert api.http.patch(url, json={"tags": {"c": "d"}}).json()["tags"] == {"c": "d"}
        cleared = api.http.patch(url, json={"tags": {}}).json()
        assert "tags" not in cleared
        assert cleared["display_name"] == "Newer"
        for body, message in (
            ({"name": "q"}, "name: it cannot be changed"),
            ({"description": "other"}, "description: it cannot be changed"),
            ({"display_name": "   "}, "display_name: a name is missing"),
            ({"display_name": "n" * 256}, "display_name: it has 256 characters"),
            ({"tags": {"a.b": "c"}}, "tags: 'a.b' is no key"),
            ({"tags": {"a": "c" * 64}}, "tags.a: the value is longer than 63"),
            ({"tags": {f"k{n}": "" for n in range(21)}}, "tags: 21 tags are more than 20"),
        ):
            assert message in refused(api.http.patch(url, json=body), 400, 3)
        assert api.http.get(url).json() == cleared
    other = {**cleared["pipeline_spec"], "sdkVersion": "kfp-9"}
    assert "pipeline_spec: it cannot be changed" in refused(api.http.patch(url, json={"pipeline_spec": other}), 400, 3)
    assert "not found" in refused(api.http.patch(f"{V2}/pipelines/nope", json={}), 404, 5)


def test_deleting_takes_the_bytes_too(api: Api) -> None:
    made = api.upload(PACKAGE, name="p").json()
    one = f"{V2}/pipelines/{made['pipeline_id']}"
    second = api.upload(PACKAGE, route="upload_version", name="v2", pipelineid=made["pipeline_id"]).json()
    packages = api.services.blobs.root / "mlpipeline" / "pipelines"
    assert len(list(packages.iterdir())) == 2
    assert "cascade=true" in refused(api.http.delete(one), 400, 9)
    assert api.http.delete(f"{V2}/pipelines/other/versions/{second['pipeline_version_id']}").json() == {}
    assert len(list(packages.iterdir())) == 1
    assert api.http.delete(one, params={"cascade": "true"}).json() == {}
    assert list(packages.iterdir()) == []
    assert api.get("/pipelines") == {}
    assert "not found" in refused(api.http.delete(one), 404, 5)
