"""What the planner knows of one run: its rows, and what follows from them kept ready.

The rows (`run`, `tasks`, `retired`) are the truth and come from the store; the rest is derived, so that one event costs
what it touches and never a scan of the run. `apply` is the only mutation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from headrace.base.clock import Instant
from headrace.base.settings import ImageSetting
from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskAdded, TaskMoved, TaskRemoved
from headrace.model.run import Run, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, Task, TaskKind, child
from headrace.spec.plan import Dag, Plan, TaskPlan
from headrace.spec.spots import Spot, spot


@dataclass(frozen=True, slots=True)
class Options:
    """What the server's settings decide about runs. `success_status` is `taskFinalStatus.state` of a success.

    `mapped` are the digests of the sources that images are mapped to, by image or glob, as they are when the run is
    loaded.
    """

    cache: bool = True
    success_status: str = "SUCCEEDED"
    images: Mapping[str, ImageSetting] = field(default_factory=dict)
    mapped: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RunState:
    """One run. Owned by one actor; compares equal to the same run loaded from its rows.

    `retired` holds the attempts of tasks that were removed. Derived: `groups` and `live` are the groups and the leaves
    that have not ended; `unfinished[group]` counts the tasks of a live group that have not ended; `waiting[task]`, of a
    task not reached, the dependencies that have not; `todo[loop]` lists the iterations not reached, the next one last;
    `alike[fingerprint]` holds the live leaves of that fingerprint; `spots` are where the run was resumed.
    """

    plan: Plan
    options: Options
    run: Run
    tasks: dict[str, Task] = field(default_factory=dict)
    retired: dict[str, tuple[Attempt, ...]] = field(default_factory=dict)
    unfinished: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    todo: dict[str, list[int]] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    alike: dict[str, set[str]] = field(default_factory=dict)
    spots: tuple[Spot, ...] = field(init=False)

    def __post_init__(self) -> None:
        resume = self.run.resume
        self.spots = tuple(spot(self.plan, each) for each in resume.at) if resume is not None else ()

    @classmethod
    def load(
        cls,
        plan: Plan,
        options: Options,
        run: Run,
        tasks: Iterable[Task],
        retired: Mapping[str, tuple[Attempt, ...]],
    ) -> "RunState":
        """The state that these rows mean, in any order."""
        state = cls(plan, options, run, {task.path: task for task in tasks}, dict(retired))
        for task in state.tasks.values():
            if not task.state.ended:
                state._begin(task)
        return state

    def apply(self, changes: Iterable[Change]) -> None:
        """Make the changes of one decision, in order."""
        for change in changes:
            match change:
                case RunMoved():
                    self.run = run_after(self.run, change)
                case TaskAdded(task):
                    self._add(task)
                case TaskMoved():
                    self._move(change)
                case TaskRemoved(path):
                    self._remove(path)
                case AttemptAdded(attempt) | AttemptMoved(attempt):
                    self._put_attempt(attempt)
                case _:
                    assert_never(change)

    def dag(self, path: str) -> Dag:
        """The graph of the group at `path`, which is no loop."""
        if path == ROOT:
            return self.plan.root
        component = self.plan.find(path).component
        if not isinstance(component, Dag):
            raise TypeError(f"{path} is not a DAG")
        return component

    def plan_of(self, path: str) -> TaskPlan:
        """The plan of the task at `path`; of an iteration, its loop's."""
        return self.plan.find(path)

    def is_redone(self, path: str) -> bool:
        """Whether the step at `path` is one that the resume is to run anew."""
        return any(each.covers(path) for each in self.spots)

    def is_loop(self, path: str) -> bool:
        """Whether the group at `path` holds iterations."""
        return self.tasks[path].kind is TaskKind.LOOP

    def attempt(self, path: str, attempt_id: str) -> Attempt | None:
        """The attempt if it is the task's open one; a late, doubled or foreign report has none."""
        task = self.tasks.get(path)
        found = task.open_attempt if task is not None else None
        return found if found is not None and found.attempt_id == attempt_id else None

    def iterating(self, path: str) -> int:
        """How many iterations of the live loop at `path` were reached and have not ended."""
        return self.unfinished[path] - len(self.todo[path])

    def _add(self, task: Task) -> None:
        self.tasks[task.path] = replace(task, attempts=self.retired.pop(task.path, ()))
        self._reach(task)
        if task.state.ended:
            self._release(task)
        else:
            self._begin(task)

    def _reach(self, task: Task) -> None:
        self.waiting.pop(task.path, None)
        todo = self.todo.get(task.parent)
        if todo is None:
            return
        if todo[-1] == task.iteration:  # as a rule: a search from the front would cost the length of the loop
            todo.pop()
        else:
            todo.remove(task.iteration)

    def _begin(self, task: Task) -> None:
        """Count what is to be done in a group, whose tasks may be there already."""
        if not task.kind.is_group:
            self.live.add(task.path)
            if task.fingerprint:
                self.alike.setdefault(task.fingerprint, set()).add(task.path)
            return
        self.groups.add(task.path)
        if task.kind is TaskKind.LOOP:
            reached = [self.tasks.get(child(task.path, str(index))) for index in range(task.iterations)]
            self.todo[task.path] = [index for index in reversed(range(task.iterations)) if reached[index] is None]
            self.unfinished[task.path] = sum(each is None or not each.state.ended for each in reached)
            return
        tasks = self.dag(task.path).tasks
        paths = {name: child(task.path, name) for name in tasks}
        self.unfinished[task.path] = sum(not self._has_ended(path) for path in paths.values())
        for name, path in paths.items():
            if path not in self.tasks:
                self.waiting[path] = self._count_waiting(task.path, tasks[name])

    def _count_waiting(self, parent: str, plan: TaskPlan) -> int:
        return sum(not self._has_ended(child(parent, name)) for name in plan.depends_on)

    def _has_ended(self, path: str) -> bool:
        task = self.tasks.get(path)
        return task is not None and task.state.ended

    def _move(self, move: TaskMoved) -> None:
        task = task_after(self.tasks[move.path], move)
        self.tasks[move.path] = task
        if not move.state.ended:
            return
        if task.kind.is_group:
            self._close(task)
        else:
            self._leave(task)
        self._release(task)

    def _leave(self, leaf: Task) -> None:
        self.live.discard(leaf.path)
        alike = self.alike.get(leaf.fingerprint)
        if alike is not None:
            alike.discard(leaf.path)
            if not alike:
                del self.alike[leaf.fingerprint]

    def _close(self, group: Task) -> None:
        self.groups.discard(group.path)
        del self.unfinished[group.path]
        if group.kind is TaskKind.LOOP:
            del self.todo[group.path]
            return
        for name in self.dag(group.path).tasks:
            self.waiting.pop(child(group.path, name), None)

    def _release(self, task: Task) -> None:
        """The task has ended: its group has one less to go, its successors one less to wait for."""
        self._count(task, -1)

    def _count(self, task: Task, step: int) -> None:
        if task.parent not in self.groups:
            return
        self.unfinished[task.parent] += step
        if self.is_loop(task.parent):
            return
        for successor in self.dag(task.parent).successors.get(task.name, ()):
            path = child(task.parent, successor)
            if path in self.waiting:
                self.waiting[path] += step

    def _remove(self, path: str) -> None:
        task = self.tasks.pop(path)
        if task.attempts:
            self.retired[path] = task.attempts
        if task.parent not in self.groups:
            return
        if task.state.ended:
            self._count(task, 1)
        if self.is_loop(task.parent):
            self.todo[task.parent] = sorted([*self.todo[task.parent], task.iteration], reverse=True)
        else:
            self.waiting[path] = self._count_waiting(task.parent, self.dag(task.parent).tasks[task.name])

    def _put_attempt(self, attempt: Attempt) -> None:
        task = self.tasks[attempt.path]
        kept = tuple(each for each in task.attempts if each.attempt_id != attempt.attempt_id)
        self.tasks[attempt.path] = replace(task, attempts=(*kept, attempt))


def run_after(run: Run, move: RunMoved) -> Run:
    """The run after the move. One that begins again is as if it had not ended."""
    return replace(
        run,
        state=move.state,
        failure=move.failure if move.failure is not None or move.begins else run.failure,
        finished_at=move.at if move.state.ended else Instant(0),
        history=(*run.history, StateChange(move.at, move.state, move.failure)),
    )


def task_after(task: Task, move: TaskMoved) -> Task:
    """The task after the move."""
    started = move.started_at or (move.at if move.state is State.RUNNING else task.started_at)
    return replace(
        task,
        state=move.state,
        started_at=started,
        ended_at=move.at if move.state.ended else task.ended_at,
        outputs=move.outputs if move.outputs is not None else task.outputs,
        cached_from=move.cached_from or task.cached_from,
        failure=move.failure or task.failure,
        reason=move.reason or task.reason,
        history=(*task.history, StateChange(move.at, move.state, move.failure)),
    )


def open_attempts(state: RunState) -> list[Attempt]:
    """The attempts that have not ended, in the order of their paths."""
    found = (state.tasks[path].open_attempt for path in sorted(state.live))
    return [attempt for attempt in found if attempt is not None]
