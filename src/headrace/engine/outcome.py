"""How a group ended, once every task in it has: its state, its outputs, and the failure to show a person first."""

from dataclasses import dataclass

from headrace.base.json import JsonValue
from headrace.engine.cancel import CANCELED, ending
from headrace.engine.iterations import collect
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import Task, child
from headrace.spec.plan import Dag, OutputSelector


@dataclass(frozen=True, slots=True)
class Outcome:
    """SUCCEEDED with outputs, or FAILED or CANCELED with a failure."""

    state: State
    outputs: Bindings | None = None
    failure: Failure | None = None


def of_dag(state: RunState, path: str) -> Outcome:
    """The outcome of the drained DAG at `path`. It failed if any of its tasks did, exit tasks included."""
    dag = state.dag(path)
    bad = _bad([state.tasks[child(path, name)] for name in dag.tasks])
    if bad is not None:
        return bad
    return Outcome(State.SUCCEEDED, outputs=_outputs(state, path, dag))


def of_loop(state: RunState, path: str) -> Outcome:
    """The outcome of the drained loop at `path`. One that was cut short ends as the stopped run does."""
    if state.todo[path]:
        ends, failure = ending(state)
        return Outcome(ends, failure=failure)
    iterations = range(state.tasks[path].iterations)
    bad = _bad([state.tasks[child(path, str(index))] for index in iterations])
    return bad if bad is not None else Outcome(State.SUCCEEDED, outputs=collect(state, path))


def _bad(tasks: list[Task]) -> Outcome | None:
    """CANCELED if any of the tasks is, else FAILED if any is."""
    if any(task.state is State.CANCELED for task in tasks):
        return Outcome(State.CANCELED, failure=CANCELED)
    failed = [task for task in tasks if task.state is State.FAILED]
    return Outcome(State.FAILED, failure=Failure(_blame(failed))) if failed else None


def _blame(failed: list[Task]) -> str:
    first = min(failed, key=lambda task: (task.ended_at, task.path))
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    message = first.failure.message if first.failure else "no reason is known"
    which = f"task {first.name}" if first.iteration < 0 else f"iteration {first.iteration} of {first.name}"
    return f"{which} failed{more}: {message}"


def _outputs(state: RunState, path: str, dag: Dag) -> Bindings:
    """What the group declares, as its tasks gave it. The declared type is no guide: in a loop it may be a list's."""
    parameters: dict[str, JsonValue] = {}
    for name, selectors in dag.output_parameters.items():
        source = _chosen(state, path, selectors)
        if source is not None and (value := source[0].outputs.parameters.get(source[1])) is not None:
            parameters[name] = value
    artifacts: dict[str, tuple[Artifact, ...]] = {}
    for name, selectors in dag.output_artifacts.items():
        source = _chosen(state, path, selectors)
        if source is not None and (made := source[0].outputs.artifacts.get(source[1])):
            artifacts[name] = made
    return Bindings(parameters, artifacts)


def _chosen(state: RunState, path: str, selectors: tuple[OutputSelector, ...]) -> tuple[Task, str] | None:
    """The first candidate whose task succeeded, with the key of its output."""
    for selector in selectors:
        task = state.tasks[child(path, selector.task)]
        if task.state.good:
            return task, selector.key
    return None
