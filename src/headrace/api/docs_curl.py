"""How an operation is called with curl: takes it as the OpenAPI document has it, gives a command to paste."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

ADDRESS = "{the server}"
"""Stands for the server's address until it is known."""


def curl(method: str, path: str, told: Mapping[str, Any]) -> str:
    """The command. What a user has to fill in is in capitals."""
    query = "&".join(
        f"{each['name']}={_placeholder(each['name'])}"
        for each in told.get("parameters", ())
        if each["in"] == "query" and each.get("required")
    )
    where = re.sub(r"{(\w+)}", lambda match: _placeholder(match[1]), path)
    words = ["curl", *_options(method, told), _quoted(f"{ADDRESS}{where}{'?' if query else ''}{query}")]
    return " ".join([*words, *_body(_body_types(told))])


def _options(method: str, told: Mapping[str, Any]) -> list[str]:
    given = told["responses"]["200"]["content"]
    if "text/event-stream" in given:
        return ["-N"]
    if "*/*" in given:
        return ["-OJ"]
    return ["-X", method.upper()] if method != "get" and "multipart/form-data" not in _body_types(told) else []


def _body_types(told: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = told.get("requestBody", {}).get("content", {})
    return content


def _body(content: Mapping[str, Any]) -> list[str]:
    form = content.get("multipart/form-data")
    if form is not None:
        return [f"-F {part}=@pipeline.yaml" for part in form["schema"]["properties"]]
    example = content.get("application/json", {}).get("example")
    if example is None:
        return []
    return [f"\\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(json.dumps(example, indent=2))}"]


def _quoted(url: str) -> str:
    return f"'{url}'"


def _placeholder(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()
