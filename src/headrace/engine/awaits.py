"""What a task that has not begun waits for: others, its group, its turn in a loop, a slot, its next try, an equal one.

Takes the state and a path, gives a sentence and its details; `explain` puts them together with the rest.
"""

from headrace.base.clock import Instant, to_rfc3339
from headrace.base.errors import NotFound
from headrace.engine.cancel import ending, must_end
from headrace.engine.decision import Wait
from headrace.engine.equal import waits_for_equal
from headrace.engine.retry import open_waits
from headrace.engine.state import RunState
from headrace.model.state import State
from headrace.model.task import ROOT, AttemptState, Task, TaskKind, child

Details = tuple[tuple[str, str], ...]
"""Lines of an explanation: what each is about, and what is to be said."""

MOST = 10
"""How many tasks are named where there may be thousands."""


def unreached(state: RunState, path: str) -> tuple[str, Details]:
    """Why the task at `path`, which has no row, has none. Raises NotFound where the pipeline has no such task."""
    _check(state, path)
    first = _first_unreached(state, path)
    if not first:
        return f"the run is {state.run.state}, and none of its tasks was reached", ()
    parent, _, name = first.rpartition(".")
    group = state.tasks[parent]
    if group.state.ended:
        which = "the run" if parent == ROOT else f"its group {short(parent)}"
        return f"it was not reached: {which} is {group.state}", ((short(parent), brief(state, parent)),)
    if first != path:
        opened = f"it is not reached yet: its group {short(first)} was not opened"
        return opened, ((short(first), unreached(state, first)[0]),)
    if state.is_loop(parent):
        return _turn(state, group)
    upstream = [child(parent, each) for each in state.dag(parent).tasks[name].depends_on]
    open_ones = [each for each in upstream if each not in state.tasks or not state.tasks[each].state.ended]
    if open_ones:
        return f"it waits for {listed([short(each) for each in open_ones])}", tuple(
            (short(each), brief(state, each)) for each in open_ones[:MOST]
        )
    pause = next_try(state, parent)
    return ("it waits for the next try of its group", pause) if pause else ("its turn has come", ())


def pending(state: RunState, task: Task) -> tuple[str, Details]:
    """Why the step, whose turn has come, has not started."""
    attempt = task.open_attempt
    if attempt is not None:
        return f"it waits for a free slot, or for its environment: attempt {attempt.number} is to start", ()
    if waits_for_equal(task):
        return "it waits for an equal step, whose outputs it takes if that succeeds", ()
    pause = next_try(state, task.path)
    return ("it waits for its next try", pause) if pause else ("its turn has come", ())


def pauses(state: RunState, path: str) -> bool:
    """Whether the task at `path`, which has not ended, is between two tries."""
    task = state.tasks[path]
    last = task.attempts[-1] if task.attempts else None
    if last is None or last.state is not AttemptState.ENDED or last.created_at < task.created_at:
        return False
    if path not in state.groups:
        return task.state is State.PENDING
    if path in state.todo:
        return False
    inside = (state.tasks.get(child(path, name)) for name in state.dag(path).tasks)
    return state.unfinished[path] > 0 and all(each is None or each.state.ended for each in inside)


def next_try(state: RunState, path: str) -> Details:
    """When the task at `path` is tried again and after what; nothing where it does not wait for that."""
    if not pauses(state, path):
        return ()
    due = next((each.due for each in open_waits(state) if isinstance(each, Wait) and each.path == path), Instant(0))
    last = state.tasks[path].attempts[-1]
    message = last.failure.message if last.failure is not None else "no reason is known"
    after = f"after attempt {last.number} failed: {message}"
    return (("next try", f"at {to_rfc3339(due)}, {after}" if due else after),)


def brief(state: RunState, path: str) -> str:
    """Where the task at `path` is, in a few words."""
    task = state.tasks.get(path)
    if task is None:
        return "not reached yet"
    said = task.failure.message if task.failure is not None else task.reason
    return f"{task.state}: {said}" if said else str(task.state)


def stopping(state: RunState) -> str:
    """Why the run is being stopped."""
    ends, failure = ending(state)
    return "the run is being terminated" if ends is State.CANCELED else failure.message


def short(path: str) -> str:
    """The path as people write it."""
    return path.removeprefix(f"{ROOT}.")


def listed(names: list[str]) -> str:
    """The names in a sentence, the first few of them."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _check(state: RunState, path: str) -> None:
    """The pipeline has a task at that path."""
    try:
        state.plan_of(path)
    except KeyError as error:
        hint = "Give the path of a task, such as group.task"
        raise NotFound("the pipeline has no task there", where=path, hint=hint) from error
    parent, _, last = (_first_unreached(state, path) or path).rpartition(".")
    loop = state.tasks.get(parent)
    if loop is None or loop.kind is not TaskKind.LOOP or (last.isdigit() and int(last) < loop.iterations):
        return
    raise NotFound(f"the loop has {loop.iterations} iterations, counted from 0", where=path)


def _first_unreached(state: RunState, path: str) -> str:
    """The outermost of the task and its groups that was not reached, "" if that is the run's own."""
    names = path.split(".")
    if ROOT not in state.tasks:
        return ""
    return next(each for count in range(2, len(names) + 1) if (each := ".".join(names[:count])) not in state.tasks)


def _turn(state: RunState, loop: Task) -> tuple[str, Details]:
    """Why an iteration of a live loop has not begun."""
    plan = state.plan_of(loop.path).loop
    limit = plan.parallelism if plan is not None else 0
    running = [
        short(child(loop.path, str(index)))
        for index in range(loop.iterations)
        if (each := state.tasks.get(child(loop.path, str(index)))) is not None and not each.state.ended
    ]
    detail = (("running", listed(running)),) if running else ()
    if must_end(state, loop.path):
        return f"it will not begin: {stopping(state)}", detail
    if limit and len(running) >= limit:
        return f"it waits for its turn: the loop runs at most {limit} at a time", detail
    return "it waits for its turn: the loop begins its iterations one after the other", detail
