"""The grammar of the command line, for `argparse`: every command, its options, and the function that carries it out.

Takes the words of the command line, gives the function's name and its keyword arguments. Imports `argparse` only.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from headrace import __version__
from headrace.cli.grammar.act import SHELL, add_act
from headrace.cli.grammar.images import add_images
from headrace.cli.grammar.keep import add_cache, add_retention
from headrace.cli.grammar.look import add_look
from headrace.cli.grammar.objects import add_objects
from headrace.cli.grammar.run import add_run, add_sim
from headrace.cli.grammar.schedule import add_schedule
from headrace.cli.grammar.serve import add_up
from headrace.cli.grammar.webhook import add_webhook


def parse(argv: Sequence[str]) -> tuple[str, str, dict[str, Any]]:
    """The module and function of the command, and the function's keyword arguments. Exits on --help and bad usage."""
    words, command = list(argv), None
    if "--" in words:
        at = words.index("--")
        words, command = words[:at], words[at + 1 :]
    parser = build_parser()
    options = vars(parser.parse_args(words))
    module, function = options.pop("handler").split(":")
    if module == SHELL:
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
    add_up(commands)
    add_run(commands)
    add_sim(commands)
    add_look(commands)
    add_cache(commands)
    add_retention(commands)
    add_act(commands)
    add_schedule(commands)
    add_webhook(commands)
    add_objects(commands)
    add_images(commands)
    return parser
