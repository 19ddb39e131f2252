"""`/openapi.json` and `/docs`: valid, whole, true of real answers, and in KFP's words."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import kfp_server_api
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.api.conftest import Api


@pytest.fixture
def kind() -> str:
    """The document is the same on each database."""
    return "sqlite"


@pytest.fixture
def described(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.http.get("/openapi.json").json()
    return found


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By id."""
    return {told["operationId"]: told for item in described["paths"].values() for told in item.values()}


def test_it_is_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(described).validate()


def test_examples_of_bodies_have_what_they_need(described: dict[str, Any]) -> None:
    for name, told in operations(described).items():
        content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
        needs = content.get("schema", {}).get("required", [])
        assert set(needs) <= content.get("example", {}).keys(), name


def test_kfps_operations_have_kfps_names(described: dict[str, Any]) -> None:
    """Each that its generated client has, but those that only agents inside a cluster call."""
    ours = {re.sub(r"(?<=[a-z])(?=[A-Z])|_", "_", name).lower() for name in operations(described)}
    names = ("Experiment", "Pipeline", "PipelineUpload", "Run", "RecurringRun", "Healthz")
    for client in (getattr(kfp_server_api, f"{name}ServiceApi") for name in names):
        theirs = {name.removesuffix("_with_http_info") for name in vars(client) if name.endswith("_with_http_info")}
        assert theirs
        assert theirs <= ours


def test_it_is_made_once(api: Api) -> None:
    assert api.http.get("/openapi.json").content == api.http.get("/openapi.json").content
    assert api.http.get("/").json()["docs"] == "/docs"


class Page(HTMLParser):
    """The tags, ids and inner links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert not any(key.startswith("on") or key in ("style", "src") for key in given)
        self.tags.add(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        if tag not in ("meta", "wbr", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_tells_every_operation_and_schema(api: Api, described: dict[str, Any]) -> None:
    response = api.http.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(response.text)
    assert not page.open
    assert len(set(page.ids)) == len(page.ids)
    assert operations(described).keys() <= set(page.ids)
    assert {f"schema-{name}" for name in described["components"]["schemas"]} <= set(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"/", "/openapi.json"}
    assert f"{api.url}/apis/v2beta1/runs/RUN_ID" in response.text


def test_the_page_loads_nothing_and_runs_its_own_script_only(api: Api) -> None:
    response = api.http.get("/docs")
    assert not {"img", "link", "iframe", "form"} & Page(response.text).tags
    policy = response.headers["content-security-policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    for tag, rule in (("style", policy[1]), ("script", policy[2])):
        found = re.search(f"<{tag}>(.*)</{tag}>", response.text, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert rule == f"{tag}-src 'sha256-{digest}'"


def test_the_examples_of_the_page_are_commands(api: Api, described: dict[str, Any]) -> None:
    """Their bodies are the document's examples, which the server takes as far as it can without what they name."""
    for path, item in described["paths"].items():
        for method, told in item.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" not in content:
                continue
            response = api.http.request(method.upper(), re.sub(r"{\w+}", "x", path), json=content["example"])
            assert "unknown field" not in response.text, (path, response.text)
