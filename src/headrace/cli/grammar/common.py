"""What many commands have: how one is added, and the options that say which server, home or run."""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

KEPT = {
    "runs": "runs",
    "archived-runs": "archived runs",
    "logs": "what a run printed",
    "artifacts": "the bytes of artifacts",
    "cache": "what was executed in the cache",
}
"""What has an age of its own, and how it is called."""


def command(commands: Commands, name: str, handler: str, text: str, *, epilog: str = "") -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(handler=handler)
    return parser


def home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", metavar="DIR", help="home directory (default: $HEADRACE_HOME, else ~/.headrace)")


def server(parser: argparse.ArgumentParser) -> None:
    """How a client's command finds the server."""
    home(parser)
    parser.add_argument("--host", metavar="URL", help="the server's address, instead of looking it up in the home")


def database(parser: argparse.ArgumentParser, text: str = "the database of the home's server") -> None:
    """Which database, where it is not the home's own."""
    parser.add_argument("--database", metavar="URL", help=f"{text} (default: a SQLite file in the home directory)")


def json(parser: argparse.ArgumentParser, text: str = "print one JSON document") -> None:
    parser.add_argument("--json", action="store_true", help=text)


def run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, the start of it, or `last`")
