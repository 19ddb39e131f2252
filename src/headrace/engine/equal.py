"""Equal steps: while one is executed, those of the same fingerprint wait for it, in its run and in others.

A step that waits so has a row in PENDING and no attempt. The store says whom it waits for, and wakes it when that one
has ended: it then looks for an execution again, finds it, or is the next to be executed itself.
"""

from headrace.base.clock import Instant
from headrace.engine.decision import Command, Decision, LookUpCache, Wait
from headrace.engine.images import setting_of
from headrace.engine.pod import pod_of
from headrace.engine.state import RunState
from headrace.model.pod import ClaimVolume
from headrace.model.state import State
from headrace.model.task import Task
from headrace.spec.fingerprint import fingerprint
from headrace.spec.plan import Container

LOOKED_UP_AT_ONCE = 100
"""How many steps that waited look again in one transaction; the next follow in the next one."""


def waits_for_equal(task: Task) -> bool:
    """Whether the step was reached and neither answered nor tried: an equal one is being executed."""
    if task.state is not State.PENDING or not task.fingerprint:
        return False
    return not task.attempts or task.attempts[-1].created_at < task.created_at


def look_up(state: RunState, task: Task) -> LookUpCache:
    """The question for an earlier execution of the step."""
    plan = state.plan_of(task.path)
    assert isinstance(plan.component, Container)
    environment = setting_of(state, task, plan.component)
    volumes = pod_of(state, task, plan.component).volumes if plan.component.pod else ()
    claims = [each.name for each in volumes if isinstance(each, ClaimVolume)]
    name = state.run.pipeline_name
    mark = fingerprint(plan.component, task.inputs, plan.caching, name, environment, claims, task.sources)
    return LookUpCache(task.path, mark.digest, mark.parts)


def look_again(state: RunState, first: Task, at: Instant) -> Decision:
    """What `first` waited for has ended: it asks again, and so do those after it, in the order of their paths."""
    waiting = [path for path in _waiting(state, first.fingerprint) if path >= first.path]
    commands: list[Command] = [look_up(state, state.tasks[path]) for path in waiting[:LOOKED_UP_AT_ONCE]]
    if len(waiting) > LOOKED_UP_AT_ONCE:
        commands.append(Wait(waiting[LOOKED_UP_AT_ONCE], at, 0.0))
    return Decision(commands=tuple(commands))


def waits_for_equals(state: RunState) -> list[Wait]:
    """Of a run that was loaded: for each fingerprint that steps wait for, the first of them."""
    found = (_waiting(state, each) for each in sorted(state.alike))
    return [Wait(waiting[0], Instant(0), 0.0) for waiting in found if waiting]


def _waiting(state: RunState, fingerprint: str) -> list[str]:
    return sorted(path for path in state.alike.get(fingerprint, ()) if waits_for_equal(state.tasks[path]))
