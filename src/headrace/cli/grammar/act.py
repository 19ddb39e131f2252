"""What changes something that is there: `stop`, `retry`, `shell`, `gc` and their like."""

from headrace.cli.grammar.common import Commands, command, database, home, json, run_argument, server

SHELL = "headrace.cli.shell"


def add_act(commands: Commands) -> None:
    parser = command(commands, "stop", "headrace.cli.stop:stop", "ask a run to end now, and wait until it has")
    run_argument(parser)
    server(parser)
    json(parser)

    parser = command(commands, "retry", "headrace.cli.retry:retry", "run again what did not succeed of an ended run")
    run_argument(parser)
    parser.add_argument("--logs", action="store_true", help="print what the steps print")
    server(parser)
    json(parser)

    parser = command(
        commands,
        "shell",
        f"{SHELL}:shell",
        "a shell, or a command, where a step ran: its folder, environment and inputs",
        epilog="  headrace shell last train\n  headrace shell last train -- python -c 'import sklearn'",
    )
    run_argument(parser)
    parser.add_argument("task", metavar="TASK", help="the step: its name or path")
    server(parser)
    database(parser)
    json(parser, "print where and with what, instead of going there")

    parser = command(
        commands, "gc", "headrace.cli.gc:gc", "remove attempt folders, environments and sources nothing needs"
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    parser.add_argument(
        "--environments",
        type=float,
        default=7,
        metavar="DAYS",
        help="environments, and sources of images, go that no step has used for so long (default: 7)",
    )
    parser.add_argument(
        "--attempts",
        type=float,
        metavar="DAYS",
        help="the folders, and so the logs, of runs that ended so long ago go too (default: only of deleted runs)",
    )
    home(parser)
    database(parser)
    json(parser)

    parser = command(commands, "version", "headrace.cli.version:version", "say which Headrace this is")
    json(parser)
