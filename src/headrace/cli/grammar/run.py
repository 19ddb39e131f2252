"""`headrace run` and `headrace sim`."""

from headrace.cli.grammar.common import Commands, command, database, json, server


def add_run(commands: Commands) -> None:
    parser = command(
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
    server(parser)
    database(parser, "the database of the server that is started for this run")
    parser.add_argument(
        "--launcher", choices=["process", "container"], help="where that server runs steps (default: process)"
    )
    json(parser, "print the ended run as one JSON document (logs go to stderr)")


def add_sim(commands: Commands) -> None:
    parser = command(
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
    json(parser)
