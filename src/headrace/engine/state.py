"""What the planner knows of one run: its rows, and what follows from them kept ready.

The rows (`run`, `tasks`) are the truth and come from the store; the rest is derived, so that one event costs what it
touches and never a scan of the run. `apply` is the only mutation.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from headrace.engine.decision import AttemptAdded, AttemptMoved, Change, RunMoved, TaskAdded, TaskMoved
from headrace.model.run import Run, StateChange
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, AttemptState, Task, child
from headrace.spec.plan import Dag, Plan, TaskPlan


@dataclass(frozen=True, slots=True)
class Options:
    """What the server's settings decide about runs. `success_status` is `taskFinalStatus.state` of a success."""

    cache: bool = True
    success_status: str = "SUCCEEDED"


@dataclass(slots=True)
class RunState:
    """One run. Owned by one actor; compares equal to the same run loaded from its rows.

    `unfinished[dag]` counts the tasks of a live DAG that have not ended; `waiting[task]` counts the dependencies of a
    task not yet reached that have not ended; `live` are the leaves and `dags` the DAGs that were reached and have not
    ended.
    """

    plan: Plan
    options: Options
    run: Run
    tasks: dict[str, Task] = field(default_factory=dict)
    unfinished: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    dags: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, plan: Plan, options: Options, run: Run, tasks: Iterable[Task]) -> "RunState":
        """The state that these rows mean. Parents need not come before their children."""
        state = cls(plan, options, run)
        state.tasks = {task.path: task for task in tasks}
        for task in state.tasks.values():
            if not task.state.ended:
                state._begin(task)
        for path in state.dags:
            for name in state.dag(path).tasks:
                reached = state.tasks.get(child(path, name))
                if reached is not None:
                    state.waiting.pop(reached.path, None)
                    if reached.state.ended:
                        state._release(path, name)
        return state

    def apply(self, changes: Iterable[Change]) -> None:
        """Make the changes of one decision, in order."""
        for change in changes:
            match change:
                case RunMoved():
                    self._move_run(change)
                case TaskAdded(task):
                    self._add(task)
                case TaskMoved():
                    self._move(change)
                case AttemptAdded(attempt) | AttemptMoved(attempt):
                    self._put_attempt(attempt)
                case _:
                    assert_never(change)

    def dag(self, path: str) -> Dag:
        """The graph of the DAG task at `path`."""
        if path == ROOT:
            return self.plan.root
        component = self.plan.find(path).component
        if not isinstance(component, Dag):
            raise TypeError(f"{path} is not a DAG")
        return component

    def plan_of(self, path: str) -> TaskPlan:
        """The plan of the task at `path`."""
        return self.plan.find(path)

    def attempt(self, path: str, attempt_id: str) -> Attempt | None:
        """The attempt if it is the task's current one and has not ended; a late or doubled report has none."""
        task = self.tasks.get(path)
        if task is None or not task.attempts:
            return None
        last = task.attempts[-1]
        return last if last.attempt_id == attempt_id and last.state is not AttemptState.ENDED else None

    def _move_run(self, move: RunMoved) -> None:
        finished = move.at if move.state.ended else self.run.finished_at
        history = (*self.run.history, StateChange(move.at, move.state, move.failure))
        self.run = replace(
            self.run, state=move.state, failure=move.failure or self.run.failure, finished_at=finished, history=history
        )

    def _add(self, task: Task) -> None:
        self.tasks[task.path] = task
        self.waiting.pop(task.path, None)
        if task.state.ended:
            self._release(task.parent, task.name)
        else:
            self._begin(task)

    def _begin(self, task: Task) -> None:
        if not task.kind.is_group:
            self.live.add(task.path)
            return
        self.dags.add(task.path)
        tasks = self.dag(task.path).tasks
        self.unfinished[task.path] = len(tasks)
        for name, plan in tasks.items():
            self.waiting[child(task.path, name)] = len(plan.depends_on)

    def _move(self, move: TaskMoved) -> None:
        task = moved(self.tasks[move.path], move)
        self.tasks[move.path] = task
        if not move.state.ended:
            return
        if task.kind.is_group:
            self._close(task.path)
        else:
            self.live.discard(task.path)
        if task.path != ROOT:
            self._release(task.parent, task.name)

    def _close(self, path: str) -> None:
        self.dags.discard(path)
        del self.unfinished[path]
        for name in self.dag(path).tasks:
            self.waiting.pop(child(path, name), None)

    def _release(self, parent: str, name: str) -> None:
        """The task `name` of the DAG `parent` has ended."""
        if parent not in self.dags:
            return
        self.unfinished[parent] -= 1
        for successor in self.dag(parent).successors.get(name, ()):
            path = child(parent, successor)
            if path in self.waiting:
                self.waiting[path] -= 1

    def _put_attempt(self, attempt: Attempt) -> None:
        task = self.tasks[attempt.path]
        kept = tuple(each for each in task.attempts if each.attempt_id != attempt.attempt_id)
        self.tasks[attempt.path] = replace(task, attempts=(*kept, attempt))


def moved(task: Task, move: TaskMoved) -> Task:
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
