"""What the cache has to do with a task: where its outputs came from, or why it was executed all the same.

Takes the run's state and a task of it, gives lines of an explanation, and what the task's fingerprint is made of.
"""

from headrace.base.clock import to_rfc3339
from headrace.base.json import JsonObject, compact
from headrace.engine.awaits import Details, short
from headrace.engine.equal import waits_for_equal
from headrace.engine.state import RunState
from headrace.model.run import Run
from headrace.model.task import Task
from headrace.spec.fingerprint import Difference, differences
from headrace.spec.plan import Container
from headrace.store import cache, equal
from headrace.store.db import Tx

_LONGEST_VALUE = 60
_SHOWN = frozenset({"pipeline", "image", "component", "cache_key", "claims", "workers"})
"""The parts of a fingerprint that are texts, not digests."""

_SPELLED = {
    "command": "its code, command or arguments",
    "env": "its environment variables",
    "outputs": "its outputs",
    "environment": "what `images` gives for its image",
    "claims": "the volume claims that it mounts",
    "sources": "the image's sources",
}


def of_cache(tx: Tx, state: RunState, task: Task) -> Details:
    """Where the outputs came from, or why the task was executed though it may have been before."""
    if task.cached_from:
        found = cache.origin(tx, task.cached_from)
        return (("run", f"{found[0]}, task {found[1].removeprefix('root.')}" if found else "it was deleted"),)
    if waits_for_equal(task):
        return _of_equal(tx, state.run, task)
    if not task.attempts or not isinstance(state.plan_of(task.path).component, Container):
        return ()  # the cache has no part in what the server does itself
    if state.is_redone(task.path):
        return (("cache", "not asked: the run was resumed here, or before here"),)
    if not task.fingerprint:
        off = "the server ran without it" if state.plan_of(task.path).caching.enabled else "by the pipeline"
        return (("cache", f"off: {off}"),)
    before = cache.nearest(tx, state.run, task)
    if before is None:
        return (("cache", "missed: there is no earlier execution"),)
    which = f"run {before.run_id}, where it ended at {to_rfc3339(before.ended_at)}"
    now = cache.parts_of(tx, state.run.namespace, task.fingerprint)
    if not now or not before.parts:
        return (("cache", f"missed: not known to be the same as in {which}"),)
    changed = differences(before.parts, now)
    if not changed:
        return (("cache", f"missed: what is the same, in {which}, could not stand in"),)
    said = tuple((_label(each), _change(each, before.parameters, task.inputs.parameters)) for each in changed)
    return (("cache", f"missed: not the same as in {which}"), *said)


def _of_equal(tx: Tx, run: Run, task: Task) -> Details:
    """The step that is executed for this one, too."""
    executed = equal.executed_for(tx, run.namespace, task.fingerprint)
    if executed is None:
        return ()
    which = "this run" if executed.run_id == run.run_id else f"run {executed.run_id}"
    return (("equal step", f"{short(executed.path)} of {which}: {executed.state or 'gone'}"),)


def _label(difference: Difference) -> str:
    kind, _, name = difference.part.partition(".")
    return f"{kind.removesuffix('s')} {name}" if name else kind


def _change(difference: Difference, before: JsonObject, now: JsonObject) -> str:
    """What it was and is, where that is short enough to be read."""
    kind, _, name = difference.part.partition(".")
    if kind == "parameters" and name in before and name in now:
        return f"was {_cut(compact(before[name]))}, is {_cut(compact(now[name]))}"
    if not difference.before or not difference.now:
        return "is new" if difference.now else "is gone"
    if kind in _SHOWN:
        return f"was {_cut(difference.before)}, is {_cut(difference.now)}"
    return f"{_SPELLED.get(kind, 'its bytes or metadata')} differ"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
