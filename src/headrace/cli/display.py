"""How a run that is watched shows: a live tree on a terminal, lines elsewhere, nothing where JSON was asked for.

A display is told of each change and of each line that a step printed, from any thread.
"""

import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from headrace.base.clock import Clock
from headrace.cli import draw
from headrace.cli.output import plain
from headrace.cli.tree import Outline, spell_state
from headrace.cli.view import RunView, TaskView, seconds, spell
from headrace.model.state import State

PLAIN_WIDTH = 200
"""Where there is no terminal, lines are for programs and files: nothing is cut to 80 columns."""

_LOG_COLOURS = ("cyan", "magenta", "green", "blue", "yellow", "red")


class Screen(Console):
    """Shows a text as somebody wrote it: brackets and colons mean nothing in it, control characters are left out."""

    def __init__(self, width: int | None = None) -> None:
        super().__init__(width=width, highlight=False, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(plain(segment.text), segment.style)


def console() -> Console:
    """Standard output, as wide as the terminal, or as wide as need be where there is none."""
    made = Screen()
    return made if made.is_terminal else Screen(PLAIN_WIDTH)


def show(out: Console, part: RenderableType) -> None:
    """Print it; where there is no terminal, without the blanks that fill lines up."""
    if out.is_terminal:
        out.print(part)
        return
    with out.capture() as captured:
        out.print(part)
    print("\n".join(line.rstrip() for line in captured.get().split("\n")), end="", flush=True)


def show_command(out: Console, line: str) -> None:
    """Print a line with a command in it: the terminal may wrap it, we put no line break into what is to be pasted."""
    out.print(Text(line, style="dim"), soft_wrap=True)


class Display(Protocol):
    """What shows a run while it goes on; a context manager around the watching."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def changed(self, run: RunView) -> None:
        """The run is like this now."""
        ...

    def printed(self, task: TaskView, line: str) -> None:
        """The step printed a line."""
        ...

    def say(self, text: str) -> None:
        """Something to the user, beside what is shown."""
        ...


class LiveDisplay:
    """A tree at the bottom of the terminal that is drawn anew ten times a second; lines scroll by above it."""

    def __init__(self, out: Console, run: RunView, outline: Outline, clock: Clock) -> None:
        self._console = out
        self._tree = draw.LiveTree(run, outline, clock)
        self._live = Live(self._tree, console=out, refresh_per_second=10, transient=True)
        self._colours: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def changed(self, run: RunView) -> None:
        self._tree.run = run

    def printed(self, task: TaskView, line: str) -> None:
        colour = self._colours.setdefault(task.path, _LOG_COLOURS[len(self._colours) % len(_LOG_COLOURS)])
        text = Text.from_ansi(line.rstrip("\r"))  # which takes what follows the last one, as a terminal shows it
        self._console.print(Text.assemble((task.name, colour), ("  ", "dim"), text))

    def say(self, text: str) -> None:
        self._console.print(Text(text))


class PlainDisplay:
    """A line for each step that starts or ends, and each line that a step prints after the step's name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown: dict[str, State] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def changed(self, run: RunView) -> None:
        for task in run.steps:
            if task.state is State.PENDING or self._shown.get(task.path) is task.state:
                continue
            self._shown[task.path] = task.state
            took = spell(seconds(task.started_at, task.ended_at, self._clock.now())) if task.state.ended else ""
            at = spell(seconds(run.created_at, task.ended_at or task.started_at, self._clock.now()))
            self.say(plain(f"{at:>7}  {spell_state(task.state):<9}  {_label(task)}  {took}".rstrip()))

    def printed(self, task: TaskView, line: str) -> None:
        self.say(f"{plain(task.path.removeprefix('root.'))}: {line}")

    def say(self, text: str) -> None:
        with self._lock:
            print(text, flush=True)


def _label(task: TaskView) -> str:
    """The step's path, by which other commands know it, and the name that its author gave it."""
    path = task.path.removeprefix("root.")
    return path if task.name == task.key else f"{path} ({task.name})"


class SilentDisplay:
    """Nothing on stdout, which a program reads; what steps print goes to stderr."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def changed(self, run: RunView) -> None:
        """Nothing is shown before the end."""

    def printed(self, task: TaskView, line: str) -> None:
        self.say(f"{plain(task.path.removeprefix('root.'))}: {line}")

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)
