"""`headrace up`."""

from headrace.cli.grammar.common import KEPT, Commands, command, database, home, json


def add_up(commands: Commands) -> None:
    parser = command(
        commands,
        "up",
        "headrace.cli.up:up",
        "start the server: API, controllers, launcher and store in one process",
        epilog="Settings are read from headrace.toml in the home directory, then HEADRACE_* variables, then these\n"
        "options; later ones win. Ctrl-C stops the server and leaves its steps running: the next `up` takes them over.",
    )
    home(parser)
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any that is free (default: 8888)")
    parser.add_argument("--grpc-port", type=int, metavar="PORT", help="serve gRPC there too; KFP's is 8887")
    database(parser, "keep everything there; better given as HEADRACE_DATABASE, which `ps` does not show")
    parser.add_argument("--slots", type=int, metavar="N", help="steps that run at once (default: one a core)")
    parser.add_argument(
        "--launcher", choices=["process", "container"], help="run steps as processes, or in images (default: process)"
    )
    parser.add_argument(
        "--container-engine", metavar="ENGINE", help="docker, podman or an address (default: the one that is found)"
    )
    parser.add_argument("--no-cache", dest="cache", action="store_const", const=False, help="execute every step anew")
    parser.add_argument("--kfp-compat", choices=["2.17", "3.0"], help="which KFP to look like where they differ")
    parser.add_argument("--pipeline-root", metavar="URI", help="where artifacts go unless a run says otherwise")
    parser.add_argument("--schedule-timezone", metavar="ZONE", help="of recurring runs that name none (default: UTC)")
    parser.add_argument("--pass-env", action="append", metavar="NAME", help="let steps see this variable; repeatable")
    parser.add_argument(
        "--allowed-host", dest="allowed_hosts", action="append", metavar="NAME", help="answer to this name; repeatable"
    )
    parser.add_argument(
        "--allowed-origin",
        dest="allowed_origins",
        action="append",
        metavar="URL",
        help="let web pages from there call the API; repeatable",
    )
    parser.add_argument(
        "--pipeline-url-domain",
        dest="pipeline_url_allowed_domains",
        action="append",
        metavar="HOST",
        help="let pipelines be fetched from there; repeatable",
    )
    parser.add_argument(
        "--pipeline-url-http",
        dest="pipeline_url_allow_http",
        action="store_const",
        const=True,
        help="let pipelines be fetched by http",
    )
    parser.add_argument(
        "--no-pipeline-url-validation",
        dest="pipeline_url_validation_enabled",
        action="store_const",
        const=False,
        help="let pipelines be fetched from anywhere, this network included",
    )
    parser.add_argument(
        "--publish-logs", action="store_const", const=True, help="keep what steps print as artifacts, too"
    )
    for part, text in KEPT.items():
        parser.add_argument(
            f"--retention-{part}", metavar="AGE", help=f"keep {text} so long after the end of the run, such as 90d"
        )
    parser.add_argument(
        "--webhook-allow-private", action="store_const", const=True, help="let webhooks send to this network"
    )
    parser.add_argument("--smtp-url", metavar="URL", help="the mail server; better given as HEADRACE_SMTP_URL")
    parser.add_argument("--smtp-from", metavar="ADDRESS", help="where mails come from")
    parser.add_argument(
        "--secret-key-file", metavar="FILE", help="the key of secrets (default: secret.key in the home)"
    )
    parser.add_argument("--kill-grace", type=float, metavar="SECONDS", help="between TERM and KILL (default: 10)")
    parser.add_argument(
        "--lease-seconds", type=float, metavar="SECONDS", help="until other servers take over (default: 30)"
    )
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"], help="(default: info)")
    parser.add_argument("--until-stdin-ends", action="store_true", help="stop when standard input is closed")
    json(parser, "print one JSON document once the server is up")
