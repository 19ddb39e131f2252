"""The answer to the planner's question for an earlier execution of a step, inside the transaction that asks.

A hit must stand: all that it made is still there, unchanged. Where there is none, an equal step that is being executed
is waited for, in whichever run it is; else the step that asks is the one that is executed.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from headrace.base.clock import Instant
from headrace.engine.decision import LookUp, LookUpCache, LookUpEarlier, LookUpImport
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import CacheAnswered, EarlierAnswered, ImportAnswered
from headrace.model.task import Earlier, Task
from headrace.spec.claims import OUTPUT
from headrace.spec.plan import CreateClaim
from headrace.store import cache, claims, equal, lineage
from headrace.store.db import Tx
from headrace.store.equal import Executed

IsIntact = Callable[[Artifact], bool]


def look_up(
    tx: Tx, state: RunState, look: LookUp, now: Instant, is_intact: IsIntact
) -> CacheAnswered | EarlierAnswered | ImportAnswered:
    """What the cache has, or the run that this one was resumed from, or an importer of any run has brought."""
    match look:
        case LookUpCache():
            return _look_into_cache(tx, state, look, now, is_intact)
        case LookUpEarlier():
            return _look_back(tx, state, look, now, is_intact)
        case LookUpImport():
            return _look_for_import(tx, state, look, now, is_intact)
    assert_never(look)


def _look_back(tx: Tx, state: RunState, look: LookUpEarlier, now: Instant, is_intact: IsIntact) -> EarlierAnswered:
    found = cache.find_earlier(tx, look.task_id)
    if found is not None and not (_stands(found.outputs, is_intact) and _is_claimed(tx, state, look.path, found)):
        found = replace(found, is_intact=False)
    return EarlierAnswered(look.path, now, found)


def _is_claimed(tx: Tx, state: RunState, path: str, found: Earlier) -> bool:
    """Whether the persistent volume claim that the earlier task made, if it made one, was not deleted since."""
    if not isinstance(state.plan_of(path).component, CreateClaim):
        return True
    name = found.outputs.parameters.get(OUTPUT)
    return isinstance(name, str) and claims.find(tx, state.run.namespace, name) is not None


def _look_for_import(tx: Tx, state: RunState, look: LookUpImport, now: Instant, is_intact: IsIntact) -> ImportAnswered:
    found = lineage.find_same(tx, state.run.namespace, look.uri, look.type, look.metadata)
    return ImportAnswered(look.path, now, found if found is not None and is_intact(found) else None)


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
    return all(is_intact(each) for made in outputs.products.values() for each in made)
