"""A whole run on the terminal: its tree and its report, as `run` ends with and `get run` prints."""

from pathlib import Path

from headrace.base.clock import SystemClock
from headrace.base.errors import NotFound
from headrace.cli import draw, report, wire
from headrace.cli.client import Client
from headrace.cli.display import console, show, show_command
from headrace.cli.logs import last_lines
from headrace.cli.tree import Outline
from headrace.cli.view import RunView
from headrace.model.state import State

_FAILED_STEPS = 5
_LOG_LINES = 10


def show_report(
    client: Client,
    run: RunView,
    outline: Outline,
    store: Path | None,
    *,
    tree: bool,
    options: str,
    every: bool = False,
    stays: bool = True,
) -> None:
    """Print the run: how it is, the tree if asked, why steps failed with the end of their logs, and what came out.

    `options` is what other commands need to find this server, and `stays` says that it goes on, so that they can.
    Every artifact and metric is listed only if asked.
    """
    out, now = console(), SystemClock().now()
    show(out, draw.header(run, now))
    if run.resumed_from:
        show(out, draw.origin(run))
    if tree:
        show(out, draw.Tree(run, outline, now))
    show(out, "")
    failed = [task for task in run.steps if task.state is State.FAILED]
    logs = {task.path: last_lines(client, run.run_id, task.path, _LOG_LINES) for task in failed[:_FAILED_STEPS]}
    whole = f"headrace get run {run.run_id[:8]}{options}"
    for part in report.drawn(run, logs, store, every=every, whole=whole):
        show(out, part)
    if failed:
        step = failed[0].path.removeprefix("root.")
        if not stays:
            show_command(out, f"With a server that is up (headrace up{options}):")
        show_command(out, f"The whole log: headrace logs {run.run_id[:8]} {step}{options}")
        show_command(out, f"A shell where it ran: headrace shell {run.run_id[:8]} {step}{options}")


def with_usage(client: Client, run: RunView) -> RunView:
    """The run with what its steps used, if the server tells."""
    try:
        return wire.with_usage(run, client.usage(run.run_id))
    except NotFound:
        return run  # Another KFP server, which has no such route.


def local_store(client: Client) -> Path | None:
    """The folder that `minio://` means to the server, if we can see it too."""
    try:
        home = client.server().get("home")
    except NotFound:
        return None  # Another KFP server, which has no such route.
    store = Path(str(home)) / "store"
    return store if home and store.is_dir() else None
