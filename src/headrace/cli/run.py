"""`headrace run`: a pipeline from a file, or from a task of an earlier run, to its end, watched.

Starts a server where none is up, and while that starts reads the pipeline; submits it, shows it until it has ended, and
reports. Ctrl-C asks the run to end and goes on watching, a second one leaves.
"""

import sys
from datetime import datetime

from headrace.base.clock import SystemClock
from headrace.base.errors import FailedPrecondition
from headrace.base.json import JsonValue
from headrace.cli import discover, output, report
from headrace.cli.client import Client
from headrace.cli.display import Display, LiveDisplay, PlainDisplay, SilentDisplay, console
from headrace.cli.embedded import find_or_start
from headrace.cli.find import find_or_make_experiment
from headrace.cli.logs import LogStreams
from headrace.cli.parameters import read_parameters, utf8
from headrace.cli.pipeline import Pipeline, outline, read_pipeline, without_cache
from headrace.cli.resume import check_words, resume
from headrace.cli.show import local_store, show_report, with_usage
from headrace.cli.tree import Outline
from headrace.cli.view import RunView
from headrace.cli.watch import Watch
from headrace.model.state import State

SUCCEEDED, NOT_SUCCEEDED, INTERRUPTED = 0, 1, 130


def run(
    *,
    pipeline: str | None,
    parameters: list[str],
    experiment: str | None,
    name: str | None,
    no_cache: bool,
    logs: bool,
    python: str | None,
    from_run: str | None,
    at: list[str],
    home: str | None,
    host: str | None,
    database: str | None,
    launcher: str | None,
    json: bool,
) -> int:
    """Run the pipeline and watch it. 0 where it SUCCEEDED, 1 where it did not, 130 where Ctrl-C stopped or left it."""
    given = {"--experiment": experiment, "--no-cache": no_cache, "--python": python}
    check_words(pipeline, from_run, at, [option for option, value in given.items() if value])
    with find_or_start(discover.home_of(home), host, database, launcher) as server:
        title = utf8(name or "", "--name")
        found = read_pipeline(pipeline, python) if pipeline is not None else None
        values = read_parameters(parameters, found.plan.root.interface.input_parameters) if found is not None else {}
        with Client(server.url) as client:
            if found is not None:
                run_id, plan = _submit(client, found, values, title, experiment, no_cache=no_cache), found.plan
            else:
                run_id, plan = resume(client, from_run or "", at, parameters, title)
            if not json:
                print(f"Run {run_id} on {'a server of its own' if server.is_ours else server.url}", flush=True)
            options, stays = discover.options_of(home, host), not server.is_ours
            return follow(client, run_id, outline(plan), logs=logs, json=json, options=options, stays=stays)


def _submit(
    client: Client,
    found: Pipeline,
    values: dict[str, JsonValue],
    title: str,
    experiment: str | None,
    *,
    no_cache: bool,
) -> str:
    """Start a run of the pipeline; its id."""
    body: dict[str, JsonValue] = {
        "display_name": title or f"{found.document.name} {datetime.now().astimezone():%Y-%m-%d %H-%M-%S}",
        "pipeline_spec": without_cache(found.document) if no_cache else found.document.as_json(),
        "runtime_config": {"parameters": values},
    }
    if experiment is not None:
        body["experiment_id"] = find_or_make_experiment(client, utf8(experiment, "--experiment"))
    return str(client.create_run(body)["run_id"])


def follow(
    client: Client, run_id: str, outline: Outline, *, logs: bool, json: bool, options: str, stays: bool = True
) -> int:
    """Show the run until it has ended, then report on it; the exit code.

    `options` is what other commands need to find the server; `stays` says that it is there afterwards.
    """
    watch = Watch(client, run_id, options=options)
    display = _display(watch.run, outline, json=json)
    streams = LogStreams(client, watch.run, display.printed) if logs else None

    def changed(run: RunView) -> None:
        display.changed(run)
        if streams is not None:
            streams.changed(run)

    watch.changed = changed
    watch.silent = lambda: display.say("The server does not answer; waiting for it to come back.")
    with display:
        ended, stopped = _watch(client, watch, display, options)
        if streams is not None:
            streams.finish() if ended else streams.leave()
    if not ended:
        return INTERRUPTED
    store = local_store(client)
    if json:
        output.document(report.as_json(with_usage(client, watch.run), store))
    else:
        tree = isinstance(display, LiveDisplay)
        show_report(client, watch.run, outline, store, tree=tree, options=options, stays=stays)
    if watch.run.state is State.SUCCEEDED:
        return SUCCEEDED
    return INTERRUPTED if stopped else NOT_SUCCEEDED


def _display(run: RunView, outline: Outline, *, json: bool) -> Display:
    if json:
        return SilentDisplay()
    out = console()
    return LiveDisplay(out, run, outline, SystemClock()) if out.is_terminal else PlainDisplay(SystemClock())


def _watch(client: Client, watch: Watch, display: Display, options: str) -> tuple[bool, bool]:
    """Watch the run to its end; whether it has ended, and whether Ctrl-C asked it to. A second one leaves it."""
    stopped = False
    try:
        try:
            watch.follow()
        except KeyboardInterrupt:
            stopped = True
            terminate(client, watch.run.run_id)
            display.say("Asked the run to end; Ctrl-C again leaves it.")
            watch.follow()
    except KeyboardInterrupt:
        print(
            f"Left run {watch.run.run_id}; `headrace get run {watch.run.run_id[:8]}{options}` tells how it ends.",
            file=sys.stderr,
        )
        return False, stopped
    return True, stopped


def terminate(client: Client, run_id: str) -> None:
    """Ask the run to end, which it may just have done by itself."""
    try:
        client.terminate(run_id)
    except FailedPrecondition:
        return
