"""What must be true of a run after every commit, whatever happened before."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

from headrace.engine.equal import waits_for_equal
from headrace.engine.explain import why
from headrace.engine.retry import INFRASTRUCTURE, open_waits
from headrace.engine.state import RunState, open_attempts
from headrace.engine.transitions import RUN_MOVES, TASK_BEGINS, TASK_MOVES
from headrace.model.state import State
from headrace.model.task import ROOT, AttemptState, Task, TaskKind, child
from headrace.spec.plan import Trigger


def check(state: RunState, loaded: RunState, executions: Mapping[str, int]) -> None:
    """Raises AssertionError that says what is broken. `loaded` is the run as its rows have it."""
    assert loaded == state, f"the rows say something else: {_difference(loaded, state)}"
    for path, times in executions.items():
        tried = len(state.tasks[path].attempts) if path in state.tasks else len(state.retired.get(path, ()))
        assert times <= tried, f"{path} was executed {times} times in {tried} attempts"
    _check_moves(state)
    _check_counts(state)
    _check_equal(state)
    _check_tries(state)
    _check_explained(state)
    for path in state.todo:
        loop = state.plan_of(path).loop
        assert loop is not None
        assert not loop.parallelism or state.iterating(path) <= loop.parallelism, f"{path} runs too many iterations"
    for task in state.tasks.values():
        _check_order(state, task)
        if task.kind.is_group and task.state.ended:
            _check_group(state, task)
    if not state.run.state.ended and state.run.history:
        assert open_attempts(state) or open_waits(state), "the run is stuck: nothing runs, nothing is waited for"
    if state.run.state.ended:
        assert not state.live, f"the run has ended but {sorted(state.live)} have not"
        assert not state.groups, f"the run has ended but the groups {sorted(state.groups)} have not"


def _difference(loaded: RunState, state: RunState) -> str:
    for name in ("run", "tasks", "retired", "unfinished", "waiting", "todo", "live", "groups", "alike"):
        left, right = getattr(loaded, name), getattr(state, name)
        if left == right:
            continue
        if name == "tasks":
            paths = [path for path in {*left, *right} if left.get(path) != right.get(path)]
            return f"tasks {paths}: {left.get(paths[0])} in rows, {right.get(paths[0])} in memory"
        return f"{name}: {left} in rows, {right} in memory"
    return "plan or options"


def _check_counts(state: RunState) -> None:
    """What the planner keeps ready is what counting it afresh gives."""
    for path in state.groups:
        plans = {} if state.is_loop(path) else state.dag(path).tasks
        names = [str(index) for index in range(state.tasks[path].iterations)] if state.is_loop(path) else list(plans)
        ended = {name: _ended(state, child(path, name)) for name in names}
        left = sum(not each for each in ended.values())
        assert state.unfinished[path] == left, f"{path} has {left} tasks to go, not {state.unfinished[path]}"
        for name, plan in plans.items():
            if child(path, name) not in state.tasks:
                left = sum(not ended[each] for each in plan.depends_on)
                assert state.waiting[child(path, name)] == left, f"{name} in {path} waits for {left} tasks"


def _check_explained(state: RunState) -> None:
    """Whatever the run has come to, each task of it, reached or not, can be told why it is there."""
    for path in [ROOT, *state.tasks, *state.waiting]:
        explained = why(state, path)
        said = [explained.headline, *(text for _, text in explained.details)]
        assert all(said), f"{path} is explained by nothing: {explained}"


def _check_equal(state: RunState) -> None:
    """Of equal steps one is executed at a time, and none after one that succeeded, but those that were asked for."""
    alike: defaultdict[str, list[Task]] = defaultdict(list)
    for task in state.tasks.values():
        if task.fingerprint and not state.is_redone(task.path):
            alike[task.fingerprint].append(task)
    for tasks in alike.values():
        executed = [task.path for task in tasks if not task.state.ended and not waits_for_equal(task)]
        executed += [task.path for task in tasks if task.state is State.SUCCEEDED]
        assert len(executed) <= 1, f"{executed} are equal, and were executed at once or one after the other"


def _ended(state: RunState, path: str) -> bool:
    task = state.tasks.get(path)
    return task is not None and task.state.ended


def _check_moves(state: RunState) -> None:
    for before, after in pairwise([State.PENDING, *(change.state for change in state.run.history)]):
        assert after in RUN_MOVES[before], f"the run went from {before} to {after}"
    for task in state.tasks.values():
        states = [change.state for change in task.history]
        assert states[0] in TASK_BEGINS, f"{task.path} began in {states[0]}"
        assert states[-1] is task.state, f"{task.path} is {task.state}, its history ends in {states[-1]}"
        for before, after in pairwise(states):
            assert after in TASK_MOVES[before], f"{task.path} went from {before} to {after}"


def _check_tries(state: RunState) -> None:
    """A step has one attempt at a time, no more than its retries allow, and none after one that succeeded."""
    for task in state.tasks.values():
        for attempt in task.attempts[:-1]:
            assert attempt.state is AttemptState.ENDED, f"{task.path} has two open attempts"
        if task.path == ROOT or task.kind.is_group:
            continue
        own = [each for each in task.attempts if each.created_at >= task.created_at]
        assert all(each.failure is not None for each in own[:-1]), f"{task.path} was tried again after it succeeded"
        policy = state.plan_of(task.path).retry
        for most, infrastructure in (
            (policy.max_retries if policy is not None else 0, False),
            (INFRASTRUCTURE.max_retries, True),
        ):
            failed = sum(each.failure is not None and each.infrastructure == infrastructure for each in own)
            assert failed <= most + 1, f"{task.path} failed {failed} times and may be retried {most} times"


def _check_order(state: RunState, task: Task) -> None:
    """Nothing begins before what it depends on has ended, nor, but for exit tasks, unless that went well."""
    if task.path == ROOT or task.iteration >= 0:
        return
    plan = state.plan_of(task.path)
    for name in plan.depends_on:
        upstream = state.tasks.get(child(task.parent, name))
        assert upstream is not None, f"{task.path} began before {name}"
        assert upstream.state.ended, f"{task.path} began while {name} was {upstream.state}"
        if task.started_at and plan.trigger is Trigger.ALL_SUCCEEDED:
            assert upstream.state.good, f"{task.path} ran although {name} is {upstream.state}"


def _check_group(state: RunState, group: Task) -> None:
    """A group's state follows from its tasks'."""
    if not group.started_at:
        return
    if group.kind is TaskKind.LOOP:
        names = [str(index) for index in range(group.iterations)]
    else:
        names = list(state.dag(group.path).tasks)
    inner = [task.state for name in names if (task := state.tasks.get(child(group.path, name))) is not None]
    assert all(each.ended for each in inner), f"{group.path} ended before its tasks"
    if State.FAILED in inner:
        assert group.state in (State.FAILED, State.CANCELED), f"{group.path} is {group.state} with a failed task"
    if group.state is State.SUCCEEDED:
        assert len(inner) == len(names), f"{group.path} succeeded without having reached all its tasks"
