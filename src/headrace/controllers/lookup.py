"""The answer to the planner's question for an earlier execution of a step, inside the transaction that asks.

A hit must stand: all that it made is still there, unchanged. Where there is none, an equal step that is being executed
is waited for, in whichever run it is; else the step that asks is the one that is executed.
"""

from collections.abc import Callable
from dataclasses import replace

from headrace.base.clock import Instant
from headrace.engine.decision import LookUp, LookUpCache, LookUpEarlier
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import CacheAnswered, EarlierAnswered
from headrace.model.task import Task
from headrace.store import cache, equal
from headrace.store.db import Tx
from headrace.store.equal import Executed

IsIntact = Callable[[Artifact], bool]


def look_up(
    tx: Tx, state: RunState, look: LookUp, now: Instant, is_intact: IsIntact
) -> CacheAnswered | EarlierAnswered:
    """What the cache has, or the run that this one was resumed from."""
    if isinstance(look, LookUpCache):
        return _look_into_cache(tx, state, look, now, is_intact)
    return _look_back(tx, look, now, is_intact)


def _look_back(tx: Tx, look: LookUpEarlier, now: Instant, is_intact: IsIntact) -> EarlierAnswered:
    found = cache.find_earlier(tx, look.task_id)
    if found is not None and not _stands(found.outputs, is_intact):
        found = replace(found, is_intact=False)
    return EarlierAnswered(look.path, now, found)


def _look_into_cache(tx: Tx, state: RunState, look: LookUpCache, now: Instant, is_intact: IsIntact) -> CacheAnswered:
    """A hit, a wait, or a miss, which is noted: equal steps wait from now on."""
    namespace, run_id = state.run.namespace, state.run.run_id
    hit = cache.find_cached(tx, namespace, look.fingerprint)
    if hit is not None and _stands(hit.outputs, is_intact):
        return CacheAnswered(look.path, now, hit.task_id, hit.outputs)
    last = equal.executed_for(tx, namespace, look.fingerprint, to_decide=True)
    if last is not None and (last.run_id, last.path) != (run_id, look.path):
        if _goes_on(state, last):
            return CacheAnswered(look.path, now, waits=True)
        done = _just_done(state, last)
        if done is not None and _stands(done.outputs, is_intact):
            return CacheAnswered(look.path, now, done.task_id, done.outputs)
    equal.execute(tx, namespace, look.fingerprint, look.parts, run_id, look.path, again=last is not None)
    return CacheAnswered(look.path, now)


def _goes_on(state: RunState, last: Executed) -> bool:
    """Whether the equal step has not ended. Of this run the state knows more than the rows."""
    if last.run_id == state.run.run_id:
        return last.path in state.live
    return last.state is not None and not last.state.ended


def _just_done(state: RunState, last: Executed) -> Task | None:
    """The equal step of this run, where it succeeded in this very transaction: its row does not say so yet."""
    task = state.tasks.get(last.path) if last.run_id == state.run.run_id else None
    known = last.state is not None and last.state.ended
    return task if task is not None and task.state.good and not known else None


def _stands(outputs: Bindings, is_intact: IsIntact) -> bool:
    """Whether an earlier execution can stand in."""
    return all(is_intact(each) for made in outputs.artifacts.values() for each in made)
