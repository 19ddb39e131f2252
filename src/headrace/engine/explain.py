"""Why a task is where it is: why it waits, was skipped, failed, was cached or canceled; of a group, by which child.

Takes the state and a path, gives an `Explanation` for a person. All of it follows from what the rows keep, so it can be
asked at any time, also long after the run has ended.
"""

import signal
from dataclasses import dataclass

from headrace.base.clock import to_rfc3339
from headrace.engine.awaits import MOST, Details, brief, listed, next_try, pauses, pending, short, stopping, unreached
from headrace.engine.cancel import must_end
from headrace.engine.deadline import of_attempt, of_run
from headrace.engine.state import RunState
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, AttemptState, Task, TaskKind, child
from headrace.spec.plan import Trigger


@dataclass(frozen=True, slots=True)
class Explanation:
    """`state` is None for a task that was not reached; `details` are labels with what is said of each."""

    path: str
    state: State | None
    headline: str
    details: Details = ()


def why(state: RunState, path: str) -> Explanation:
    """Why the task at `path` is where it is; of `root`, why the run is. Raises NotFound for no task of the pipeline."""
    task = state.tasks.get(path)
    if task is None and path == ROOT:
        return _run(state)
    if task is None:
        return Explanation(path, None, *unreached(state, path))
    headline, details = _ended(state, task) if task.state.ended else _unended(state, task)
    return Explanation(path, task.state, headline, (*details, *_about(state, task)))


def _run(state: RunState) -> Explanation:
    """The run without a task yet."""
    run = state.run
    if run.failure is not None:
        return Explanation(ROOT, run.state, f"it failed: {run.failure.message}")
    begun = "was terminated before it began" if run.state.ended else "was accepted, and has not begun"
    return Explanation(ROOT, run.state, f"it {begun}")


def _unended(state: RunState, task: Task) -> tuple[str, Details]:
    if task.kind.is_group:
        return _open_group(state, task)
    if task.state is State.PENDING:
        return pending(state, task)
    note = (("note", task.reason),) if task.reason else ()
    return f"it runs since {to_rfc3339(task.started_at)}{_asked_to_end(state, task)}", note


def _asked_to_end(state: RunState, task: Task) -> str:
    attempt = task.open_attempt
    if must_end(state, task.path):
        return f" and is being ended: {stopping(state)}"
    if attempt is not None and attempt.failure is not None:
        return f" and is being ended: {attempt.failure.message}"
    return ""


def _ended(state: RunState, task: Task) -> tuple[str, Details]:
    message = task.failure.message if task.failure is not None else task.reason
    match task.state:
        case State.SKIPPED:
            return _skipped(state, task)
        case State.CACHED:
            stands_in = (
                f"its outputs were {task.reason}" if task.reason else "an earlier execution of the same stands in"
            )
            return f"it was not run: {stands_in}", (("task", task.cached_from),)
        case State.CANCELED:
            started = "was ended" if task.started_at else "never started"
            return f"it {started}: {message or 'the run was terminated'}", _blamed(state, task, State.CANCELED)
        case State.FAILED:
            blamed = _blamed(state, task, State.FAILED)
            begun = task.started_at or task.attempts or blamed
            return f"it {'failed' if begun else 'was never started'}: {message}", blamed
    return "it succeeded", (("note", task.reason),) if task.reason else ()


def _skipped(state: RunState, task: Task) -> tuple[str, Details]:
    """By what is upstream, down to the task that it began with; or by its condition."""
    upstream = _bad_upstream(state, task)
    if upstream is None:
        return "it was skipped: its condition is false", (("condition", task.reason),)
    cause = upstream
    while cause.state is State.SKIPPED and (further := _bad_upstream(state, cause)) is not None:
        cause = further
    begun = () if cause is upstream else ((short(cause.path), brief(state, cause.path)),)
    said = ((short(upstream.path), brief(state, upstream.path)), *begun)
    return f"it was skipped: {task.reason}", said


def _bad_upstream(state: RunState, task: Task) -> Task | None:
    """What the task needs to succeed and did not, the first of it."""
    plan = state.plan_of(task.path)
    if task.iteration >= 0 or plan.trigger is Trigger.ALL_COMPLETED:
        return None
    upstream = (state.tasks.get(child(task.parent, name)) for name in plan.depends_on)
    return next((each for each in upstream if each is not None and each.state.ended and not each.state.good), None)


