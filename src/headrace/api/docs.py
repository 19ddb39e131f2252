"""`/openapi.json` and `/docs`: made of the table of routes when somebody asks for the first time, then kept."""

from starlette.requests import Request
from starlette.responses import Response

from headrace import __version__
from headrace.api import docs_page, proto_json
from headrace.api.body import NO_STORE
from headrace.api.openapi import Tagged, document
from headrace.base.json import JsonObject


class Docs:
    """`tagged` may be filled until the first request."""

    def __init__(self, tagged: Tagged) -> None:
        self._tagged = tagged
        self._document: JsonObject | None = None
        self._json = b""
        self._html = ""

    async def document(self, _request: Request) -> Response:
        if not self._json:
            self._json = proto_json.encode(self._made())
        return Response(self._json, media_type="application/json", headers=NO_STORE)

    async def page(self, request: Request) -> Response:
        """The page; its examples call the server by the name that the browser knows it by."""
        if not self._html:
            self._html = docs_page.page(self._made())
        text = docs_page.addressed(self._html, str(request.base_url).rstrip("/"))
        headers = {
            **NO_STORE,
            "Content-Security-Policy": docs_page.policy(),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(text, media_type="text/html", headers=headers)

    def _made(self) -> JsonObject:
        if self._document is None:
            self._document = document(self._tagged, __version__)
        return self._document
