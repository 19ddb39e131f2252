"""The API as an OpenAPI 3.1 document: takes the table of routes, gives JSON. Nothing is said here of a single route.

What a route does is beside it (`operation`), what messages look like is in `wire`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from headrace.api.operation import Media, Operation, Parameter, Struct, Upload
from headrace.api.route import ApiRoute
from headrace.api.schema import Schemas
from headrace.api.wire.common import Empty, Status
from headrace.api.wire.own import FileError
from headrace.base.json import JsonObject, JsonValue

Tagged: TypeAlias = Mapping[str, Sequence[ApiRoute]]
"""The routes by their tags, in the order in which they are shown."""

_DESCRIPTION = """\
Kubeflow Pipelines' API, v2beta1 and what is still called of v1beta1, and under `/api/v1` Headrace's own.

JSON follows protobuf's rules: names are in `snake_case`, and `camelCase` is taken too; what is empty, zero or \
false is left out; 64-bit integers are strings; times are RFC 3339 in UTC; a field that does not exist is an error.
"""

ERRORS: Mapping[int, str] = {
    400: "The request is wrong; the message says what, where, and what to do",
    403: "It comes from another site's web page, or to a name that is not this server's",
    404: "What the request names is not there",
    409: "It does not fit what is there: a name is taken, or the state is another",
    413: "The body is too large",
    416: "There are no such bytes",
    500: "An error of the server; its log has more under the id in the message",
    503: "The server cannot answer at the moment; ask again",
}
"""The statuses of errors."""

_ANYWHERE = (400, 403, 500, 503)
_ALWAYS_STATUS = (403,)
"""Said in front of all routes, so in one shape."""


def document(tagged: Tagged, version: str) -> JsonObject:
    """The document. Its server is the one that it comes from."""
    schemas = Schemas()
    paths: dict[str, dict[str, JsonValue]] = {}
    for tag, routes in tagged.items():
        for route in routes:
            paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, tag, schemas)
    responses = _errors(schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headrace",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in tagged],
        "paths": paths,
        "components": {"schemas": schemas.components(), "responses": responses},
    }


def _operation(route: ApiRoute, tag: str, schemas: Schemas) -> JsonObject:
    told = route.operation
    parameters = [*_path_parameters(route), *(_parameter(each, schemas) for each in told.query)]
    return {
        "operationId": told.name,
        "tags": [tag],
        "summary": _sentence(told.summary),
        "description": _sentence(told.text),
        **({"parameters": parameters} if parameters else {}),
        **_body(told, schemas),
        "responses": {**_answers(told, schemas), **_failures(told, has_path=bool(route.param_convertors))},
    }


def _path_parameters(route: ApiRoute) -> list[JsonValue]:
    """What the path names. Only what stands for the rest of a path may hold a slash."""
    found: list[JsonValue] = []
    for name, convertor in route.param_convertors.items():
        limit: JsonObject = {"minLength": 1} if convertor.regex == ".*" else {"pattern": f"^{convertor.regex}$"}
        found.append({"name": name, "in": "path", "required": True, "schema": {"type": "string", **limit}})
    return found


def _parameter(told: Parameter, schemas: Schemas) -> JsonObject:
    held: JsonObject = {}
    if told.message is not None:
        held = {"contentMediaType": "application/json", "contentSchema": schemas.ref(told.message)}
    return {
        "name": told.name,
        "in": told.place,
        "description": told.text,
        **({"required": True} if told.required else {}),
        "schema": {**told.schema, **held},
    }


def _body(told: Operation, schemas: Schemas) -> JsonObject:
    match told.takes:
        case None:
            return {}
        case Upload(part, text):
            schema: JsonObject = {
                "type": "object",
                "properties": {part: {"description": text, "contentMediaType": "application/octet-stream"}},
                "required": [part],
            }
            return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
        case kind:
            content = {"schema": _needing(schemas.ref(kind), told.needs)}
            example: JsonObject = {"example": told.example} if told.example is not None else {}
            body: JsonObject = {"required": True} if told.needs else {}
            return {"requestBody": {**body, "content": {"application/json": {**content, **example}}}}


def _needing(schema: JsonObject, needs: Sequence[str]) -> JsonObject:
    return {**schema, "required": list(needs)} if needs else schema


def _answers(told: Operation, schemas: Schemas) -> JsonObject:
    content: dict[str, JsonValue] = {}
    for given in (told.gives, told.also_gives):
        if isinstance(given, Media):
            content |= {each: _bytes(each) for each in given.types}
        elif given is not None:
            content["application/json"] = {"schema": schemas.ref(given)}
    text = told.gives.text if isinstance(told.gives, Media) else _what(told.gives)
    more = {str(status): _also(status, words, content) for status, words in told.also.items()}
    return {"200": {"description": text, "content": content}, **more}


def _bytes(media_type: str) -> JsonObject:
    return {"schema": {"type": "string"}} if media_type in ("text/plain", "text/html") else {}


def _also(status: int, text: str, content: Mapping[str, JsonValue]) -> JsonObject:
    """Another good answer; 204 and 304 have no body."""
    return {"description": text} if status in (204, 304) else {"description": text, "content": content}


def _what(kind: Struct) -> str:
    return "Done" if kind is Empty else f"The {kind.__name__}"


def _failures(told: Operation, *, has_path: bool) -> JsonObject:
    statuses = {*_ANYWHERE, *told.errors, *((404,) if has_path else ()), *((413,) if told.takes is not None else ())}
    return {str(status): {"$ref": f"#/components/responses/{_name(status, told.files)}"} for status in sorted(statuses)}


def _errors(schemas: Schemas) -> JsonObject:
    """Each error, in both shapes."""
    found: dict[str, JsonValue] = {}
    for files, shape in ((False, Status), (True, FileError)):
        content = {"application/json": {"schema": schemas.ref(shape)}}
        for status, text in ERRORS.items():
            found.setdefault(_name(status, files), {"description": text, "content": content})
    return dict(sorted(found.items()))


def _name(status: int, files: bool) -> str:
    return f"FileError{status}" if files and status not in _ALWAYS_STATUS else f"Error{status}"


def _sentence(text: str) -> str:
    """The words with a capital, and a full stop where they are several clauses."""
    return re.sub(r"^[a-z]", lambda match: match.group().upper(), text)