def _open_group(state: RunState, group: Task) -> tuple[str, Details]:
    """What goes on in it."""
    pause = next_try(state, group.path)
    if pause:
        return "it waits for its next try", pause
    live = sorted(each for each in state.live if _is_in(each, group.path))
    paused = [each for each in sorted(state.groups) if _is_in(each, group.path) and pauses(state, each)]
    found = (*((short(each), _live(state, each)) for each in [*live, *paused][:MOST]), *_more(len(live) + len(paused)))
    if group.kind is TaskKind.LOOP:
        running, todo = state.iterating(group.path), len(state.todo[group.path])
        ended = group.iterations - running - todo
        counts = f"{ended} of its {group.iterations} iterations have ended, {running} running, {todo} to begin"
        return f"it goes on: {counts}", found
    names = listed([short(child(group.path, name)) for name in _unended_in(state, group)])
    return f"it waits for {names}" if names else "its tasks have ended", found


def _unended_in(state: RunState, group: Task) -> list[str]:
    found = ((name, state.tasks.get(child(group.path, name))) for name in state.dag(group.path).tasks)
    return [name for name, task in found if task is None or not task.state.ended]


def _live(state: RunState, path: str) -> str:
    """A step that has not ended, or a group between two tries, in a line."""
    task = state.tasks[path]
    headline, details = _unended(state, task)
    return f"{task.state}: {headline}" + "".join(f" ({text})" for label, text in details if label == "next try")


def _blamed(state: RunState, group: Task, how: State) -> Details:
    """The tasks in the group whose own end that was, the earliest first: not the groups that only followed."""
    inside = [each for each in state.tasks.values() if each.state is how and _is_in(each.path, group.path)]
    followed = {each.parent for each in inside}
    causes = sorted((each.ended_at, each.path) for each in inside if each.path not in followed)
    return (*((short(path), brief(state, path)) for _, path in causes[:MOST]), *_more(len(causes)))


def _more(count: int) -> Details:
    return (("more", f"{count - MOST} others"),) if count > MOST else ()


def _is_in(path: str, group: str) -> bool:
    return path.startswith(f"{group}.")


def _about(state: RunState, task: Task) -> Details:
    return (*_resumed(state, task), *_time_limit(state, task), *_tries(state, task))


def _resumed(state: RunState, task: Task) -> Details:
    """Of the run: what it was resumed from, and where."""
    resume = state.run.resume
    if resume is None or task.path != ROOT:
        return ()
    return (("resumed", f"from run {resume.run_id} at {listed([short(each) for each in resume.at])}"),)


def _time_limit(state: RunState, task: Task) -> Details:
    """Until when the attempt that runs, or the run, must have ended."""
    limits = of_run(state) if task.path == ROOT else of_attempt(state, task.open_attempt)
    return tuple(("time limit", f"{each.seconds} s: it is ended at {to_rfc3339(each.due)}") for each in limits)


def _tries(state: RunState, task: Task) -> Details:
    """How its attempts ended, the latest few, and how many it may have."""
    ended = [each for each in task.attempts if each.state is AttemptState.ENDED and each.failure is not None]
    if not ended:
        return ()
    said = tuple((f"attempt {each.number}", _end_of(each)) for each in ended[-MOST:])
    retry = state.plan_of(task.path).retry if task.path != ROOT and task.iteration < 0 else None
    if retry is None:
        return said
    own = sum(not each.infrastructure and each.created_at >= task.created_at for each in ended)
    return (*said, ("tries", f"{own} of {retry.max_retries + 1} have failed; faults that are not its own do not count"))


def _end_of(attempt: Attempt) -> str:
    """How the attempt ended, with its exit code or signal, and whose fault it was."""
    code = attempt.exit_code
    how = "" if code is None else f"exit code {code}: " if code >= 0 else f"{_signal(-code)}: "
    message = attempt.failure.message if attempt.failure is not None else ""
    fault = " (not the step's fault)" if attempt.infrastructure else ""
    return f"{how}{message}{fault}"


def _signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
