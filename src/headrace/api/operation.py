"""What a route does, said once, beside the route: for `/openapi.json`, for `/docs`, and for the tests.

A route's handler does the work; its `Operation` says what it takes and gives. `docs/api.md` has the same words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from headrace.base.json import JsonObject

Struct = type[msgspec.Struct]
"""A message of `wire`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query, or of the request's head. `schema` is JSON Schema; `message` what JSON in it holds."""

    name: str
    text: str
    schema: JsonObject = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    place: Literal["query", "header"] = "query"
    message: Struct | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart form with one file, under the name `part`."""

    part: str
    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is no JSON message: its media types, and what is in it."""

    types: Sequence[str]
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is the operation's id: KFP's own where KFP has it. `text` says what it does, in Markdown; its first
    clause by itself is the summary.

    `needs` are the fields of the body that must be there. `also` are other good statuses than 200, and what they mean;
    `errors` those of errors that do not follow from the rest (400, 403, 500 and 503 come anywhere, 404 where the path
    names something, 413 where there is a body). `files` has errors in the shape of uploads, logs and downloads.
    """

    name: str
    text: str
    gives: Struct | Media
    takes: Struct | Upload | None = None
    also_gives: Media | None = None
    needs: Sequence[str] = ()
    query: Sequence[Parameter] = ()
    also: Mapping[int, str] = field(default_factory=dict)
    errors: Sequence[int] = ()
    files: bool = False
    example: JsonObject | None = None

    @property
    def summary(self) -> str:
        """The first clause of the text."""
        return re.split(r"[;:.](?:\s|$)", self.text, maxsplit=1)[0]


def flag(name: str, text: str) -> Parameter:
    return Parameter(name, text, {"type": "boolean"})


def number(name: str, text: str, **limits: int) -> Parameter:
    """A natural number."""
    return Parameter(name, text, {"type": "integer", "minimum": 0, **limits})


def choice(name: str, text: str, *values: str) -> Parameter:
    return Parameter(name, text, {"type": "string", "enum": list(values)})


def many(name: str, text: str, *values: str) -> Parameter:
    """A parameter that may be repeated, each time with one of `values` if there are any."""
    item: JsonObject = {"type": "string", "enum": list(values)} if values else {"type": "string"}
    return Parameter(name, text, {"type": "array", "items": item})
