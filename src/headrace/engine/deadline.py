"""Time limits of attempts and of runs: what has one, since when, and what follows when the time is over.

An attempt that has had its time is asked to end and keeps why as its failure, so that a restart asks it again; it then
ends with that failure, and may be tried again. A run that has had its time is stopped: what runs ends, exit tasks run.
"""

from dataclasses import replace

from headrace.base.clock import Instant
from headrace.engine.cancel import stop
from headrace.engine.decision import AttemptMoved, Deadline, Decision, Kill
from headrace.engine.state import RunState, open_attempts
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import ROOT, Attempt, AttemptState
from headrace.spec.plan import Container, Plan

_DEADLINE_EXCEEDED = 4


def run_began(plan: Plan, at: Instant) -> tuple[Deadline, ...]:
    """The limit of a run that begins, or is retried; nothing where it has none."""
    return (Deadline(ROOT, "", at, plan.time_limit),) if plan.time_limit else ()


def attempt_began(plan: Plan, attempt: Attempt) -> tuple[Deadline, ...]:
    """The limit of an attempt that has started; nothing where it has none."""
    component = plan.find(attempt.path).component
    limit = component.time_limit if isinstance(component, Container) else 0
    return (Deadline(attempt.path, attempt.attempt_id, attempt.started_at, limit),) if limit else ()


def of_run(state: RunState) -> tuple[Deadline, ...]:
    """The limit that the run is under, unless it is being stopped."""
    return run_began(state.plan, state.run.history[-1].at) if state.run.state is State.RUNNING else ()


def of_attempt(state: RunState, attempt: Attempt | None) -> tuple[Deadline, ...]:
    """The limit that the attempt is under, unless it was asked to end."""
    if attempt is None or attempt.state is not AttemptState.STARTED or attempt.failure is not None:
        return ()
    return attempt_began(state.plan, attempt)


def open_deadlines(state: RunState) -> list[Deadline]:
    """All limits that the run and its attempts are under."""
    return [*of_run(state), *(each for attempt in open_attempts(state) for each in of_attempt(state, attempt))]


def stands(state: RunState, deadline: Deadline) -> bool:
    """Whether what the limit was made for is still under it."""
    if not deadline.attempt_id:
        return deadline in of_run(state)
    return deadline in of_attempt(state, state.attempt(deadline.path, deadline.attempt_id))


def passed(state: RunState, deadline: Deadline, at: Instant) -> Decision:
    """What is over its time ends. Told late, or twice, it is nothing."""
    if not stands(state, deadline):
        return Decision()
    attempt = state.attempt(deadline.path, deadline.attempt_id)
    if attempt is None:
        return stop(state, at, _failure("the run timed out", deadline))
    ending = replace(attempt, failure=_failure("timed out", deadline))
    return Decision((AttemptMoved(ending),), (Kill(attempt.path, attempt.attempt_id),))


def _failure(what: str, deadline: Deadline) -> Failure:
    return Failure(f"{what} after {deadline.seconds} s, its time limit (activeDeadlineSeconds)", _DEADLINE_EXCEEDED)
