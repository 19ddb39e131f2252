"""`headrace pvc`: persistent volume claims, made, listed, shown, deleted."""

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonObject
from headrace.cli import output
from headrace.cli.connect import connect
from headrace.cli.display import console, show
from headrace.cli.look import plain_table
from headrace.cli.moments import show_moment
from headrace.cli.objects import said

_KIND = "pvcs"


def create(
    *,
    name: str,
    size: str,
    access_modes: list[str],
    storage_class: str,
    annotations: list[str],
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Make one."""
    body: JsonObject = {
        "name": name,
        "size": size,
        "access_modes": access_modes,
        "storage_class_name": storage_class,
        "annotations": dict(_pair(each) for each in annotations),
    }
    with connect(home, host) as client:
        made = client.create_object(_KIND, body)
    return said(f"The persistent volume claim {made['name']} is {made['folder']}.", made, json=json)


def ls(*, home: str | None, host: str | None, json: bool) -> int:
    """All of them."""
    with connect(home, host) as client:
        found = client.objects(_KIND)
    if json:
        output.document(found)
    elif not found:
        output.say("No persistent volume claims yet.")
    else:
        table = plain_table("name", "size", "access modes", "created", "made by run")
        for each in found:
            modes = ", ".join(each["access_modes"])
            table.add_row(each["name"], each["size"], modes, show_moment(each["created_at"]), each.get("run_id", ""))
        show(console(), table)
    return 0


def get(*, name: str, home: str | None, host: str | None, json: bool) -> int:
    """One of them, with its folder and who has it mounted."""
    with connect(home, host) as client:
        found = client.object(_KIND, name)
    if json:
        output.document(found)
        return 0
    lines = {
        "name": found["name"],
        "size": found["size"],
        "modes": ", ".join(found["access_modes"]),
        "class": found["storage_class_name"],
        "created": show_moment(found["created_at"]),
        "made by": f"run {found['run_id']}" if "run_id" in found else "",
        "folder": found["folder"],
        "mounted": ", ".join(f"{each['scope_path']} of run {each['run_id']}" for each in found.get("mounts", ())),
    }
    for label, value in lines.items():
        if value:
            output.say(f"{label:<9} {value}")
    return 0


def delete(*, name: str, home: str | None, host: str | None, json: bool) -> int:
    """Remove one."""
    with connect(home, host) as client:
        client.delete_object(_KIND, name)
    return said(f"Deleted the persistent volume claim {name}.", {"name": name}, json=json)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise InvalidInput(f"{text!r} is no KEY=VALUE", where="--annotation", hint="Give both, with = between")
    return key, value
