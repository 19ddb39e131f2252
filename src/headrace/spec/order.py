"""Which task of a dag depends on which, and an order in which dependencies come first."""

from collections.abc import Iterator, Mapping

from headrace.base.errors import InvalidSpec
from headrace.spec.ir import PipelineTask


def dependencies(task: PipelineTask) -> tuple[str, ...]:
    """The siblings that must have ended before the task may start, each once: its data, then `dependentTasks`."""
    return tuple(dict.fromkeys(_named(task)))


def _named(task: PipelineTask) -> Iterator[str]:
    for parameter in task.inputs.parameters.values():
        if parameter.task_output_parameter is not None:
            yield parameter.task_output_parameter.producer_task
        elif parameter.task_final_status is not None and parameter.task_final_status.producer_task:
            yield parameter.task_final_status.producer_task
    for artifact in task.inputs.artifacts.values():
        if artifact.task_output_artifact is not None:
            yield artifact.task_output_artifact.producer_task
    yield from task.dependent_tasks


def sort_tasks(tasks: Mapping[str, PipelineTask], where: str) -> tuple[str, ...]:
    """The names in an order where dependencies come first, else as in the document. Raises InvalidSpec on a circle.

    All dependencies must name tasks that exist.
    """
    waits_for = {name: set(dependencies(task)) for name, task in tasks.items()}
    followers: dict[str, list[str]] = {name: [] for name in tasks}
    for name, needed in waits_for.items():
        for each in needed:
            followers[each].append(name)
    ready = [name for name, needed in waits_for.items() if not needed]
    for name in ready:  # grows while it is walked
        for follower in followers[name]:
            waits_for[follower].discard(name)
            if not waits_for[follower]:
                ready.append(follower)
    if len(ready) < len(tasks):
        circle = _circle({name: needed for name, needed in waits_for.items() if needed})
        raise InvalidSpec(
            f"tasks depend on each other in a circle: {_short(circle)}",
            where=f"{where}.{circle[0]}",
            hint="Remove one of these dependencies",
        )
    return tuple(ready)


def _short(circle: list[str]) -> str:
    shown = circle if len(circle) <= 8 else [*circle[:6], "...", circle[-1]]
    return " -> ".join(shown)


def _circle(waits_for: Mapping[str, set[str]]) -> list[str]:
    """A circle among tasks that all wait for each other, the first named again at its end."""
    trail: dict[str, None] = {}
    name = next(iter(waits_for))
    while name not in trail:
        trail[name] = None
        name = next(each for each in sorted(waits_for[name]) if each in waits_for)
    names = list(trail)
    return [*names[names.index(name) :], name]
