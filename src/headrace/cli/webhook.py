"""`headrace webhook`: who is told when runs end, made, listed, shown, tried and deleted."""

from pathlib import Path

from rich.table import Table

from headrace.base.errors import InvalidInput, NotFound
from headrace.base.json import JsonValue
from headrace.cli import output
from headrace.cli.client import Client, Document
from headrace.cli.connect import connect
from headrace.cli.display import console, show
from headrace.cli.find import find_experiment, find_run, find_schedule
from headrace.cli.look import plain_table
from headrace.cli.moments import show_moment
from headrace.model.webhook import NAME_LENGTH


def create(
    *,
    url: str | None,
    name: str | None,
    states: list[str] | None,
    template: str,
    to: list[str] | None,
    experiment: str | None,
    schedule: str | None,
    run: str | None,
    secret_file: str | None,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Make one, and tell the secret that the server made, for it is not told again."""
    body: dict[str, JsonValue] = {
        "display_name": name or (url or ", ".join(to or ()))[:NAME_LENGTH],
        "url": url or "",
        "template": "EMAIL" if to else template.upper(),
        "to": list(to or ()),
        "secret": _secret(secret_file),
        "states": list(states or ()),
    }
    with connect(home, host) as client:
        if experiment is not None:
            body["experiment_id"] = find_experiment(client, experiment)
        if schedule is not None:
            body["recurring_run_id"] = find_schedule(client, schedule)
        if run is not None:
            body["run_id"] = find_run(client, run)
        made = client.create_webhook(body)
    if json:
        output.document(made)
        return 0
    output.say(f"Webhook {made['webhook_id']} is told of runs that are {_states(made)}.")
    if made.get("secret"):
        output.say(f"It is signed with the secret {made['secret']}, which is not shown again.")
    return 0


def ls(*, home: str | None, host: str | None, json: bool) -> int:
    """List them."""
    with connect(home, host) as client:
        found = client.webhooks()
    if json:
        output.document(found)
        return 0
    table = plain_table("WEBHOOK", "NAME", "ABOUT", "STATES", "TEMPLATE", "ENABLED")
    for each in found:
        enabled = "yes" if each.get("enabled") else "no"
        table.add_row(
            each["webhook_id"][:8], each["display_name"], _about(each), _states(each), each["template"], enabled
        )
    show(console(), table)
    return 0


def get(*, webhook: str, home: str | None, host: str | None, json: bool) -> int:
    """Show one; never its secret."""
    with connect(home, host) as client:
        found = _find(client, webhook)
    if json:
        output.document(found)
        return 0
    where = found.get("url") or ", ".join(found.get("to", ()))
    facts = {
        "webhook": found["webhook_id"],
        "name": found["display_name"],
        "about": _about(found),
        "states": _states(found),
        "template": found["template"],
        "to": where,
        "signed": "yes" if found.get("signed") else "no",
        "enabled": "yes" if found.get("enabled") else "no",
        "created": show_moment(found["created_at"]),
    }
    for label, text in facts.items():
        output.say(f"{label:<9} {text}")
    return 0


def delete(*, webhook: str, home: str | None, host: str | None, json: bool) -> int:
    """Remove one, and what it was still to be told."""
    with connect(home, host) as client:
        webhook_id = _find(client, webhook)["webhook_id"]
        client.delete_webhook(webhook_id)
    return _said(f"Deleted webhook {webhook_id}.", {"webhook_id": webhook_id}, json=json)


def test(*, webhook: str, home: str | None, host: str | None, json: bool) -> int:
    """Send an example."""
    with connect(home, host) as client:
        made = client.test_webhook(_find(client, webhook)["webhook_id"])
    return _said(
        f"Delivery {made['delivery_id']} is on its way: headrace webhook deliveries {made['webhook_id'][:8]}",
        made,
        json=json,
    )


def deliveries(*, webhook: str, resend: str | None, home: str | None, host: str | None, json: bool) -> int:
    """What it was told and what was answered; or tell it again."""
    with connect(home, host) as client:
        webhook_id = _find(client, webhook)["webhook_id"]
        found = client.deliveries(webhook_id)
        if resend is not None:
            delivery = _only(found, "delivery_id", resend, "delivery")["delivery_id"]
            made = client.resend(webhook_id, delivery)
            return _said(f"Delivery {delivery} is on its way again.", made, json=json)
    if json:
        output.document(found)
        return 0
    show(console(), _table(found))
    return 0


def _table(found: list[Document]) -> Table:
    table = plain_table("DELIVERY", "RUN", "TELLS", "STATE", "TRIES", "CREATED", "ANSWER")
    for each in found:
        told = f"{each['run_state']} (test)" if each.get("test") else each["run_state"]
        answer = " ".join(each.get("answer", "").split())[:80]
        tries, created = str(each.get("attempts", 0)), show_moment(each["created_at"])
        table.add_row(each["delivery_id"][:8], each["run_id"][:8], told, each["state"], tries, created, answer)
    return table


def _find(client: Client, text: str) -> Document:
    """The webhook with that id, the start of it, or that name. Raises NotFound, InvalidInput."""
    found = client.webhooks()
    named = [each for each in found if each["display_name"] == text]
    return named[0] if len(named) == 1 else _only(found, "webhook_id", text, "webhook")


def _only(found: list[Document], key: str, text: str, what: str) -> Document:
    fitting = [each for each in found if each[key].startswith(text)]
    if not fitting:
        raise NotFound(f"there is no {what} whose id begins so", where=text)
    if len(fitting) > 1:
        raise InvalidInput(f"the ids of several begin so: {what}", where=text, hint="Give more of the id")
    return fitting[0]


def _secret(file: str | None) -> str:
    """From a file, so that it is in no list of processes and no shell's history."""
    if file is None:
        return ""
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"it cannot be read: {error}", where="--secret-file") from error


def _states(webhook: Document) -> str:
    return ", ".join(webhook["states"])


def _about(webhook: Document) -> str:
    for key, word in (("experiment_id", "experiment"), ("recurring_run_id", "schedule"), ("run_id", "run")):
        if webhook.get(key):
            return f"{word} {webhook[key][:8]}"
    return "all runs"


def _said(text: str, document: Document, *, json: bool) -> int:
    if json:
        output.document(document)
    else:
        output.say(text)
    return 0
