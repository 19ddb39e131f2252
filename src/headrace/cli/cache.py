"""`headrace cache ls | why | drop`: what may stand in for equal steps, why a step did not, and forgetting it."""

import sys
from datetime import UTC, datetime

from headrace.base import age
from headrace.base.clock import SECOND, Instant, SystemClock, from_rfc3339, to_rfc3339
from headrace.base.errors import InvalidInput
from headrace.cli import output
from headrace.cli.client import Client, Document
from headrace.cli.connect import connect
from headrace.cli.find import find_run
from headrace.cli.view import spell_bytes

_DIGITS = 12
"""So much of a fingerprint tells it from the others."""


def ls(
    *,
    pipeline: str | None,
    task: str | None,
    run: str | None,
    fingerprint: str | None,
    limit: int,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """List what may be taken, newest first."""
    if limit < 1:
        raise InvalidInput(f"{limit} is less than 1", where="--limit", hint="Say how many to list")
    with connect(home, host) as client:
        which = _which(client, pipeline=pipeline, task=task, run=run, fingerprint=fingerprint, older_than=None)
        found = client.cache(limit=limit, **which)
    if json:
        output.document({"entries": found})
    elif not found:
        print("The cache holds nothing of that kind." if any(which.values()) else "The cache is empty.")
    else:
        _show(found)
    return 0


def why(*, run: str, task: str, home: str | None, host: str | None, json: bool) -> int:
    """Say what the step's fingerprint is made of, and why it was taken from the cache or executed."""
    with connect(home, host) as client:
        said = client.cache_why(find_run(client, run), task)
    if json:
        output.document(said)
        return 0
    output.say(f"{said['path'].removeprefix('root.')} is {said['state']}: {said['headline']}")
    for line in said["details"]:
        output.say(f"  {line['label']}: {line['text']}")
    if said["fingerprint"]:
        output.say(f"  fingerprint: {said['fingerprint']}")
    for name, part in said["parts"].items():
        for key, value in part.items() if isinstance(part, dict) else [("", part)]:
            output.say(f"    {name}{f' {key}' if key else ''}: {value}")
    return 0


def drop(
    *,
    pipeline: str | None,
    task: str | None,
    run: str | None,
    fingerprint: str | None,
    older_than: str | None,
    everything: bool,
    dry_run: bool,
    yes: bool,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Make that entries are never taken again; asks first, unless `yes` or `dry_run`."""
    with connect(home, host) as client:
        which = _which(client, pipeline=pipeline, task=task, run=run, fingerprint=fingerprint, older_than=older_than)
        if not any(which.values()) and not everything:
            hint = "Give --fingerprint, --run, --pipeline, --task, --older-than, or --all"
            raise InvalidInput("it is not said what to drop", where="headrace cache drop", hint=hint)
        asked = {**which, "all": "true" if everything else ""}
        said = client.drop(**asked, dry_run="true")
        if not dry_run:
            if said["count"] and not yes and not _agreed(said["count"]):
                print("Nothing was dropped.", file=sys.stderr)
                return 1
            said = client.drop(**asked)
    if json:
        output.document(said)
    else:
        print(f"{'Would drop' if dry_run else 'Dropped'} {_entries(said['count'])}.")
    return 0


def _agreed(count: int) -> bool:
    """What the person at the terminal says. Raises InvalidInput where there is none."""
    if not sys.stdin.isatty():
        raise InvalidInput("nobody is there to confirm it", where="headrace cache drop", hint="Give --yes")
    print(f"Drop {_entries(count)}? Equal steps are executed anew. [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _which(
    client: Client,
    *,
    pipeline: str | None,
    task: str | None,
    run: str | None,
    fingerprint: str | None,
    older_than: str | None,
) -> dict[str, str]:
    """What narrows the entries, as the server takes it."""
    return {
        "pipeline": pipeline or "",
        "task": task or "",
        "run_id": find_run(client, run) if run else "",
        "fingerprint": fingerprint or "",
        "ended_before": to_rfc3339(_ago(older_than)) if older_than else "",
    }


def _ago(text: str) -> Instant:
    return Instant(SystemClock().now() - age.parse(text, "--older-than"))


def _show(found: list[Document]) -> None:
    from rich.table import Table

    from headrace.cli.display import console, show

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("fingerprint", "made", "run", "taken", "size", "task", "pipeline"):
        right = column in ("taken", "size")
        table.add_column(column, no_wrap=True, overflow="ellipsis", justify="right" if right else "left")
    for each in found:
        made = datetime.fromtimestamp(from_rfc3339(each["created_at"]) / SECOND, UTC).astimezone()
        table.add_row(
            each["fingerprint"].removeprefix("sha256:")[:_DIGITS],
            f"{made:%Y-%m-%d %H:%M:%S}",
            each["run_id"][:8],
            f"{each['taken']}x",
            spell_bytes(each["size"]),
            each["path"].removeprefix("root."),
            each["pipeline"],
        )
    show(console(), table)
