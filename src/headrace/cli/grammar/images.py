"""`headrace image`."""

import argparse

from headrace.cli.grammar.common import Commands, json, server


def add_images(commands: Commands) -> None:
    text = "which sources stand for an image, whose steps run here as processes"
    group = commands.add_parser("image", help=text, description=text)
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, function: str, text: str, *, of_one: bool = True) -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, help=text, description=text)
        parser.set_defaults(handler=f"headrace.cli.images:{function}")
        if of_one:
            parser.add_argument("image", metavar="IMAGE", help="as pipelines name it; * and ? make it a glob")
        server(parser)
        json(parser)
        return parser

    mapped = command("map", "map_", "run the steps of an image with the sources in a folder, as they are now")
    mapped.add_argument(
        "--context", required=True, metavar="DIR", help="the folder that the image is built from; .dockerignore counts"
    )
    mapped.add_argument(
        "--requirements",
        metavar="FILE",
        help="what they require (default: runtime-requirements.txt or requirements.txt in the folder)",
    )
    mapped.add_argument(
        "--python", metavar="VERSION", help="the Python (default: that of the Dockerfile's base, else the server's)"
    )
    command("list", "ls", "list the images that are mapped", of_one=False)
    command("unmap", "unmap", "let nothing stand for an image any more")
