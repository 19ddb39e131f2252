"""`headrace schedule`: recurring runs made, listed, shown, switched and deleted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from headrace.base.clock import SystemClock
from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.cli import draw, output, wire
from headrace.cli.client import Client, Document
from headrace.cli.compile import split_name
from headrace.cli.connect import connect
from headrace.cli.discover import options_of
from headrace.cli.display import console, show, show_command
from headrace.cli.find import find_or_make_experiment, find_pipeline, find_schedule
from headrace.cli.look import plain_table
from headrace.cli.moments import read_moment, show_moment
from headrace.cli.parameters import read_parameters, utf8
from headrace.cli.pipeline import read_pipeline
from headrace.cli.view import seconds, spell
from headrace.spec.compile import compile_plan
from headrace.spec.load import document_from_json
from headrace.spec.plan import Plan
from headrace.spec.schedule.cron import duration

_SHOWN_RUNS = 5


def create(
    *,
    pipeline: str,
    cron: str | None,
    every: str | None,
    timezone: str | None,
    start: str | None,
    end: str | None,
    parameters: list[str],
    name: str | None,
    description: str,
    experiment: str | None,
    version: str | None,
    max_concurrency: int,
    no_catchup: bool,
    disabled: bool,
    python: str | None,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Make a recurring run, and say when it runs next."""
    trigger = _trigger(cron, every, timezone, start, end)
    with connect(home, host) as client:
        source, plan, called = _source(client, pipeline, version, python)
        body: dict[str, JsonValue] = {
            "display_name": utf8(name or "", "--name") or called,
            "description": utf8(description, "--description"),
            **source,
            "runtime_config": {"parameters": read_parameters(parameters, plan.root.interface.input_parameters)},
            "trigger": trigger,
            "mode": "DISABLE" if disabled else "ENABLE",
            "max_concurrency": max_concurrency,
            "no_catchup": no_catchup,
        }
        if experiment is not None:
            body["experiment_id"] = find_or_make_experiment(client, utf8(experiment, "--experiment"))
        made = client.create_schedule(body)
        if json:
            output.document(made)
        else:
            _show(client, made)
            show_command(
                console(),
                f"headrace schedule get {made['recurring_run_id'][:8]}{options_of(home, host)}  shows how it goes on",
            )
    return 0


def ls(*, limit: int, home: str | None, host: str | None, json: bool) -> int:
    """List recurring runs, newest first."""
    if limit < 1:
        raise InvalidInput(f"{limit} is less than 1", where="--limit", hint="Say how many to list")
    with connect(home, host) as client:
        items = client.listed("recurringruns", limit=limit)
    if json:
        output.document({"recurring_runs": items})
    elif not items:
        output.say("No recurring runs yet.")
    else:
        table = plain_table("id", "status", "next", "when", "name", "error")
        for item in items:
            upcoming = show_moment(item.get("next_scheduled_at", ""))
            error = (item.get("error") or {}).get("message", "")
            table.add_row(
                item["recurring_run_id"][:8], item["status"], upcoming, _when(item), item["display_name"], error
            )
        show(console(), table)
    return 0


def get(*, schedule: str, home: str | None, host: str | None, json: bool) -> int:
    """Show one recurring run."""
    with connect(home, host) as client:
        found = client.schedule(find_schedule(client, schedule))
        if json:
            output.document(found)
        else:
            _show(client, found)
    return 0


def enable(*, schedule: str, home: str | None, host: str | None, json: bool) -> int:
    return _switch(schedule, home, host, enabled=True, json=json)


def disable(*, schedule: str, home: str | None, host: str | None, json: bool) -> int:
    return _switch(schedule, home, host, enabled=False, json=json)


def _switch(schedule: str, home: str | None, host: str | None, *, enabled: bool, json: bool) -> int:
    with connect(home, host) as client:
        schedule_id = find_schedule(client, schedule)
        client.enable_schedule(schedule_id, enabled=enabled)
        found = client.schedule(schedule_id)
    if json:
        output.document(found)
    else:
        upcoming = show_moment(found.get("next_scheduled_at", ""))
        output.say(f"{found['display_name']} is {found['status']}{f'; next {upcoming}' if upcoming else ''}")
    return 0


def delete(*, schedule: str, stop_runs: bool, home: str | None, host: str | None, json: bool) -> int:
    """Remove a recurring run; its runs stay."""
    with connect(home, host) as client:
        schedule_id = find_schedule(client, schedule)
        client.delete_schedule(schedule_id, stop_runs=stop_runs)
    if json:
        output.document({"recurring_run_id": schedule_id})
    else:
        output.say(f"Deleted recurring run {schedule_id}; its runs are still there.")
    return 0


