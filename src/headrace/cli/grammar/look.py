"""What only looks: `ls`, `get`, `logs`, `why` and their like."""

from headrace.cli.grammar.common import Commands, command, json, run_argument, server


def add_look(commands: Commands) -> None:
    parser = command(commands, "ls", "headrace.cli.look:ls", "list runs, pipelines or experiments, newest first")
    parser.add_argument("what", nargs="?", choices=["runs", "pipelines", "experiments"], default="runs")
    parser.add_argument("-n", "--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    server(parser)
    json(parser)

    parser = command(commands, "get", "headrace.cli.look:get", "show one run: its steps, outputs, metrics, artifacts")
    parser.add_argument("what", choices=["run"])
    run_argument(parser)
    server(parser)
    json(parser)

    parser = command(commands, "logs", "headrace.cli.logs:logs", "print what the steps of a run printed")
    run_argument(parser)
    parser.add_argument("task", metavar="TASK", nargs="?", help="one step: its name or path (default: all, in turn)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run has ended")
    parser.add_argument("--attempt", type=int, default=0, metavar="N", help="of the Nth try (default: the last one)")
    parser.add_argument("--rank", type=int, default=0, metavar="N", help="of this process of a training job")
    parser.add_argument(
        "--grep", metavar="TEXT", help="only the lines that hold this, of all tries unless one is named"
    )
    parser.add_argument("-i", "--ignore-case", action="store_true", help="let --grep find capitals and small letters")
    server(parser)
    json(parser, "print one JSON document a line: task, line")

    parser = command(
        commands,
        "why",
        "headrace.cli.why:why",
        "say why a task waits, was skipped, failed, was executed anew or taken from the cache",
        epilog="  headrace why last\n  headrace why last train",
    )
    run_argument(parser)
    parser.add_argument("task", metavar="TASK", nargs="?", help="its name or path (default: the run itself)")
    server(parser)
    json(parser)

    parser = command(
        commands,
        "advise",
        "headrace.cli.advise:advise",
        "suggest requests and limits for the steps of a pipeline, from what they used in a run and those before it",
    )
    run_argument(parser)
    server(parser)
    json(parser)
