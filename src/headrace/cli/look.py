"""`headrace ls` and `headrace get`."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.table import Table

from headrace.base.clock import SystemClock
from headrace.base.errors import InvalidInput
from headrace.cli import draw, output, report, wire
from headrace.cli.client import Document
from headrace.cli.connect import connect
from headrace.cli.discover import options_of
from headrace.cli.display import console, show
from headrace.cli.find import find_run
from headrace.cli.moments import show_moment
from headrace.cli.show import local_store, show_report, with_usage
from headrace.cli.view import seconds, spell


def ls(*, what: str, limit: int, home: str | None, host: str | None, json: bool) -> int:
    """List runs, pipelines or experiments, newest first."""
    if limit < 1:
        raise InvalidInput(f"{limit} is less than 1", where="--limit", hint="Say how many to list")
    with connect(home, host) as client:
        items = client.listed(what, limit=limit)
    if json:
        output.document({what: [_JSON[what](item) for item in items]})
    elif not items:
        print(f"No {what} yet.")
    else:
        show(console(), _runs(items) if what == "runs" else _named(items, _ID_OF[what]))
    return 0


def get(*, what: str, run: str, home: str | None, host: str | None, json: bool) -> int:  # noqa: ARG001 - only runs yet
    """Show one run."""
    with connect(home, host) as client:
        document = client.run(find_run(client, run))
        view, store = with_usage(client, wire.run_view(document)), local_store(client)
        if json:
            output.document(report.as_json(view, store))
        else:
            from headrace.cli.pipeline import outline_of  # with the compiler, which no list needs

            print(f"Run {view.run_id}")
            outline = outline_of(document.get("pipeline_spec"))
            show_report(client, view, outline, store, tree=True, options=options_of(home, host), every=True)
    return 0


def _runs(items: list[Document]) -> Table:
    table = plain_table("run", "state", "took", "started", "name")
    now = SystemClock().now()
    for item in items:
        run = wire.run_view(item)
        took = spell(seconds(run.created_at, run.finished_at, now))
        table.add_row(run.run_id[:8], draw.spell_styled(run.state), took, show_moment(run.created_at), run.name)
    return table


def _named(items: list[Document], key: str) -> Table:
    table = plain_table("id", "made", "name", "description")
    for item in items:
        made = show_moment(item["created_at"])
        table.add_row(item[key], made, item.get("display_name", ""), item.get("description", ""))
    return table


def plain_table(*columns: str) -> Table:
    """A table of these columns, without lines."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis", justify="right" if column == "took" else "left")
    return table


_ID_OF = {"pipelines": "pipeline_id", "experiments": "experiment_id"}


def _named_json(item: Mapping[str, Any]) -> dict[str, object]:
    keys = ("pipeline_id", "experiment_id", "display_name", "description", "created_at")
    return {key: item[key] for key in keys if key in item}


_JSON: Mapping[str, Callable[[Document], dict[str, object]]] = {
    "runs": lambda item: report.summary_json(wire.run_view(item)),
    "pipelines": _named_json,
    "experiments": _named_json,
}
