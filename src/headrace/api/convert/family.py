"""Who is in whom: the tasks of one run, as KFP sees them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from headrace.model.task import Task, TaskKind


class Family:
    """The tasks of one run, and who is in whom. KFP has no task for an iteration: its tasks are their loop's."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.by_path = {task.path: task for task in tasks}
        self.shown = [task for task in self.by_path.values() if task.kind is not TaskKind.ITERATION]
        self.children: dict[str, list[Task]] = defaultdict(list)
        for task in self.shown:
            self.children[self._parent(task)].append(task)

    def parent_id(self, task: Task) -> str:
        parent = self.by_path.get(self._parent(task))
        return parent.task_id if parent is not None else ""

    def iteration(self, task: Task) -> int:
        """Which iteration of the loop that it is in the task belongs to; -1 for none."""
        parent = self.by_path.get(task.parent)
        return parent.iteration if parent is not None and parent.kind is TaskKind.ITERATION else task.iteration

    def _parent(self, task: Task) -> str:
        parent = self.by_path.get(task.parent)
        return parent.parent if parent is not None and parent.kind is TaskKind.ITERATION else task.parent

    def inside(self, task: Task) -> Sequence[Task]:
        return self.children.get(task.path, ())
