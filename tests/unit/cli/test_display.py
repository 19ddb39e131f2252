"""What users have written is shown as they wrote it, and moves nobody's terminal."""

import sys

import pytest
from rich.text import Text

from headrace.cli import output
from headrace.cli.display import LiveDisplay, PlainDisplay, console, show
from headrace.cli.look import plain_table
from headrace.cli.tree import Outline
from headrace.cli.view import RunView, TaskView
from headrace.model.state import State
from headrace.testing.clock import FakeClock

HOSTILE = "[/foo] [red]x :smile: \x1b[31m\x1b]0;title\x07\x9b2J\rend"
SHOWN = "[/foo] [red]x :smile: [31m]0;title2Jend"


def test_in_tables_and_texts(capsys: pytest.CaptureFixture[str]) -> None:
    table = plain_table("name", "state")
    table.add_row(HOSTILE, Text(HOSTILE, style="bold"))
    show(console(), table)
    assert capsys.readouterr().out.splitlines()[1] == f"{SHOWN}  {SHOWN}"


def test_on_a_terminal_only_we_set_colours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    show(console(), Text(HOSTILE, style="bold"))
    assert capsys.readouterr().out == f"\x1b[1m{SHOWN}\x1b[0m\n"


def test_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(f"{HOSTILE}\tand\nmore")
    output.say(HOSTILE, file=sys.stderr)
    assert capsys.readouterr() == (f"{SHOWN}\tand\nmore\n", f"{SHOWN}\n")


def test_on_a_terminal_a_line_that_overwrote_itself_is_as_it_was_last(capsys: pytest.CaptureFixture[str]) -> None:
    run = RunView("id", "name", State.RUNNING)
    step = TaskView("root.step", "step", State.RUNNING)
    LiveDisplay(console(), run, Outline({"root": ()}, {}), FakeClock()).printed(step, " 50%\r100%\r")
    assert capsys.readouterr().out == "step  100%\n"


def test_lines_that_steps_print_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainDisplay(FakeClock())
    display.printed(TaskView(f"root.{HOSTILE}", "step", State.RUNNING, is_group=False), "\x1b[31mred\x1b[0m")
    assert capsys.readouterr().out == f"{SHOWN}: \x1b[31mred\x1b[0m\n"
