"""The grammar: every command reaches a function that takes what the grammar gives, and importing it costs nothing."""

import importlib
import inspect
import subprocess
import sys
from dataclasses import fields

import pytest

from headrace.base.settings import Settings
from headrace.cli.arguments import build_parser, parse

LINES = [
    "up",
    "run pipeline.yaml -p a=1 -p b=2",
    "ls",
    "ls pipelines",
    "get run last",
    "logs last train -f",
    "why last",
    "why last train",
    "stop last",
    "shell last train",
    "gc --dry-run",
    "version",
    "schedule create p --cron @daily --timezone UTC -p a=1",
    "schedule create p.yaml --every 90s",
    "schedule ls",
    "schedule get nightly",
    "schedule enable nightly",
    "schedule disable nightly",
    "schedule delete nightly --stop-runs",
    "backfill nightly --from 2026-01-01 --to 2026-01-31 --dry-run",
    "backfill nightly --stop abc",
    "secret create db --from-file a=- --from-env-file e --from-literal k=v --replace",
    "configmap create db --from-file a",
    "secret list",
    "secret get db",
    "configmap delete db",
]


@pytest.mark.parametrize("line", LINES)
def test_the_function_of_a_command_takes_its_options(line: str) -> None:
    module, function, options = parse(line.split())
    signature = inspect.signature(getattr(importlib.import_module(module), function))
    signature.bind(**options)


def test_each_setting_but_the_table_of_images_is_an_option_of_up() -> None:
    _, _, options = parse(["up"])
    assert {field.name for field in fields(Settings)} - set(options) == {"images"}


def test_an_option_that_is_not_given_leaves_the_setting_alone() -> None:
    _, _, options = parse(["up"])
    assert all(options[field.name] is None for field in fields(Settings) if field.name in options)


def test_a_command_for_the_shell_is_kept_as_it_stands() -> None:
    _, _, options = parse(["shell", "last", "train", "--", "python", "-c", "print(1)", "--json", "--"])
    assert options["command"] == ["python", "-c", "print(1)", "--json", "--"]
    assert options["json"] is False


def test_only_the_shell_takes_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(["ls", "--", "rm"])
    assert exit_.value.code == 2
    assert "headrace shell" in capsys.readouterr().err


def test_every_option_has_a_line_of_help() -> None:
    commands = next(a for a in build_parser()._actions if a.dest != "help" and a.choices)
    assert commands.choices is not None
    for name in commands.choices:
        for action in commands.choices[name]._actions:  # type: ignore[index]
            described = action.help or action.choices or action.dest in ("name",)
            assert described, f"{name} {action.dest}"


def test_help_imports_no_third_party_module_and_none_of_our_rooms() -> None:
    program = (
        "import sys; from headrace.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr.split()
    ours = {name for name in modules if name.startswith("headrace.") and ".grammar" not in name}
    assert ours == {"headrace.cli", "headrace.cli.main", "headrace.cli.arguments"}
    top = {name.partition(".")[0] for name in modules}
    assert not top & {"rich", "httpx2", "sqlalchemy", "starlette", "msgspec", "yaml", "asyncio", "cyclopts"}
