"""`headrace secret`, `headrace configmap` and `headrace pvc`."""

import argparse
from typing import Protocol

from headrace.cli.grammar.common import Commands, json, server


class _Command(Protocol):
    def __call__(self, name: str, text: str, *, function: str = "", of_one: bool = True) -> argparse.ArgumentParser: ...


def add_objects(commands: Commands) -> None:
    _add(commands, "secret", "secrets that steps get as variables or files; their values are never shown")
    _add(commands, "configmap", "config maps that steps get as variables or files")
    _add_claims(commands)


def _add_claims(commands: Commands) -> None:
    text = "persistent volume claims, folders that steps mount"
    command = _commands(commands, "pvc", text, "claims")
    create = command("create", "make one")
    create.add_argument("--size", default="1Gi", help="a quantity, such as 5Gi, which is written down (1Gi)")
    create.add_argument(
        "--access-mode",
        dest="access_modes",
        action="append",
        default=[],
        metavar="MODE",
        help="ReadWriteOnce (the default), ReadOnlyMany, ReadWriteMany or ReadWriteOncePod; repeatable",
    )
    create.add_argument("--storage-class", default="", metavar="NAME", help="written down (standard)")
    create.add_argument(
        "--annotation", dest="annotations", action="append", default=[], metavar="KEY=VALUE", help="repeatable"
    )
    command("list", "list them", function="ls", of_one=False)
    command("get", "show one, with its folder and the steps that mount it")
    command("delete", "remove one; steps that mount it keep it until they end")


def _commands(commands: Commands, noun: str, text: str, module: str, **defaults: str) -> _Command:
    """What adds a command to those of the noun, which are functions of the module."""
    group = commands.add_parser(noun, help=text, description=text)
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, text: str, *, function: str = "", of_one: bool = True) -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, help=text, description=text)
        parser.set_defaults(handler=f"headrace.cli.{module}:{function or name}", **defaults)
        if of_one:
            parser.add_argument("name", metavar="NAME", help="its name")
        server(parser)
        json(parser)
        return parser

    return command


def _add(commands: Commands, kind: str, text: str) -> None:
    command = _commands(commands, kind, text, "objects", kind=f"{kind}s")
    create = command("create", "make one from files, standard input or values")
    create.add_argument(
        "--from-file",
        dest="files",
        action="append",
        default=[],
        metavar="[KEY=]PATH",
        help="a value from a file, or from standard input where PATH is -; of a folder, each file; repeatable",
    )
    create.add_argument(
        "--from-env-file",
        dest="env_files",
        action="append",
        default=[],
        metavar="PATH",
        help="values from lines KEY=VALUE, - for standard input; repeatable",
    )
    create.add_argument(
        "--from-literal",
        dest="literals",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="this value, which the shell's history and `ps` then show; repeatable",
    )
    create.add_argument("--replace", action="store_true", help="put it in the place of one that is there")
    command("list", "list them, without values", function="ls", of_one=False)
    command("get", "show one, but for values" if kind == "secret" else "show one, with its values")
    command("delete", "remove one")
