"""`headrace retention show | set | run | keep`: how long a server keeps things, and letting go what is over."""

from headrace.base.errors import InvalidInput
from headrace.cli import output
from headrace.cli.client import Document
from headrace.cli.connect import connect
from headrace.cli.find import find_experiment, find_run
from headrace.cli.view import spell_bytes

_PARTS = {
    "runs": "runs",
    "archived_runs": "archived runs",
    "logs": "logs",
    "artifacts": "artifacts",
    "cache": "cache",
}


def show(*, experiment: str | None, home: str | None, host: str | None, json: bool) -> int:
    """Say how long things are kept, by the server or in one experiment."""
    with connect(home, host) as client:
        said = client.experiment_retention(find_experiment(client, experiment)) if experiment else client.retention()
    if json:
        output.document(said)
    elif experiment:
        _show([(said["display_name"], said["in_force"])])
    else:
        rows = [("the server", said["server"])]
        _show(rows + [(each["display_name"], each["in_force"]) for each in said["experiments"]])
        for run_id in said["pinned_runs"]:
            print(f"Run {run_id} is always kept.")
    return 0


def change(
    *,
    experiment: str,
    runs: str | None,
    archived_runs: str | None,
    logs: str | None,
    artifacts: str | None,
    cache: str | None,
    home: str | None,
    host: str | None,
    json: bool,
) -> int:
    """Let an experiment keep things for another time than the server does."""
    given = {"runs": runs, "archived_runs": archived_runs, "logs": logs, "artifacts": artifacts, "cache": cache}
    changed = {name: "" if text == "server" else text for name, text in given.items() if text is not None}
    if not changed:
        hint = "Give --runs, --archived-runs, --logs, --artifacts or --cache"
        raise InvalidInput("it is not said what to change", where="headrace retention set", hint=hint)
    with connect(home, host) as client:
        said = client.change_retention(find_experiment(client, experiment), changed)
    if json:
        output.document(said)
    else:
        _show([(said["display_name"], said["in_force"])])
    return 0


def run(*, dry_run: bool, home: str | None, host: str | None, json: bool) -> int:
    """Let go what is over now, or only say what that is."""
    with connect(home, host) as client:
        went = client.run_retention(dry_run=dry_run)
    if json:
        output.document(went)
        return 0
    would = went["would"] or {"runs": [], "artifacts": [], "executions": []}
    verb = "Would remove" if dry_run else "Removed"
    print(f"{verb} {_many(went['runs'], 'run')} with {_many(went['tasks'], 'task')}")
    _name([f"{each['run_id']}  {each['display_name']}" for each in would["runs"]], went["runs"])
    print(f"{verb} {_many(went['logs'], 'log')}, {spell_bytes(went['log_bytes'])}")
    print(f"{verb} {_many(went['artifacts'], 'artifact')}, {spell_bytes(went['artifact_bytes'])}")
    _name([each["uri"] for each in would["artifacts"]], went["artifacts"])
    will = "would not be" if dry_run else "are not"
    print(f"{_many(went['uncached'], 'execution')} {will} taken from the cache any more")
    _name([f"{each['task_id']}  {each['run_id']}  {each['path']}" for each in would["executions"]], went["uncached"])
    return 0


def keep(*, run: str, undo: bool, home: str | None, host: str | None, json: bool) -> int:
    """Keep a run whatever retention says, or not any more."""
    with connect(home, host) as client:
        run_id = find_run(client, run)
        client.pin(run_id, pinned=not undo)
    if json:
        output.document({"run_id": run_id, "pinned": not undo})
    else:
        print(f"Run {run_id} is {'kept as long as others' if undo else 'always kept'}.")
    return 0


def _name(lines: list[str], total: int) -> None:
    """Those of so many that the server names, if any."""
    for line in lines:
        print(f"  {output.plain(line)}")
    if lines and total > len(lines):
        print(f"  and {total - len(lines)} more")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _show(rows: list[tuple[str, Document]]) -> None:
    from rich.table import Table

    from headrace.cli.display import console, show

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("kept by")
    for title in _PARTS.values():
        table.add_column(title, no_wrap=True)
    for name, kept in rows:
        table.add_row(name, *(kept[part] or "forever" for part in _PARTS))
    show(console(), table)
