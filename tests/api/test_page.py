"""The page at `/`: for browsers, of the latest runs, with nothing in it that could run."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

from tests.api.conftest import Api
from tests.api.scene import Scene

from headrace import __version__

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
COUNT = {"parameters": {"count": 3}}


class Reader(HTMLParser):
    """The tags of a page, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_browser_sees_the_latest_runs(api: Api, document: dict[str, Any]) -> None:
    runs = [api.run(document, f"run {number}", runtime_config=COUNT)["run_id"] for number in range(22)]
    scene = Scene(runs[-1])
    api.advance(runs[-1], *scene.started())
    api.advance(runs[-1], *scene.ended())
    response = api.http.get("/", headers=BROWSER)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Reader(response.text)
    listed = [attributes["id"] for tag, attributes in page.tags if tag == "tr" and "id" in attributes]
    assert listed == [f"/runs/details/{run_id}" for run_id in reversed(runs[2:])]
    assert f"Headrace {__version__} is up" in page.words
    assert {"SUCCEEDED", "PENDING", "2023-11-14 22:21:40"} <= set(page.words)
    assert "20 of 22; times are UTC." in page.words
    for _, attributes in page.tags:
        link = attributes.get("href") or ""
        if link.startswith("/"):
            assert api.http.get(link).status_code == 200, link


def test_what_users_wrote_is_text_and_nothing_else(api: Api, document: dict[str, Any]) -> None:
    name = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;</style>"""
    api.run(document, name, runtime_config=COUNT)
    response = api.http.get("/", headers=BROWSER)
    page = Reader(response.text)
    assert name in page.words
    assert not {"script", "img", "iframe", "link"} & {tag for tag, _ in page.tags}
    assert not any(key.startswith("on") or key == "style" for _, attributes in page.tags for key in attributes)


def test_its_policy_allows_its_own_style_only(api: Api) -> None:
    response = api.http.get("/", headers=BROWSER)
    assert "None yet" in response.text
    found = re.search("<style>(.*)</style>", response.text, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    policy = response.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]


def test_programs_get_json(api: Api) -> None:
    for accept in ("application/json", "*/*"):
        assert api.http.get("/", headers={"Accept": accept}).json()["version"] == __version__
