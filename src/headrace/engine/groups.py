"""Groups that are open: which of their tasks may begin, and what comes when the last of them has ended."""

from headrace.base.clock import Instant
from headrace.engine.cancel import ending, must_end
from headrace.engine.decision import Decision, RunMoved, TaskMoved, Wait
from headrace.engine.outcome import of_dag, of_loop
from headrace.engine.retry import again_group
from headrace.engine.state import RunState
from headrace.model.event import Event, GroupDrained, TaskEnded, TaskReady
from headrace.model.state import State
from headrace.model.task import ROOT, Task, child

ITERATIONS_AT_ONCE = 100
"""How many iterations of a loop begin in one transaction; the next follow in the next one."""


def opened(state: RunState, path: str, at: Instant) -> Decision:
    """The group has begun, or may go on: its tasks whose turn has come, in the plan's order."""
    if state.is_loop(path):
        return _iterate(state, path, at)
    ready = [child(path, name) for name in state.dag(path).tasks if state.waiting.get(child(path, name)) == 0]
    if not ready and state.unfinished[path] == 0:
        return Decision(then=(GroupDrained(path, at),))
    return Decision(then=tuple(TaskReady(each, at) for each in ready))


def ended(state: RunState, task: Task, at: Instant) -> Decision:
    """A task of a live group has ended: its successors may be ready, its group drained."""
    parent = task.parent
    if parent not in state.groups:
        return Decision()
    if state.is_loop(parent):
        return _iteration_ended(state, parent, at)
    if state.unfinished[parent] == 0:
        return Decision(then=(GroupDrained(parent, at),))
    ready = (child(parent, each) for each in state.dag(parent).successors.get(task.name, ()))
    return Decision(then=tuple(TaskReady(each, at) for each in ready if state.waiting.get(each) == 0))


def drained(state: RunState, path: str, at: Instant) -> Decision:
    """The group's outcome, or another try of it; of the root, the run's. Told twice, it may be open again."""
    if not _is_drained(state, path):
        return Decision()
    outcome = of_loop(state, path) if state.is_loop(path) else of_dag(state, path)
    if outcome.state is State.FAILED and path != ROOT:
        again = again_group(state, path, outcome.failure, at)
        if again is not None:
            return again
    if path == ROOT and state.run.state is State.CANCELING:
        ends, failure = ending(state)
        moved = TaskMoved(path, at, ends, failure=failure)
        return Decision((moved, RunMoved(at, ends, failure if ends is State.FAILED else None)))
    moved = TaskMoved(path, at, outcome.state, outputs=outcome.outputs, failure=outcome.failure)
    if path == ROOT:
        return Decision((moved, RunMoved(at, outcome.state, outcome.failure)))
    return Decision((moved,), then=(TaskEnded(path, at),))


def _iterate(state: RunState, path: str, at: Instant) -> Decision:
    """Begin the iterations that may begin now."""
    if not _goes_on(state, path):
        return _check_drained(state, path, at)
    room = _room(state, path)
    begin = state.todo[path][-min(room, ITERATIONS_AT_ONCE) :] if room else []
    if not begin:
        return _check_drained(state, path, at)
    then: tuple[Event, ...] = tuple(TaskReady(child(path, str(index)), at) for index in reversed(begin))
    more = room > len(begin) and len(state.todo[path]) > len(begin)
    return Decision(commands=(Wait(path, at, 0.0),) if more else (), then=then)


def _iteration_ended(state: RunState, path: str, at: Instant) -> Decision:
    """One more may begin, in a transaction of its own: a loop of cached iterations would never leave this one."""
    if state.todo[path] and _goes_on(state, path):
        return Decision(commands=(Wait(path, at, 0.0),))
    return _check_drained(state, path, at)


def _check_drained(state: RunState, path: str, at: Instant) -> Decision:
    return Decision(then=(GroupDrained(path, at),)) if _is_drained(state, path) else Decision()


def _is_drained(state: RunState, path: str) -> bool:
    """Nothing in the group is left to end, nor to begin."""
    if path in state.todo and not _goes_on(state, path):
        return state.iterating(path) == 0
    return state.unfinished[path] == 0


def _room(state: RunState, path: str) -> int:
    """How many more iterations may run now."""
    loop = state.plan_of(path).loop
    limit = loop.parallelism if loop is not None else 0
    todo = len(state.todo[path])
    return min(todo, max(0, limit - state.iterating(path))) if limit else todo


def _goes_on(state: RunState, path: str) -> bool:
    """Whether the loop begins iterations: not while the run is being stopped, unless as part of an exit task."""
    return not must_end(state, path)
