"""`headrace backfill`: the runs of a recurring run for a stretch of the past, with a look at them first."""

from headrace.base.clock import SystemClock
from headrace.base.errors import InvalidInput, NotFound
from headrace.base.json import JsonValue
from headrace.cli import output
from headrace.cli.client import Client, Document
from headrace.cli.connect import connect
from headrace.cli.discover import options_of
from headrace.cli.display import console, show_command
from headrace.cli.find import find_schedule
from headrace.cli.moments import is_day_of, read_moment, show_moment

_SHOWN = 20
"""Due times that are listed; of more, the first and the last half of so many."""


def backfill(
    *,
    schedule: str,
    begin: str | None,
    end: str | None,
    max_parallel: int,
    again: bool,
    dry_run: bool,
    stop: str | None,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Ask for the runs, and say which ticks they are of; or stop a backfill."""
    with connect(home, host) as client:
        schedule_id = find_schedule(client, schedule)
        if stop is not None:
            return _stop(client, schedule_id, stop, json=json)
        if begin is None:
            raise InvalidInput("the stretch of time has no beginning", where="--from", hint="Give --from TIME")
        body: dict[str, JsonValue] = {
            "start_time": read_moment(begin, "--from"),
            "max_parallel": max_parallel,
            "dry_run": dry_run,
            "again": again,
        }
        if end is not None and (last := _last(end)) is not None:
            body["end_time"] = last
        made = client.create_backfill(schedule_id, body)
    if json:
        output.document(made)
        return 0
    ticks = made.get("ticks", [])
    for line in _lines(ticks, again=again):
        print(line)
    wanted = sum(again or not tick.get("run_before", False) for tick in ticks)
    runs = f"{wanted} run{'' if wanted == 1 else 's'} of {len(ticks)} due time{'' if len(ticks) == 1 else 's'}"
    if dry_run:
        print(f"It would make {runs}, {max_parallel} at once.")
        return 0
    print(f"Backfill {made['backfill_id']} makes {runs}, {max_parallel} at once.")
    show_command(console(), f"headrace schedule get {schedule_id[:8]}{options_of(home, host)}  shows how far it is")
    return 0


def _last(text: str) -> str | None:
    """The last moment of `--to`, None for now: a day alone means its own last one, and today has come no further."""
    last = read_moment(text, "--to", end_of_day=True)
    return None if is_day_of(text, SystemClock().now()) else last


def _stop(client: Client, schedule_id: str, text: str, *, json: bool) -> int:
    found = [each["backfill_id"] for each in client.backfills(schedule_id) if each["backfill_id"].startswith(text)]
    if not found:
        raise NotFound("the recurring run has no backfill whose id begins so", where=text)
    if len(found) > 1:
        raise InvalidInput("several backfills' ids begin so", where=text, hint="Give more of the id")
    client.stop_backfill(schedule_id, found[0])
    if json:
        output.document({"backfill_id": found[0]})
    else:
        print(f"Stopped backfill {found[0]}; the runs that it made go on.")
    return 0


def _lines(ticks: list[Document], *, again: bool) -> list[str]:
    """A line for each tick, or for the first and the last of many."""
    lines = []
    for tick in ticks:
        before = "  had its run" if tick.get("run_before", False) else ""
        lines.append(f"{show_moment(tick['scheduled_at'])}{before}{', gets another' if before and again else ''}")
    if len(lines) <= _SHOWN:
        return lines
    half = _SHOWN // 2
    return [*lines[:half], f"... {len(lines) - _SHOWN} more ...", *lines[-half:]]
