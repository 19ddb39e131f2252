"""Where a run is resumed: tasks of a plan as people name them, and which paths are at them or downstream of them.

A spot is a path in which `*` stands for every iteration of a loop: `root.loop.*.train`. Takes a plan and names, gives
spots; raises NotFound for a name that means no task, InvalidInput for one that means several.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headrace.base.errors import InvalidInput, NotFound
from headrace.spec.plan import Dag, Plan, TaskPlan

ANY = "*"
_ROOT = "root"
_MOST = 20
"""How many names an error lists."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One name of a spot: what comes after it in its DAG. An iteration, which nothing comes after, has None."""

    name: str
    after: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Spot:
    """A task, or every iteration's, with what is downstream of it and of the groups that it is in."""

    path: str
    steps: tuple[_Step, ...]

    def covers(self, path: str) -> bool:
        """Whether the task at `path` is the spot's, in it, or downstream of it. A group that it is in is not."""
        names = path.split(".")[1:]
        for step, name in zip(self.steps, names, strict=False):
            if step.after is None:
                if step.name not in (ANY, name):
                    return False
            elif step.name != name:
                return name in step.after
        return len(names) >= len(self.steps)


def find_spot(plan: Plan, text: str) -> Spot:
    """The spot that a name, or a path with or without `root.`, means. A path may leave out the iterations."""
    found = _walk(plan, text.removeprefix(f"{_ROOT}.").split("."))
    if found is not None:
        return found
    named = [path for path, task in _tasks(plan) if text in (task.name, task.display_name)]
    if not named:
        raise NotFound("the pipeline has no such task", where=text[:200], hint=f"It has: {_listed(_all(plan))}")
    if len(named) > 1:
        raise InvalidInput(f"{len(named)} tasks have that name", where=text[:200], hint=f"Give {_listed(named)}")
    return spot(plan, named[0])


def spot(plan: Plan, path: str) -> Spot:
    """The spot at a path that is one already. Raises KeyError."""
    found = _walk(plan, path.split(".")[1:])
    if found is None:
        raise KeyError(path)
    return found


def _walk(plan: Plan, names: Sequence[str]) -> Spot | None:
    """The spot of that path, None where the plan has no such."""
    steps: list[_Step] = []
    component: object = plan.root
    rest = list(reversed(names))
    while rest:
        name = rest.pop()
        if not isinstance(component, Dag) or name not in component.tasks:
            return None
        task = component.tasks[name]
        steps.append(_Step(name, _downstream(component, name)))
        component = task.component
        if task.loop is not None and rest:
            given = rest[-1] == ANY or rest[-1].isdecimal()
            steps.append(_Step(rest.pop() if given else ANY, None))
    return Spot(".".join([_ROOT, *(step.name for step in steps)]), tuple(steps)) if steps else None


def _downstream(dag: Dag, name: str) -> frozenset[str]:
    found: set[str] = set()
    pending = [name]
    while pending:
        new = [each for each in dag.successors.get(pending.pop(), ()) if each not in found]
        found.update(new)
        pending += new
    return frozenset(found)


def _tasks(plan: Plan) -> Iterator[tuple[str, TaskPlan]]:
    """All tasks, outer ones first, as spots' paths."""
    pending: list[tuple[str, Dag]] = [(_ROOT, plan.root)]
    for path, dag in pending:
        for name, task in dag.tasks.items():
            yield f"{path}.{name}", task
            if isinstance(task.component, Dag):
                inner = f"{path}.{name}" if task.loop is None else f"{path}.{name}.{ANY}"
                pending.append((inner, task.component))


def _all(plan: Plan) -> Iterator[str]:
    return (path for path, _ in _tasks(plan))


def _listed(paths: Iterator[str] | Sequence[str]) -> str:
    """The first of the paths, as people write them."""
    shown: list[str] = []
    for path in paths:
        if len(shown) == _MOST:
            return f"{', '.join(shown)}, …"
        shown.append(path.removeprefix(f"{_ROOT}."))
    return ", ".join(shown)