def _trigger(
    cron: str | None, every: str | None, timezone: str | None, start: str | None, end: str | None
) -> dict[str, JsonValue]:
    bounds: dict[str, JsonValue] = {}
    if start is not None:
        bounds["start_time"] = read_moment(start, "--start")
    if end is not None:
        bounds["end_time"] = read_moment(end, "--end", end_of_day=True)
    if cron is not None:
        return {"cron_schedule": {"cron": cron, **bounds, **({"timezone": timezone} if timezone else {})}}
    if timezone:
        raise InvalidInput("an interval has no time zone", where="--timezone", hint="Leave it out, or give --cron")
    return {"periodic_schedule": {"interval_second": _interval(every or ""), **bounds}}


def _interval(text: str) -> int:
    """The whole seconds of `--every`. Raises InvalidInput."""
    try:
        seconds = duration(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, where="--every", hint=error.hint) from error
    if seconds < 1 or seconds.denominator > 1:
        raise InvalidInput(f"{text!r} is not one or more whole seconds", where="--every", hint='Give "90s" or "1h30m"')
    return int(seconds)


def _source(
    client: Client, text: str, version: str | None, python: str | None
) -> tuple[dict[str, JsonValue], Plan, str]:
    """What the request says of the pipeline, the plan that its parameters are read by, and its name."""
    file, _ = split_name(text)
    if file.exists() or file.suffix in (".py", ".yaml", ".yml", ".json", ".zip", ".gz"):
        if version is not None:
            raise InvalidInput("a file has no versions", where="--version", hint="Leave it out")
        found = read_pipeline(text, python)
        return {"pipeline_spec": found.document.as_json()}, found.plan, found.document.name
    pipeline_id = find_pipeline(client, utf8(text, "PIPELINE"))
    chosen = client.newest_version(pipeline_id) if version is None else client.version(pipeline_id, version)
    reference: dict[str, JsonValue] = {"pipeline_id": pipeline_id}
    if version is not None:
        reference["pipeline_version_id"] = chosen["pipeline_version_id"]
    plan = compile_plan(document_from_json(chosen["pipeline_spec"]))
    return {"pipeline_version_reference": reference}, plan, Path(text).name


def _when(item: Mapping[str, Any]) -> str:
    """`0 0 6 * * * Europe/Berlin`, `every 1m30s`."""
    trigger = item.get("trigger") or {}
    periodic = trigger.get("periodic_schedule")
    if periodic is not None:
        return f"every {_spelled(int(periodic.get('interval_second', 0)))}"
    cron = trigger.get("cron_schedule") or {}
    return f"{cron.get('cron', '')} {cron.get('timezone', '')}".strip()


def _spelled(seconds: int) -> str:
    """`90s` is `1m30s`, as `--every` takes it."""
    parts = {"h": seconds // 3600, "m": seconds // 60 % 60, "s": seconds % 60}
    return "".join(f"{number}{unit}" for unit, number in parts.items() if number)


def _show(client: Client, item: Document) -> None:
    schedule_id = item["recurring_run_id"]
    out = console()
    output.say(f"Recurring run {schedule_id}")
    facts = Table.grid(padding=(0, 2))
    trigger: Document = next(iter((item.get("trigger") or {}).values()), {})
    lines = {
        "name": item["display_name"],
        "status": item["status"],
        "when": _when(item),
        "from": show_moment(trigger.get("start_time", "")),
        "to": show_moment(trigger.get("end_time", "")),
        "error": (item.get("error") or {}).get("message", ""),
    }
    for label, text in lines.items():
        if text:
            facts.add_row(Text(label, style="dim"), text)
    upcoming = client.ticks(schedule_id) if item["status"] == "ENABLED" else []
    for number, tick in enumerate(upcoming):
        facts.add_row(Text("" if number else "next", style="dim"), show_moment(tick["scheduled_at"]))
    show(out, facts)
    runs = client.listed("runs", limit=_SHOWN_RUNS, filters={"recurring_run_id": ("EQUALS", schedule_id)})
    if runs:
        show(out, _runs(runs))
    backfills = client.backfills(schedule_id)
    if backfills:
        show(out, _backfills(backfills))


def _runs(items: list[Document]) -> Table:
    table = plain_table("run", "state", "took", "scheduled")
    now = SystemClock().now()
    for item in items:
        run = wire.run_view(item)
        took = spell(seconds(run.created_at, run.finished_at, now))
        table.add_row(run.run_id[:8], draw.spell_styled(run.state), took, show_moment(item.get("scheduled_at", "")))
    return table


def _backfills(items: list[Document]) -> Table:
    table = plain_table("backfill", "state", "from", "to", "waiting", "runs")
    for item in items:
        runs = ", ".join(f"{number} {state}" for state, number in sorted(item.get("runs", {}).items()))
        begin, end = show_moment(item["start_time"]), show_moment(item["end_time"])
        table.add_row(item["backfill_id"][:8], item["state"], begin, end, str(item.get("waiting", 0)), runs)
    return table
