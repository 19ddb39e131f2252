"""Rows and runs as rich draws them: sixteen named colours, single-width marks, ASCII where the terminal wants it.

Takes what `view` and `tree` hold, gives renderables; prints nothing. Fits 80 columns: names keep their room, notes are
cut short, and what was cut is said in full under the tree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headrace.base.clock import Clock, Instant
from headrace.base.json import JsonValue, compact
from headrace.cli.tree import SIBLINGS, Outline, Row, rows, spell_state
from headrace.cli.view import RunView, TaskView, seconds, spell, spell_bytes, spell_memory
from headrace.model.state import State

_STYLES = {
    State.PENDING: "dim",
    State.RUNNING: "cyan",
    State.SUCCEEDED: "green",
    State.CACHED: "green",
    State.SKIPPED: "dim",
    State.FAILED: "bold red",
    State.CANCELING: "magenta",
    State.CANCELED: "magenta",
}
_MARKS = {
    State.PENDING: "·",
    State.RUNNING: "●",
    State.SUCCEEDED: "✓",
    State.CACHED: "✓",
    State.SKIPPED: "-",
    State.FAILED: "✗",
    State.CANCELING: "●",
    State.CANCELED: "■",
}
_ASCII_MARKS = {
    State.PENDING: ".",
    State.RUNNING: "*",
    State.SUCCEEDED: "+",
    State.CACHED: "+",
    State.SKIPPED: "-",
    State.FAILED: "x",
    State.CANCELING: "*",
    State.CANCELED: "#",
}
_ASCII_GUIDES = str.maketrans({"├": "|", "└": "`", "─": "-", "│": "|", "…": "~"})
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_DURATION = 7
_LEAST_NAME = 24


def spell_styled(state: State) -> Text:
    """The state as a coloured word."""
    return Text(spell_state(state), style=_STYLES[state])


class LiveTree:
    """The tree of a run while it changes; draws what `run` is at that moment, in the height there is."""

    def __init__(self, run: RunView, outline: Outline, clock: Clock) -> None:
        self.run = run
        self._outline = outline
        self._clock = clock

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = self._clock.now()
        yield header(self.run, now)
        height = console.height - 4
        for siblings in (SIBLINGS, 12, 5, 2):
            lines = rows(self.run, self._outline, now, siblings=siblings)
            if len(lines) <= height:
                break
        yield from _tree(lines[:height], now, options)
        if len(lines) > height:
            yield Text(f"… {len(lines) - height} more rows", style="dim")


def header(run: RunView, now: Instant) -> Text:
    """`train-and-compare 2026-01-31  running 12s`."""
    took = spell(seconds(run.created_at, run.finished_at, now))
    return Text.assemble((run.name, "bold"), "  ", spell_styled(run.state), (f" {took}", "dim"))


def origin(run: RunView) -> Text:
    """Which run this one goes on from, and where."""
    at = ", ".join(path.removeprefix("root.") for path in run.resumed_at)
    return Text(f"resumed from run {run.resumed_from} at {at}", style="dim")


class Tree:
    """The tree of a run as it is, whole."""

    def __init__(self, run: RunView, outline: Outline, now: Instant) -> None:
        self._rows = rows(run, outline, now)
        self._now = now

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _tree(self._rows, self._now, options)


def _tree(lines: Sequence[Row], now: Instant, options: ConsoleOptions) -> list[Text]:
    """One text a row: mark and name, note, duration at the right."""
    names = [_name(row, now, ascii_only=options.ascii_only) for row in lines]
    widest = max((name.cell_len for row, name in zip(lines, names, strict=True) if row.state), default=0)
    width = min(widest, max(_LEAST_NAME, options.max_width - _DURATION - 4))
    room = max(0, options.max_width - width - _DURATION - 4)
    note_width = min(room, max((cell_len(row.note) for row in lines), default=0))
    for row, name in zip(lines, names, strict=True):
        if row.state is None:
            name.truncate(options.max_width, overflow="ellipsis")
            continue
        name.truncate(width, overflow="ellipsis", pad=True)
        note = Text(row.note, style="red" if row.state is State.FAILED else "dim")
        note.truncate(note_width, overflow="ellipsis", pad=True)
        name.append("  ").append_text(note).append(f"  {spell(row.duration):>{_DURATION}}", style="dim")
        name.rstrip()
    return names


def _name(row: Row, now: Instant, *, ascii_only: bool) -> Text:
    """The branch lines, the mark and the name."""
    text = Text(row.guide.translate(_ASCII_GUIDES) if ascii_only else row.guide, style="dim", no_wrap=True)
    if row.state is None:
        return text.append(row.name.translate(_ASCII_GUIDES) if ascii_only else row.name)
    mark = (_ASCII_MARKS if ascii_only else _MARKS)[row.state]
    if row.state is State.RUNNING and not ascii_only:
        mark = _FRAMES[now // 80_000 % len(_FRAMES)]
    style = _STYLES[row.state]
    text = Text.assemble(text, (f"{mark} ", f"not dim {style}" if style != "dim" else style))
    return text.append(row.name, style="dim" if row.state in (State.PENDING, State.SKIPPED) else "not dim")


def outputs(values: Mapping[str, JsonValue]) -> RenderableType:
    """Names and values of a pipeline's own outputs."""
    grid = Table.grid(padding=(0, 2))
    for name, value in values.items():
        grid.add_row(name, Text(spell_value(value), style="bold"))
    return _section("Outputs", grid)


