"""The grammar of the command line, for `argparse`: every command, its options, and the function that carries it out.

Takes the words of the command line, gives the function's name and its keyword arguments. Imports `argparse` only.
"""

import argparse
from collections.abc import Sequence
from typing import Any, TypeAlias

from headrace import __version__
from headrace.cli import webhook_arguments


def parse(argv: Sequence[str]) -> tuple[str, str, dict[str, Any]]:
    """The module and function of the command, and the function's keyword arguments. Exits on --help and bad usage."""
    words, command = list(argv), None
    if "--" in words:
        at = words.index("--")
        words, command = words[:at], words[at + 1 :]
    parser = build_parser()
    options = vars(parser.parse_args(words))
    module, function = options.pop("handler").split(":")
    if module == _SHELL:
        options["command"] = command or []
    elif command is not None:
        parser.error("only `headrace shell` takes a command after --")
    return module, function, options


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar."""
    parser = argparse.ArgumentParser(
        prog="headrace",
        description="Kubeflow Pipelines in one Python process.",
        epilog="`headrace COMMAND --help` says more. HEADRACE_HOME names the home directory where --home does not.",
    )
    parser.add_argument("--version", action="version", version=f"headrace {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _up(commands)
    _run(commands)
    _sim(commands)
    _look(commands)
    _cache(commands)
    _retention(commands)
    _act(commands)
    _schedule(commands)
    webhook_arguments.add(commands, _server, _json)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_SHELL = "headrace.cli.shell"
_KEPT = {
    "runs": "runs",
    "archived-runs": "archived runs",
    "logs": "what a run printed",
    "artifacts": "the bytes of artifacts",
    "cache": "what was executed in the cache",
}


def _command(commands: _Commands, name: str, handler: str, text: str, *, epilog: str = "") -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(handler=handler)
    return parser


def _home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", metavar="DIR", help="home directory (default: $HEADRACE_HOME, else ~/.headrace)")


def _server(parser: argparse.ArgumentParser) -> None:
    """How a client's command finds the server."""
    _home(parser)
    parser.add_argument("--host", metavar="URL", help="the server's address, instead of looking it up in the home")


def _database(parser: argparse.ArgumentParser, text: str = "the database of the home's server") -> None:
    """Which database, where it is not the home's own."""
    parser.add_argument("--database", metavar="URL", help=f"{text} (default: a SQLite file in the home directory)")


def _json(parser: argparse.ArgumentParser, text: str = "print one JSON document") -> None:
    parser.add_argument("--json", action="store_true", help=text)


def _run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, the start of it, or `last`")


def _up(commands: _Commands) -> None:
    parser = _command(
        commands,
        "up",
        "headrace.cli.up:up",
        "start the server: API, controllers, launcher and store in one process",
        epilog="Settings are read from headrace.toml in the home directory, then HEADRACE_* variables, then these\n"
        "options; later ones win. Ctrl-C stops the server and leaves its steps running: the next `up` takes them over.",
    )
    _home(parser)
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any that is free (default: 8888)")
    parser.add_argument("--grpc-port", type=int, metavar="PORT", help="serve gRPC there too; KFP's is 8887")
    _database(parser, "keep everything there; better given as HEADRACE_DATABASE, which `ps` does not show")
    parser.add_argument("--slots", type=int, metavar="N", help="steps that run at once (default: one a core)")
    parser.add_argument("--no-cache", dest="cache", action="store_const", const=False, help="execute every step anew")
    parser.add_argument("--kfp-compat", choices=["2.17", "3.0"], help="which KFP to look like where they differ")
    parser.add_argument("--pipeline-root", metavar="URI", help="where artifacts go unless a run says otherwise")
    parser.add_argument("--schedule-timezone", metavar="ZONE", help="of recurring runs that name none (default: UTC)")
    parser.add_argument("--pass-env", action="append", metavar="NAME", help="let steps see this variable; repeatable")
    parser.add_argument(
        "--allowed-host", dest="allowed_hosts", action="append", metavar="NAME", help="answer to this name; repeatable"
    )
    parser.add_argument(
        "--allowed-origin",
        dest="allowed_origins",
        action="append",
        metavar="URL",
        help="let web pages from there call the API; repeatable",
    )
    parser.add_argument(
        "--pipeline-url-domain",
        dest="pipeline_url_allowed_domains",
        action="append",
        metavar="HOST",
        help="let pipelines be fetched from there; repeatable",
    )
    parser.add_argument(
        "--pipeline-url-http",
        dest="pipeline_url_allow_http",
        action="store_const",
        const=True,
        help="let pipelines be fetched by http",
    )
    parser.add_argument(
        "--no-pipeline-url-validation",
        dest="pipeline_url_validation_enabled",
        action="store_const",
        const=False,
        help="let pipelines be fetched from anywhere, this network included",
    )
    parser.add_argument(
        "--publish-logs", action="store_const", const=True, help="keep what steps print as artifacts, too"
    )
    for part, text in _KEPT.items():
        parser.add_argument(
            f"--retention-{part}", metavar="AGE", help=f"keep {text} so long after the end of the run, such as 90d"
        )
    parser.add_argument(
        "--webhook-allow-private", action="store_const", const=True, help="let webhooks send to this network"
    )
    parser.add_argument("--smtp-url", metavar="URL", help="the mail server; better given as HEADRACE_SMTP_URL")
    parser.add_argument("--smtp-from", metavar="ADDRESS", help="where mails come from")
    parser.add_argument("--kill-grace", type=float, metavar="SECONDS", help="between TERM and KILL (default: 10)")
    parser.add_argument(
        "--lease-seconds", type=float, metavar="SECONDS", help="until other servers take over (default: 30)"
    )
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"], help="(default: info)")
    parser.add_argument("--until-stdin-ends", action="store_true", help="stop when standard input is closed")
    _json(parser, "print one JSON document once the server is up")


