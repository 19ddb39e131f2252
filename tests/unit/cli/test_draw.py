"""What is drawn fits the terminal, in colour or without, in Unicode or ASCII."""

import io

import pytest
from rich.console import Console

from headrace.base.clock import SECOND, Instant
from headrace.cli import draw
from headrace.cli.display import show_command
from headrace.cli.tree import Outline
from headrace.cli.view import ArtifactView, RunView, TaskView
from headrace.model.state import State

LONG = "exit code 1: ValueError: The least populated class in y has only 1 member, which is too few"


class Still:
    def now(self) -> Instant:
        return Instant(75 * SECOND)


def a_run(steps: int = 3) -> tuple[RunView, Outline]:
    paths = [f"root.step-{number}" for number in range(steps)]
    states = [State.SUCCEEDED, State.FAILED, State.RUNNING]
    tasks = {
        path: TaskView(path, path, states[at % 3], False, Instant(SECOND), Instant(at % 3 < 2 and 3 * SECOND), LONG)
        for at, path in enumerate(paths)
    }
    outline = Outline({"root": (*paths, "root.last")}, {p: p.removeprefix("root.") for p in (*paths, "root.last")})
    return RunView("id", "name", State.RUNNING, Instant(SECOND), tasks=tasks), outline


def lines(part: object, width: int = 80, height: int = 24, encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    Console(file=file, width=width, height=height, force_terminal=True, color_system=None).print(part)
    file.flush()
    file.seek(0)
    return file.read().splitlines()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    run, outline = a_run()
    drawn = lines(draw.LiveTree(run, outline, Still()), width)
    assert len(drawn) == 5
    assert all(len(line) <= width for line in drawn)


def test_names_keep_their_room_notes_are_cut_and_durations_stand_in_a_column() -> None:
    run, outline = a_run()
    _, first, second, third, last = lines(draw.LiveTree(run, outline, Still()))
    assert first.startswith("├─ ✓ step-0")
    assert second.startswith("├─ ✗ step-1")
    assert "…" in second
    assert [line[-4:] for line in (first, second, third)] == ["2.0s", "2.0s", " 14s"]
    assert last == "└─ · last"


def test_a_tree_higher_than_the_terminal_is_made_to_fit() -> None:
    run, outline = a_run(100)
    drawn = lines(draw.LiveTree(run, outline, Still()), height=20)
    assert len(drawn) <= 20
    assert "…" in drawn[-1]


def test_a_terminal_without_unicode_gets_ascii() -> None:
    run, outline = a_run()
    drawn = lines(draw.Tree(run, outline, Still().now()), encoding="ascii")
    assert [line[:6] for line in drawn] == ["|- + s", "|- x s", "|- * s", "`- . l"]


def measured(path: str, name: str, **numbers: float) -> TaskView:
    return TaskView(path, name, State.SUCCEEDED, artifacts={"m": (ArtifactView("metrics", "Metrics", "", numbers),)})


def test_metrics_are_a_table_of_steps_by_names() -> None:
    tasks = [measured("root.a", "linear", f1=0.123456789, loss=2.0), measured("root.b", "forest", f1=1.0)]
    part = draw.metrics(RunView("r", "n", State.SUCCEEDED, tasks={task.path: task for task in tasks}))
    drawn = [line.split() for line in lines(part) if line.strip()]
    assert drawn == [["Metrics"], ["step", "f1", "loss"], ["linear", "0.123457", "2"], ["forest", "1"]]


def test_steps_of_the_same_name_are_told_apart_by_their_paths() -> None:
    tasks = [measured("root.a.score", "score", f1=1.0), measured("root.b.score", "score", f1=0.5)]
    part = draw.metrics(RunView("r", "n", State.SUCCEEDED, tasks={task.path: task for task in tasks}))
    assert ["a.score", "1"] in [line.split() for line in lines(part)]


def test_many_metrics_are_a_list() -> None:
    task = measured("root.a", "wide", **{f"metric-{number}": number / 7 for number in range(9)})
    part = draw.metrics(RunView("r", "n", State.SUCCEEDED, tasks={"root.a": task}))
    assert ["wide", "metric-3", "0.428571"] in [line.split() for line in lines(part)]


def test_a_run_without_metrics_has_no_table() -> None:
    assert draw.metrics(RunView("r", "n", State.SUCCEEDED)) is None


def test_text_of_users_is_no_markup() -> None:
    part = draw.failure("[bold]name", "[red]message[/red]", ["[link]line"])
    text = "\n".join(lines(part))
    assert "[bold]name: [red]message[/red]" in text
    assert "[link]line" in text
    assert "[i]x" in "\n".join(lines(draw.outputs({"[b]a": "[i]x"})))


def test_many_steps_with_metrics_are_cut_and_the_command_for_all_is_said() -> None:
    tasks = [measured(f"root.{at}", "train", a=at) for at in range(30)]
    run = RunView("r", "n", State.SUCCEEDED, tasks={task.path: task for task in tasks})
    drawn = lines(draw.metrics(run, 20, whole="headrace get run r"), height=50)
    assert len([line for line in drawn if line.strip()]) == 2 + 20 + 1
    assert "… 10 more: headrace get run r" in "\n".join(drawn)
    assert "more" not in "\n".join(lines(draw.metrics(run), height=50))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_command_to_paste_is_one_line_however_long(terminal: bool) -> None:
    file = io.StringIO()
    out = Console(file=file, width=40, force_terminal=terminal, color_system=None)
    show_command(out, f"The whole log: headrace logs {'step.' * 60}")
    assert file.getvalue() == f"The whole log: headrace logs {'step.' * 60}\n"
