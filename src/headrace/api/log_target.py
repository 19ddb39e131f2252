"""Which attempts' logs a request means, among the tasks of a run; and why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.base.errors import InvalidInput, NotFound
from headrace.model.run import Run
from headrace.model.task import ROOT, Attempt, AttemptState, Task


@dataclass(frozen=True, slots=True)
class Target:
    """A task, and which of its attempts: the `number`th from 1, or all (0)."""

    task_id: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """The attempts that there are by now, in their order; `over` when nothing more will be printed."""

    attempts: tuple[Attempt, ...]
    over: bool

    @property
    def last(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None


def aim(tasks: Sequence[Task], node: str, number: int) -> Target:
    """What `node` means: an attempt by its id, or a task by its id, path or name.

    Raises NotFound for a name that the run does not have, InvalidInput for one that several tasks or a DAG have.
    """
    task, attempt = find_node(tasks, node)
    if attempt is not None:
        return Target(task.task_id, attempt.number)
    if task.kind.is_group:
        inside = ", ".join(each.path for each in tasks if each.parent == task.path)
        raise InvalidInput("the task is a pipeline and prints nothing itself", where=node, hint=f"In it are: {inside}")
    return Target(task.task_id, number)


def pick(run: Run, task: Task, number: int) -> Found:
    """That attempt of the task, or all (0). Raises NotFound where there is none and never will be."""
    if task.cached_from:
        raise NotFound(
            f"the task was not run: its outputs are those of the task {task.cached_from}",
            where=task.path,
            hint="That task's log is in the run that it belongs to",
        )
    if number > len(task.attempts):
        raise NotFound(f"the task has {len(task.attempts)} attempts, no number {number}", where=task.path)
    if number:
        attempt = task.attempts[number - 1]
        return Found((attempt,), attempt.state is AttemptState.ENDED or run.state.ended)
    if task.state.ended and not task.attempts:
        reason = task.failure.message if task.failure is not None else task.reason
        raise NotFound(f"the task was never started: it is {task.state}", where=task.path, hint=reason)
    return Found(task.attempts, task.state.ended or run.state.ended)


def find_node(tasks: Sequence[Task], node: str) -> tuple[Task, Attempt | None]:
    """The task, and the attempt if `node` is one's id. Raises as `find_task` does."""
    for task in tasks:
        for attempt in task.attempts:
            if attempt.attempt_id == node:
                return task, attempt
    return find_task(tasks, node), None


def find_task(tasks: Sequence[Task], node: str) -> Task:
    """The task with that id, path (with or without `root.`) or name."""
    paths = (node, f"{ROOT}.{node}")
    for task in tasks:
        if task.task_id == node or task.path in paths:
            return task
    named = [task for task in tasks if node in (task.name, task.display_name)]
    named = [task for task in named if task.posted is None] or named
    if len(named) == 1:
        return named[0]
    if named:
        hint = f"Give a path: {', '.join(task.path for task in named[:10])}"
        raise InvalidInput(f"{len(named)} tasks have that name", where=node[:200], hint=hint)
    known = ", ".join(task.path for task in tasks if not task.kind.is_group)
    raise NotFound("no task of the run has that name or id", where=node[:200], hint=f"It has: {known[:1000]}")
