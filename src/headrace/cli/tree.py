"""A run as rows of a tree: nested pipelines as branches, and many siblings as a few rows and a count.

Takes a `RunView` and the `Outline` of its pipeline (all that it could reach, in the order of the graph), gives
`Row`s. Pure, so that it is tested without a terminal; `draw` gives the rows their colours.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headrace.base.clock import Instant
from headrace.cli.view import RunView, TaskView, seconds
from headrace.model.state import State
from headrace.model.task import ROOT

SIBLINGS = 30
"""A branch with more children than this shows only those that matter now, and counts the others."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What may come under each group, by path: the paths of its children with their names, in order."""

    children: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the branch lines before it, what it is, how it is and how long it took. `state` None is a count."""

    guide: str
    name: str
    state: State | None
    note: str = ""
    duration: float | None = None
    is_group: bool = False


def rows(run: RunView, outline: Outline, now: Instant, *, siblings: int = SIBLINGS) -> list[Row]:
    """The tree of a run, its root left out."""
    children = _children(run, outline)
    return list(_branch(ROOT, "", run, outline, children, now, siblings))


def _children(run: RunView, outline: Outline) -> dict[str, list[str]]:
    """The paths under each group: the pipeline's order first, then what only the run knows of."""
    children = {parent: list(paths) for parent, paths in outline.children.items()}
    for path in run.tasks:
        if path != ROOT and path not in outline.names:
            children.setdefault(path.rpartition(".")[0], []).append(path)
    return children


def _branch(
    parent: str,
    guide: str,
    run: RunView,
    outline: Outline,
    children: Mapping[str, Sequence[str]],
    now: Instant,
    siblings: int,
) -> Iterator[Row]:
    paths = children.get(parent, ())
    shown = _chosen(paths, run, siblings)
    rest = _count(set(paths) - set(shown), run)
    for path in shown:
        last = path == shown[-1] and not rest
        task = run.tasks.get(path)
        is_group = path in children
        yield Row(
            guide + ("└─ " if last else "├─ "),
            outline.names.get(path) or run.tasks[path].name,
            _state(task, run),
            _note(task),
            seconds(task.started_at, task.ended_at, now) if task else None,
            is_group,
        )
        if is_group:
            yield from _branch(path, guide + ("   " if last else "│  "), run, outline, children, now, siblings)
    if rest:
        yield Row(guide + "└─ ", rest, None)


_MATTERS = (State.FAILED, State.RUNNING, State.CANCELING)


def _chosen(paths: Sequence[str], run: RunView, siblings: int) -> list[str]:
    """The children to show: all if they are few, else those that failed or run, in the tree's order."""
    if len(paths) <= siblings:
        return list(paths)
    ranked = [
        path
        for state in _MATTERS
        for path in paths
        if (task := run.tasks.get(path)) is not None and task.state is state
    ]
    kept = set(ranked[:siblings])
    return [path for path in paths if path in kept]


def _count(paths: set[str], run: RunView) -> str:
    """`… 212 succeeded, 13 cached, 40 waiting`, or "" for none."""
    states = Counter(_state(run.tasks.get(path), run) for path in paths)
    if not states:
        return ""
    return "… " + ", ".join(f"{states[state]} {spell_state(state)}" for state in State if states[state])


def _state(task: TaskView | None, run: RunView) -> State:
    """What was never reached waits while the run goes on, and was skipped once it has ended."""
    if task is not None:
        return task.state
    return State.SKIPPED if run.state.ended else State.PENDING


def _note(task: TaskView | None) -> str:
    if task is None:
        return ""
    if task.state is State.FAILED:
        return task.message.partition("\n")[0]
    return "cached" if task.state is State.CACHED else task.message.partition("\n")[0]


def spell_state(state: State) -> str:
    """The state as a word in a sentence."""
    return {State.PENDING: "waiting"}.get(state, state.value.lower())
