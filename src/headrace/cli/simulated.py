"""What `headrace sim` says of a survey: as tables and lines for a person, and as one JSON document."""

import statistics
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from headrace.base.clock import to_rfc3339
from headrace.model.state import State
from headrace.model.task import ROOT
from headrace.store.views import EventRow
from headrace.testing.survey import Fate, Survey, Violation

_ENDS = (State.SUCCEEDED, State.CACHED, State.FAILED, State.SKIPPED, State.CANCELED)
_LAST_LINES = 200
"""How much of a story is printed; `--json` has all of it."""


def report(survey: Survey, name: str, seconds: float, *, story: bool) -> Iterator[RenderableType]:
    """The report, part by part; `story` is for one seed only."""
    if survey.violation is not None:
        yield from _broken(survey.violation)
        return
    if story:
        yield Text("\n".join(_last(survey.story)))
    troubles = sum(survey.troubles.values())
    yield Text(
        f"{name}: {survey.seeds:,} {_seeds(survey.seeds)} in {seconds:.1f} s, {survey.commits:,} commits, "
        f"{troubles:,} troubles; every rule held"
    )
    ends = ", ".join(f"{count:,} {state}" for state, count in survey.runs.most_common())
    yield Text(f"Runs ended as: {ends}")
    steps = f"{statistics.median(survey.steps):g} in the middle, {max(survey.steps):,} at most"
    yield Text(f"Attempts executed in a run: {steps}")
    yield _tasks(survey)
    if survey.dead:
        yield Text(f"Never began in {survey.seeds:,} {_seeds(survey.seeds)}:", style="bold")
        yield Text("\n".join(f"  {short(fate.path)}: {_why(fate)}" for fate in survey.dead))


def as_json(survey: Survey, name: str, seconds: float, again: str, *, story: bool) -> dict[str, object]:
    """The survey as one JSON document."""
    broken = survey.violation
    found: dict[str, object] = {
        "pipeline": name,
        "seeds": survey.seeds,
        "seconds": round(seconds, 3),
        "commits": survey.commits,
        "runs": {state.value: count for state, count in survey.runs.items()},
        "troubles": {str(trouble): count for trouble, count in survey.troubles.items()},
        "executed": {"median": statistics.median(survey.steps), "most": max(survey.steps)} if survey.steps else None,
        "tasks": [_fate_json(fate) for fate in survey.fates.values()],
        "never_began": [{"task": short(fate.path), "why": _why(fate)} for fate in survey.dead],
        "violation": None,
    }
    if story:
        found["story"] = list(survey.story)
    if broken is not None:
        found["violation"] = {
            "seed": broken.seed,
            "problem": broken.problem,
            "story": list(broken.story),
            "events": [_event_json(row) for row in broken.events],
            "again": again,
        }
    return found


def short(path: str) -> str:
    """The path as people write it."""
    return path.removeprefix(f"{ROOT}.")


def _broken(broken: Violation) -> Iterator[RenderableType]:
    yield Text(f"Seed {broken.seed} broke a rule: {broken.problem}", style="bold red")
    yield Text("What the world did:", style="bold")
    yield Text("\n".join(_last(broken.story)))
    yield Text("The run's events:", style="bold")
    yield Text("\n".join(_last(tuple(_event(row) for row in broken.events))))
    yield Text("Play it again with:", style="bold")


def _last(lines: tuple[str, ...]) -> list[str]:
    left = len(lines) - _LAST_LINES
    shown = [f"  {line}" for line in lines[-_LAST_LINES:]]
    return [f"  ({left:,} lines before these: see --json)", *shown] if left > 0 else shown


def _event(row: EventRow) -> str:
    about = f" {short(row.path)}" if row.path else ""
    return f"{row.number:>4}  {to_rfc3339(row.at)}  {row.kind}{about}{f' -> {row.state}' if row.state else ''}"


def _event_json(row: EventRow) -> dict[str, object]:
    return {
        "number": row.number,
        "at": to_rfc3339(row.at),
        "kind": row.kind,
        "task": short(row.path),
        "state": row.state,
        "payload": row.payload,
    }


def _tasks(survey: Survey) -> Table:
    """In how many seeds each task came to each end; those of a loop once a seed."""
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    table.add_column("task (in how many seeds)", overflow="fold")
    table.add_column("began", justify="right")
    shown = [state for state in _ENDS if any(fate.ends[state] for fate in survey.fates.values())]
    for state in shown:
        table.add_column(state.value.lower(), justify="right")
    for fate in survey.fates.values():
        name = f"{'  ' * (fate.path.count('.') - 1)}{fate.path.rpartition('.')[2]}"
        table.add_row(name, str(fate.began), *(str(fate.ends[state] or "") for state in shown))
    return table


def _why(fate: Fate) -> str:
    """Why the task never began."""
    if fate.condition and not fate.reason.startswith("upstream"):
        return f"its condition was never true: {fate.reason or fate.condition}"
    if fate.condition:
        return f"{fate.reason}; its condition is {fate.condition}"
    return fate.reason or "its turn never came: what it waits for, or its loop, never let it begin"


def _fate_json(fate: Fate) -> dict[str, object]:
    return {
        "task": short(fate.path),
        "kind": "group" if fate.is_group else "step",
        "began": fate.began,
        "ends": {state.value: count for state, count in fate.ends.items()},
        "condition": fate.condition or None,
    }


def _seeds(count: int) -> str:
    return "seed" if count == 1 else "seeds"
