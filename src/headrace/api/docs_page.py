"""The page at `/docs`: the OpenAPI document for people. Takes the document, gives HTML that loads nothing.

It is whole without its script, which adds a box to filter with, and opens what a link leads to.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from headrace.api.docs_assets import SCRIPT, STYLE
from headrace.api.docs_curl import ADDRESS, curl
from headrace.api.page import policy as page_policy

Json = Mapping[str, Any]
"""A part of the document."""

_METHODS = ("get", "post", "put", "patch", "delete")


def policy() -> str:
    """The page's Content-Security-Policy."""
    return page_policy(STYLE, SCRIPT)


def addressed(html: str, address: str) -> str:
    """The page, whose examples call the server at that address."""
    return html.replace(ADDRESS, escape(address))


def page(document: Json) -> str:
    """The page, with `ADDRESS` where the server's address goes."""
    info, tags = document["info"], [tag["name"] for tag in document["tags"]]
    links = "".join(f'<a href="#{_slug(tag)}">{escape(tag)}</a>' for tag in [*tags, "Schemas"])
    sections = "".join(_tag_section(document, tag) for tag in tags)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headrace API</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the operations</a>
<header>
<h1>Headrace API</h1>
<p class="soft">{escape(info["version"])} · <a href="/openapi.json">openapi.json</a> · <a href="/">the server</a></p>
{"".join(f"<p>{_marked(each)}</p>" for each in info["description"].strip().split(chr(10) * 2))}
<nav aria-label="Groups">{links}</nav>
</header>
<div id="finder" role="search" hidden><label for="filter">Filter</label>
<input id="filter" type="search" autocomplete="off" spellcheck="false" placeholder="runs archive">
<span id="count" class="soft" role="status"></span></div>
<main id="main">
{sections}
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>
{"".join(_schema(name, each) for name, each in document["components"]["schemas"].items())}
</section>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _tag_section(document: Json, tag: str) -> str:
    rows = "".join(
        _operation(document, method, path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item and tag in item[method]["tags"]
    )
    return f'<section aria-labelledby="{_slug(tag)}"><h2 id="{_slug(tag)}">{escape(tag)}</h2>\n{rows}</section>\n'


def _operation(document: Json, method: str, path: str, told: Json) -> str:
    words = f"{method} {path} {told['operationId']} {told['summary']} {told['tags'][0]}".lower()
    example = curl(method, path, told)
    return (
        f'<details data-words="{escape(words)}"><summary><span class="method {method}">{method.upper()}</span>'
        f'<code>{_breakable(path)}</code><span class="says">{_marked(told["summary"])}</span></summary>\n'
        f'<div class="body" id="{escape(told["operationId"])}"><p>{_marked(told["description"])}.</p>'
        f'<p class="soft"><a href="#{escape(told["operationId"])}"><code>{escape(told["operationId"])}</code></a></p>'
        f"{_parameters(told.get('parameters', ()))}{_body(told.get('requestBody'))}"
        f"{_responses(document, told['responses'])}"
        f"<h3>Example</h3><pre>{escape(example)}</pre></div></details>\n"
    )


def _parameters(told: Iterable[Json]) -> str:
    rows = [
        (f"<code>{escape(each['name'])}</code>{_required(each)}", each["in"], _type(each["schema"]), _says(each))
        for each in told
    ]
    return f"<h3>Parameters</h3>{_table(('name', 'in', 'type', 'what'), rows)}" if rows else ""


def _body(told: Json | None) -> str:
    if told is None:
        return ""
    ((media_type, content),) = told["content"].items()
    schema, rest = content["schema"], ""
    if needs := schema.get("required"):
        rest = ", which needs " + ", ".join(f"<code>{escape(each)}</code>" for each in needs)
    if media_type == "multipart/form-data":
        rest += "".join(f". {_marked(each['description'])}" for each in schema["properties"].values())
    kind = _type(schema) if "$ref" in schema else "a form"
    return f"<h3>Body</h3><p><code>{escape(media_type)}</code>: {kind}{rest}</p>"


def _responses(document: Json, told: Mapping[str, Json]) -> str:
    rows = []
    for status, given in told.items():
        name = given.get("$ref", "").rpartition("/")[2]
        answer = document["components"]["responses"][name] if name else given
        rows.append((f"<code>{status}</code>", _content(answer), _marked(answer["description"])))
    return f"<h3>Answers</h3>{_table(('status', 'type', 'what'), rows)}"


def _content(answer: Json) -> str:
    given = answer.get("content", {}).items()
    return ", ".join(
        _type(each["schema"]) if media_type == "application/json" and "schema" in each else f"<code>{media_type}</code>"
        for media_type, each in given
    )


def _schema(name: str, told: Json) -> str:
    text = f"<p>{_marked(told['description'])}</p>" if "description" in told else ""
    if "enum" in told:
        inside = "<p>" + ", ".join(f"<code>{escape(each)}</code>" for each in told["enum"]) + "</p>"
    else:
        fields = [(f"<code>{escape(each)}</code>", _type(kind)) for each, kind in told["properties"].items()]
        inside = _table(("field", "type"), fields) if fields else "<p>It has no fields.</p>"
    return (
        f'<details class="schema" data-words="schema {escape(name.lower())}"><summary><code>{escape(name)}</code>'
        f'</summary><div class="body" id="schema-{escape(name)}">{text}{inside}</div></details>\n'
    )


def _type(schema: Json) -> str:
    """The schema in a few words, with a link to where it is told."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "contentSchema" in schema:
        return f"JSON of {_type(schema['contentSchema'])}"
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(each)}</code>" for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map of {_type(schema['additionalProperties'])}"
    return escape(f"{kind} ({schema['format']})" if "format" in schema else kind)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells of `rows` are HTML."""
    titles = "".join(f'<th scope="col">{each}</th>' for each in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'


def _required(told: Json) -> str:
    return ' <span class="soft">required</span>' if told.get("required") and told["in"] != "path" else ""


def _says(told: Json) -> str:
    return _marked(told["description"]) if "description" in told else ""


def _marked(text: str) -> str:
    """The text with its code marked: all of Markdown that the descriptions use."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _breakable(path: str) -> str:
    """The path, which may be broken before its slashes."""
    return escape(path).replace("/", "<wbr>/")


def _slug(tag: str) -> str:
    return tag.lower().replace(" ", "-")
