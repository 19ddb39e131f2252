"""`headrace webhook`."""

import argparse

from headrace.cli.grammar.common import Commands, json, server


def add_webhook(commands: Commands) -> None:
    text = "tell others when runs begin or end: by HTTP, in Slack, by mail"
    group = commands.add_parser("webhook", help=text, description=text)
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, text: str, *, of_one: bool = True) -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, help=text, description=text)
        parser.set_defaults(handler=f"headrace.cli.webhook:{name}")
        if of_one:
            parser.add_argument("webhook", metavar="WEBHOOK", help="a webhook's id, the start of it, or its name")
        server(parser)
        json(parser)
        return parser

    create = command("create", "make one; its secret is told this once", of_one=False)
    create.add_argument("url", metavar="URL", nargs="?", help="where to send to; none for mails")
    create.add_argument("--name", help="what it is called (default: where it sends to)")
    create.add_argument(
        "--on",
        dest="states",
        action="append",
        choices=["RUNNING", "SUCCEEDED", "FAILED", "CANCELED"],
        type=str.upper,
        help="tell of runs that come to this state; repeatable (default: FAILED)",
    )
    create.add_argument("--template", choices=["json", "slack"], default="json", help="what is sent (default: json)")
    create.add_argument("--to", action="append", metavar="ADDRESS", help="send mail to this address; repeatable")
    create.add_argument("--experiment", metavar="NAME", help="only of runs in this experiment")
    create.add_argument("--schedule", metavar="SCHEDULE", help="only of runs of this recurring run")
    create.add_argument("--run", metavar="RUN", help="only of this run")
    create.add_argument("--secret-file", metavar="FILE", help="sign with what is in this file")
    command("ls", "list them", of_one=False)
    command("get", "show one, but for its secret")
    command("delete", "remove one, and what it was still to be told")
    command("test", "send an example")
    deliveries = command("deliveries", "what it was told, and what was answered")
    deliveries.add_argument("--resend", metavar="DELIVERY", help="send this one again")
