"""`headrace secret` and `headrace configmap`: made, listed, shown, deleted. `kind` is the last part of their route."""

import base64
from collections.abc import Mapping

from headrace.base.json import JsonObject
from headrace.cli import output, sources
from headrace.cli.client import Document
from headrace.cli.connect import connect
from headrace.cli.display import console, show
from headrace.cli.look import plain_table
from headrace.cli.moments import show_moment

_CALLED = {"secrets": "secret", "configmaps": "config map"}
SECRETS = "secrets"


def create(
    *,
    kind: str,
    name: str,
    files: list[str],
    env_files: list[str],
    literals: list[str],
    replace: bool,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Make one, or put it in the place of one."""
    body = {"name": name, **_packed(kind, sources.collect(files, env_files, literals))}
    with connect(home, host) as client:
        made = client.replace_object(kind, name, body) if replace else client.create_object(kind, body)
    keys = ", ".join(each["key"] for each in made.get("keys", ())) or "nothing"
    return said(f"The {_CALLED[kind]} {made['name']} holds {keys}.", made, json=json)


def ls(*, kind: str, home: str | None, host: str | None, json: bool) -> int:
    """All of them, without values."""
    with connect(home, host) as client:
        found = client.objects(kind)
    if json:
        output.document(found)
    elif not found:
        output.say(f"No {_CALLED[kind]}s yet.")
    else:
        table = plain_table("name", "keys", "bytes", "updated")
        for each in found:
            keys = each.get("keys", ())
            size = sum(key.get("size", 0) for key in keys)
            names = ", ".join(key["key"] for key in keys)
            table.add_row(each["name"], names, str(size), show_moment(each["updated_at"]))
        show(console(), table)
    return 0


def get(*, kind: str, name: str, home: str | None, host: str | None, json: bool) -> int:
    """One of them; the values of a config map, too."""
    with connect(home, host) as client:
        found = client.object(kind, name)
    if json:
        output.document(found)
        return 0
    output.say(f"{'name':<9} {found['name']}")
    output.say(f"{'created':<9} {show_moment(found['created_at'])}")
    output.say(f"{'updated':<9} {show_moment(found['updated_at'])}")
    for each in found.get("keys", ()):
        output.say(f"\n{each['key']} ({each.get('size', 0)} bytes)")
        for line in found.get("data", {}).get(each["key"], "").splitlines():
            output.say(f"  {line}")
    return 0


def delete(*, kind: str, name: str, home: str | None, host: str | None, json: bool) -> int:
    with connect(home, host) as client:
        client.delete_object(kind, name)
    return said(f"Deleted the {_CALLED[kind]} {name}.", {"name": name}, json=json)


def _packed(kind: str, values: Mapping[str, bytes]) -> JsonObject:
    """The values as the server takes them: those of config maps as text, where they are."""
    texts, packed = dict[str, str](), dict[str, str]()
    for key, value in values.items():
        if kind != SECRETS and b"\0" not in value and (text := _text(value)) is not None:
            texts[key] = text
        else:
            packed[key] = base64.b64encode(value).decode()
    return {"data": packed} if kind == SECRETS else {"data": texts, "binary_data": packed}


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def said(text: str, document: Document, *, json: bool) -> int:
    """Tell what was done, or give the document."""
    if json:
        output.document(document)
    else:
        output.say(text)
    return 0