def _run(commands: _Commands) -> None:
    parser = _command(
        commands,
        "run",
        "headrace.cli.run:run",
        "run a pipeline and watch it",
        epilog="Without a server that is up, one is started for this run only. Ctrl-C asks the run to stop and waits\n"
        "for it, a second Ctrl-C leaves. Exit code: 0 it SUCCEEDED, 1 it did not, 2 it could not be run.\n\n"
        "  headrace run pipeline.yaml -p epochs=3 -p 'layers=[64, 10]'\n"
        "  headrace run pipelines.py:training --logs\n"
        "  headrace run --from last --at train -p epochs=5",
    )
    parser.add_argument(
        "pipeline",
        metavar="PIPELINE",
        nargs="?",
        help="compiled YAML or JSON, a zip or tar.gz of it, or FILE.py[:NAME] that defines a pipeline with kfp",
    )
    parser.add_argument(
        "-p", "--parameter", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help="repeatable"
    )
    parser.add_argument("--experiment", metavar="NAME", help="file the run there; made if it is new (default: Default)")
    parser.add_argument("--name", help="the run's name (default: the pipeline's and the time)")
    parser.add_argument("--no-cache", action="store_true", help="execute every step anew")
    parser.add_argument("--logs", action="store_true", help="print what the steps print")
    parser.add_argument("--python", metavar="PATH", help="the Python that has your kfp (for a .py file)")
    parser.add_argument(
        "--from",
        dest="from_run",
        metavar="RUN",
        help="go on from this ended run instead: what it did before TASK is taken over",
    )
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="TASK",
        help="with --from: run this task, and all that depends on it, anew; its name or path; repeatable",
    )
    _server(parser)
    _database(parser, "the database of the server that is started for this run")
    _json(parser, "print the ended run as one JSON document (logs go to stderr)")


def _sim(commands: _Commands) -> None:
    parser = _command(
        commands,
        "sim",
        "headrace.cli.sim:sim",
        "play a pipeline in a simulated world, with crashes, lost messages and steps that fail",
        epilog="Runs no step and needs no server: steps end as the seed says, with made-up outputs of the declared\n"
        "types. Seed 0 has no trouble at all. Exit code: 0 every rule held, 1 one was broken, 2 it could not be\n"
        "played.\n\n"
        "  headrace sim pipeline.yaml --seeds 1000\n"
        "  headrace sim pipelines.py:training -p epochs=3 --seed 17",
    )
    parser.add_argument("pipeline", metavar="PIPELINE", help="as `headrace run` takes it")
    parser.add_argument(
        "-p", "--parameter", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help="repeatable"
    )
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="seeds 0 to N - 1 (default: 200)")
    parser.add_argument("--seed", type=int, metavar="N", help="only this one, with the story of what happened")
    parser.add_argument("--python", metavar="PATH", help="the Python that has your kfp (for a .py file)")
    _json(parser)