def metrics(run: RunView, most: int | None = None, *, whole: str = "") -> RenderableType | None:
    """One row a step that has metrics, one column a metric; a list where there are too many columns.

    `most` steps at most; `whole` is the command that shows all.
    """
    measured = [(name, task.metrics) for name, task in _named(run) if task.metrics]
    if not measured:
        return None
    more = _more(len(measured[most:]) if most is not None else 0, whole)
    measured = measured[:most]
    columns = list(dict.fromkeys(name for _, numbers in measured for name in numbers))
    if len(columns) > 5:
        grid = Table.grid(padding=(0, 2))
        for step, numbers in measured:
            for name, value in numbers.items():
                grid.add_row(step, name, spell_value(value))
        return _section("Metrics", Group(grid, *more))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("step")
    for name in columns:
        table.add_column(name, justify="right")
    for step, numbers in measured:
        table.add_row(step, *(spell_value(numbers[name]) if name in numbers else "" for name in columns))
    return _section("Metrics", Group(table, *more))


def usage(run: RunView) -> RenderableType | None:
    """One row a step that was executed: what its last attempt used."""
    used = [(name, task.usage) for name, task in _named(run) if task.usage is not None]
    if not used:
        return None
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("step", "time", "cpu", "cores", "memory", "read", "written"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for name, each in used:
        table.add_row(
            name,
            spell(each.seconds),
            spell(each.cpu_seconds),
            "" if each.cores is None else f"{each.cores:.1f}",
            "" if each.peak_memory is None else spell_memory(each.peak_memory),
            "" if each.read_bytes is None else spell_bytes(each.read_bytes),
            "" if each.written_bytes is None else spell_bytes(each.written_bytes),
        )
    return _section("Usage", table)


def _named(run: RunView) -> list[tuple[str, TaskView]]:
    """The steps, each with its name, or its path where several have that."""
    names = Counter(task.name for task in run.steps)
    return [(task.name if names[task.name] == 1 else task.path.removeprefix("root."), task) for task in run.steps]


def artifacts(places: Sequence[tuple[str, str]], base: str, more: int, whole: str = "") -> RenderableType:
    """Type and place of each artifact, under the folder (or URI) `base` that they share, and how many are left out.

    `whole` is the command that shows all.
    """
    grid = Table.grid(padding=(0, 2))
    for kind, place in places:
        grid.add_row(kind, Text(place, overflow="fold"))
    return _section("Artifacts", Group(Text(base, style="dim", overflow="fold"), grid, *_more(more, whole)))


def _more(count: int, whole: str) -> list[Text]:
    """The line that says how many were left out; none if none were."""
    return [Text(f"… {count} more: {whole}", style="dim")] if count else []


def failure(name: str, message: str, log: Sequence[str]) -> RenderableType:
    """Why a step failed, and the last that it printed."""
    parts: list[RenderableType] = [Text.assemble(("✗ ", "bold red"), (name, "bold"), f": {message}")]
    if log:
        parts.append(Padding(Text("\n".join(log), style="dim"), (0, 0, 0, 2), expand=False))
    return Group(*parts, "")


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(title, style="bold"), Padding(body, (0, 0, 1, 2), expand=False))


def spell_value(value: JsonValue) -> str:
    """A value for a person: texts as they are, numbers with six significant digits, the rest as JSON."""
    if isinstance(value, str):
        return value.rstrip("\n")
    if isinstance(value, float):
        return f"{value:.6g}"
    return compact(value)
