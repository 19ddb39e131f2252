"""Errands: leaves that the server sees to itself, such as importers. They are attempts as those of steps are.

An importer first asks the store for an artifact that it can take again. Takes the state and the task; raises
InvalidInput for inputs with which the errand makes no sense.
"""

from typing import assert_never

from headrace.base.clock import Instant
from headrace.engine.attempts import next_attempt
from headrace.engine.decision import Decision, LookUpImport, TaskMoved
from headrace.engine.inputs import context
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.event import TaskEnded
from headrace.model.state import State
from headrace.model.task import Task
from headrace.spec import claims
from headrace.spec.importer import resolve_import
from headrace.spec.plan import CreateClaim, DeleteClaim, Errand, Importer


def check(state: RunState, task: Task, errand: Errand) -> None:
    """What is wrong with it is so before anything is begun. Raises InvalidInput."""
    parameters, names = task.inputs.parameters, context(state, task.path, task.name)
    match errand:
        case Importer():
            resolve_import(errand, parameters, names)
        case CreateClaim():
            claims.wanted(parameters, names, state.run.namespace)
        case DeleteClaim():
            claims.unwanted(parameters)
        case _:
            assert_never(errand)


def set_about(state: RunState, task: Task, errand: Errand, tried: int, at: Instant) -> Decision:
    """Ask for what was imported before, or go; the task has been tried `tried` times.

    What is downloaded into a workspace is the run's own: no other one had it. What a resume is to run anew, is.
    """
    redone = state.is_redone(task.path)
    if isinstance(errand, Importer) and not (errand.reimport or errand.download_to_workspace or redone):
        found = resolve_import(errand, task.inputs.parameters, context(state, task.path, task.name))
        look = LookUpImport(task.path, found.uri, errand.artifact.type, found.metadata)
        return Decision(commands=(look,))
    return next_attempt(state, task.path, tried, at)


def taken_again(state: RunState, task: Task, artifact: Artifact, at: Instant) -> Decision:
    """The importer gives an artifact that there is."""
    errand = state.plan_of(task.path).component
    assert isinstance(errand, Importer)  # Who else asks?
    outputs = Bindings(artifacts={errand.output: (artifact,)})
    reason = "its artifact was known, and is as it was"
    moved = TaskMoved(task.path, at, State.SUCCEEDED, started_at=at, outputs=outputs, reason=reason)
    return Decision((moved,), then=(TaskEnded(task.path, at),))
