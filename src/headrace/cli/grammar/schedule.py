"""`headrace schedule` and `headrace backfill`."""

import argparse

from headrace.cli.grammar.common import Commands, command, json, server


def add_schedule(commands: Commands) -> None:
    group = commands.add_parser(
        "schedule", help="make, list, show, switch and delete recurring runs", description="Recurring runs."
    )
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _create_schedule(verbs)

    parser = command(verbs, "ls", "headrace.cli.schedule:ls", "list recurring runs, newest first")
    parser.add_argument("-n", "--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    server(parser)
    json(parser)

    for name, handler, text in (
        ("get", "get", "show one: when it runs next, its latest runs, its backfills"),
        ("enable", "enable", "let it make runs"),
        ("disable", "disable", "keep it from making runs"),
        ("delete", "delete", "remove it; its runs stay"),
    ):
        parser = command(verbs, name, f"headrace.cli.schedule:{handler}", text)
        _schedule_argument(parser)
        if name == "delete":
            parser.add_argument("--stop-runs", action="store_true", help="ask those that have not ended to end")
        server(parser)
        json(parser)

    parser = command(
        commands,
        "backfill",
        "headrace.cli.backfill:backfill",
        "make the runs of a recurring run for a stretch of the past",
        epilog="What had its run gets no second one. Times without an offset are in this machine's time zone; a day\n"
        "alone means its first moment after --from and its last after --to, which of today is now.\n\n"
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
    server(parser)
    json(parser)


def _schedule_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("schedule", metavar="SCHEDULE", help="a recurring run's name, its id, or the start of it")


def _create_schedule(verbs: Commands) -> None:
    parser = command(
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
    server(parser)
    json(parser)