def _look(commands: _Commands) -> None:
    parser = _command(commands, "ls", "headrace.cli.look:ls", "list runs, pipelines or experiments, newest first")
    parser.add_argument("what", nargs="?", choices=["runs", "pipelines", "experiments"], default="runs")
    parser.add_argument("-n", "--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    _server(parser)
    _json(parser)

    parser = _command(commands, "get", "headrace.cli.look:get", "show one run: its steps, outputs, metrics, artifacts")
    parser.add_argument("what", choices=["run"])
    _run_argument(parser)
    _server(parser)
    _json(parser)

    parser = _command(commands, "logs", "headrace.cli.logs:logs", "print what the steps of a run printed")
    _run_argument(parser)
    parser.add_argument("task", metavar="TASK", nargs="?", help="one step: its name or path (default: all, in turn)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run has ended")
    parser.add_argument("--attempt", type=int, default=0, metavar="N", help="of the Nth try (default: the last one)")
    parser.add_argument(
        "--grep", metavar="TEXT", help="only the lines that hold this, of all tries unless one is named"
    )
    parser.add_argument("-i", "--ignore-case", action="store_true", help="let --grep find capitals and small letters")
    _server(parser)
    _json(parser, "print one JSON document a line: task, line")

    parser = _command(
        commands,
        "why",
        "headrace.cli.why:why",
        "say why a task waits, was skipped, failed, was executed anew or taken from the cache",
        epilog="  headrace why last\n  headrace why last train",
    )
    _run_argument(parser)
    parser.add_argument("task", metavar="TASK", nargs="?", help="its name or path (default: the run itself)")
    _server(parser)
    _json(parser)


def _cache(commands: _Commands) -> None:
    text = "what may stand in for equal steps: list it, ask why a step missed, drop it"
    parser = commands.add_parser("cache", help=text, description=text)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    parser = _command(inner, "ls", "headrace.cli.cache:ls", "list the executions that may be taken, newest first")
    _entries(parser)
    parser.add_argument("-n", "--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    _server(parser)
    _json(parser)

    parser = _command(inner, "why", "headrace.cli.cache:why", "say why a step was taken from the cache or executed")
    _run_argument(parser)
    parser.add_argument("task", metavar="TASK", help="the step: its name or path")
    _server(parser)
    _json(parser)

    parser = _command(
        inner,
        "drop",
        "headrace.cli.cache:drop",
        "make that executions are never taken again; runs and lineage stay",
        epilog="  headrace cache drop --pipeline training --older-than 30d --dry-run\n  headrace cache drop --run last",
    )
    _entries(parser)
    parser.add_argument("--older-than", metavar="AGE", help="those that ended so long ago: 12h, 7d, 2w")
    parser.add_argument("--all", dest="everything", action="store_true", help="all of them")
    parser.add_argument("--dry-run", action="store_true", help="only say how many would go")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    _server(parser)
    _json(parser)


def _entries(parser: argparse.ArgumentParser) -> None:
    """Which entries of the cache."""
    parser.add_argument("--pipeline", metavar="NAME", help="of the pipeline of that name")
    parser.add_argument("--task", metavar="TASK", help="of the task of that name or path")
    parser.add_argument(
        "--run", metavar="RUN", help="that this run executed or took: its id, the start of it, or `last`"
    )
    parser.add_argument("--fingerprint", metavar="DIGITS", help="whose fingerprint begins so")


def _retention(commands: _Commands) -> None:
    text = "how long things are kept, and letting go what is over"
    parser = commands.add_parser("retention", help=text, description=text)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    parser = _command(inner, "show", "headrace.cli.retention:show", "say how long things are kept")
    parser.add_argument("experiment", metavar="EXPERIMENT", nargs="?", help="in this experiment (default: everywhere)")
    _server(parser)
    _json(parser)

    parser = _command(
        inner,
        "set",
        "headrace.cli.retention:change",
        "let an experiment keep its runs for another time than the server does",
        epilog="An AGE is 12h, 90d or 2w, `forever`, or `server` for as the server says.\n\n"
        "  headrace retention set nightly --runs 30d --logs 7d\n  headrace retention set papers --runs forever",
    )
    parser.add_argument("experiment", metavar="EXPERIMENT", help="its name or id")
    for part, what in _KEPT.items():
        parser.add_argument(f"--{part}", metavar="AGE", help=f"keep {what} so long after the end of the run")
    _server(parser)
    _json(parser)

    parser = _command(inner, "run", "headrace.cli.retention:run", "let go what is over, now")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    _server(parser)
    _json(parser)

    parser = _command(inner, "keep", "headrace.cli.retention:keep", "keep a run whatever retention says")
    _run_argument(parser)
    parser.add_argument("--undo", action="store_true", help="keep it as long as others again")
    _server(parser)
    _json(parser)


def _act(commands: _Commands) -> None:
    parser = _command(commands, "stop", "headrace.cli.stop:stop", "ask a run to end now, and wait until it has")
    _run_argument(parser)
    _server(parser)
    _json(parser)

    parser = _command(commands, "retry", "headrace.cli.retry:retry", "run again what did not succeed of an ended run")
    _run_argument(parser)
    parser.add_argument("--logs", action="store_true", help="print what the steps print")
    _server(parser)
    _json(parser)

    parser = _command(
        commands,
        "shell",
        f"{_SHELL}:shell",
        "a shell, or a command, where a step ran: its folder, environment and inputs",
        epilog="  headrace shell last train\n  headrace shell last train -- python -c 'import sklearn'",
    )
    _run_argument(parser)
    parser.add_argument("task", metavar="TASK", help="the step: its name or path")
    _server(parser)
    _database(parser)
    _json(parser, "print where and with what, instead of going there")

    parser = _command(commands, "gc", "headrace.cli.gc:gc", "remove attempt folders and environments nothing needs")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    parser.add_argument(
        "--environments",
        type=float,
        default=7,
        metavar="DAYS",
        help="environments go that no step has used for so long (default: 7)",
    )
    parser.add_argument(
        "--attempts",
        type=float,
        metavar="DAYS",
        help="the folders, and so the logs, of runs that ended so long ago go too (default: only of deleted runs)",
    )
    _home(parser)
    _database(parser)
    _json(parser)

    parser = _command(commands, "version", "headrace.cli.version:version", "say which Headrace this is")
    _json(parser)


def _schedule(commands: _Commands) -> None:
    group = commands.add_parser(
        "schedule", help="make, list, show, switch and delete recurring runs", description="Recurring runs."
    )
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _create_schedule(verbs)

    parser = _command(verbs, "ls", "headrace.cli.schedule:ls", "list recurring runs, newest first")
    parser.add_argument("-n", "--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    _server(parser)
    _json(parser)

    for name, handler, text in (
        ("get", "get", "show one: when it runs next, its latest runs, its backfills"),
        ("enable", "enable", "let it make runs"),
        ("disable", "disable", "keep it from making runs"),
        ("delete", "delete", "remove it; its runs stay"),
    ):
        parser = _command(verbs, name, f"headrace.cli.schedule:{handler}", text)
        _schedule_argument(parser)
        if name == "delete":
            parser.add_argument("--stop-runs", action="store_true", help="ask those that have not ended to end")
        _server(parser)
        _json(parser)

    parser = _command(
        commands,
        "backfill",
        "headrace.cli.backfill:backfill",
        "make the runs of a recurring run for a stretch of the past",
        epilog="What had its run gets no second one. Times without an offset are in this machine's time zone; a day\n"
        "alone means its first moment after --from and its last after --to.\n\n"
        "  headrace backfill nightly --from 2026-01-01 --to 2026-01-31 --dry-run\n"
        "  headrace backfill nightly --from 2026-01-01 --max-parallel 4",
    )
    _schedule_argument(parser)
    parser.add_argument("--from", dest="begin", metavar="TIME", help="the first due time, or one before it")
    parser.add_argument("--to", dest="end", metavar="TIME", help="the last due time, or one after it (default: now)")
    parser.add_argument("--max-parallel", type=int, default=1, metavar="N", help="runs at once (default: 1)")
    parser.add_argument("--again", action="store_true", help="also where there was a run")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be run")
    parser.add_argument("--stop", metavar="BACKFILL", help="make no more runs of this backfill")
    _server(parser)
    _json(parser)


def _schedule_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("schedule", metavar="SCHEDULE", help="a recurring run's name, its id, or the start of it")


def _create_schedule(verbs: _Commands) -> None:
    parser = _command(
        verbs,
        "create",
        "headrace.cli.schedule:create",
        "run a pipeline again and again, by the calendar or at an interval",
        epilog="  headrace schedule create training --cron '0 0 6 * * *' --timezone Europe/Berlin -p epochs=3\n"
        "  headrace schedule create pipeline.yaml --every 1h30m -p 'day=[[ScheduledTime.2006-01-02]]'",
    )
    parser.add_argument(
        "pipeline",
        metavar="PIPELINE",
        help="the name or id of an uploaded pipeline, whose newest version is run each time, or a file as for `run`",
    )
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument("--cron", metavar="EXPRESSION", help="six fields, seconds first, or @daily and its kin")
    when.add_argument("--every", metavar="DURATION", help="an interval, such as 90s or 1h30m")
    parser.add_argument("--timezone", metavar="ZONE", help="what the fields of --cron mean (default: the server's)")
    parser.add_argument("--start", metavar="TIME", help="not before this")
    parser.add_argument("--end", metavar="TIME", help="not after this")
    parser.add_argument(
        "-p", "--parameter", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help="repeatable"
    )
    parser.add_argument("--name", help="its name (default: the pipeline's)")
    parser.add_argument("--description", default="", metavar="TEXT", help="what it is for")
    parser.add_argument("--experiment", metavar="NAME", help="file its runs there; made if it is new")
    parser.add_argument("--version", metavar="NAME", help="always this version of the uploaded pipeline")
    parser.add_argument(
        "--max-concurrency", type=int, default=1, metavar="N", help="runs at once, 1 to 10 (default: 1)"
    )
    parser.add_argument("--no-catchup", action="store_true", help="of missed times make up for the latest only")
    parser.add_argument("--disabled", action="store_true", help="make no runs yet")
    parser.add_argument("--python", metavar="PATH", help="the Python that has your kfp (for a .py file)")
    _server(parser)
    _json(parser)
