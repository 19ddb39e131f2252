"""What is kept: `headrace cache` and `headrace retention`."""

import argparse

from headrace.cli.grammar.common import KEPT, Commands, command, json, run_argument, server


def add_cache(commands: Commands) -> None:
    text = "what may stand in for equal steps: list it, ask why a step missed, drop it"
    parser = commands.add_parser("cache", help=text, description=text)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    parser = command(inner, "ls", "headrace.cli.cache:ls", "list the executions that may be taken, newest first")
    _entries(parser)
    parser.add_argument("-n", "--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    server(parser)
    json(parser)

    parser = command(inner, "why", "headrace.cli.cache:why", "say why a step was taken from the cache or executed")
    run_argument(parser)
    parser.add_argument("task", metavar="TASK", help="the step: its name or path")
    server(parser)
    json(parser)

    parser = command(
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
    server(parser)
    json(parser)


def _entries(parser: argparse.ArgumentParser) -> None:
    """Which entries of the cache."""
    parser.add_argument("--pipeline", metavar="NAME", help="of the pipeline of that name")
    parser.add_argument("--task", metavar="TASK", help="of the task of that name or path")
    parser.add_argument(
        "--run", metavar="RUN", help="that this run executed or took: its id, the start of it, or `last`"
    )
    parser.add_argument("--fingerprint", metavar="DIGITS", help="whose fingerprint begins so")


def add_retention(commands: Commands) -> None:
    text = "how long things are kept, and letting go what is over"
    parser = commands.add_parser("retention", help=text, description=text)
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    parser = command(inner, "show", "headrace.cli.retention:show", "say how long things are kept")
    parser.add_argument("experiment", metavar="EXPERIMENT", nargs="?", help="in this experiment (default: everywhere)")
    server(parser)
    json(parser)

    parser = command(
        inner,
        "set",
        "headrace.cli.retention:change",
        "let an experiment keep its runs for another time than the server does",
        epilog="An AGE is 12h, 90d or 2w, `forever`, or `server` for as the server says.\n\n"
        "  headrace retention set nightly --runs 30d --logs 7d\n  headrace retention set papers --runs forever",
    )
    parser.add_argument("experiment", metavar="EXPERIMENT", help="its name or id")
    for part, what in KEPT.items():
        parser.add_argument(f"--{part}", metavar="AGE", help=f"keep {what} so long after the end of the run")
    server(parser)
    json(parser)

    parser = command(inner, "run", "headrace.cli.retention:run", "let go what is over, now")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    server(parser)
    json(parser)

    parser = command(inner, "keep", "headrace.cli.retention:keep", "keep a run whatever retention says")
    run_argument(parser)
    parser.add_argument("--undo", action="store_true", help="keep it as long as others again")
    server(parser)
    json(parser)
