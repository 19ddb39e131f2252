"""How a DAG ended, once every task in it has: its state, its outputs, and the failure to show a person first."""

from dataclasses import dataclass

from headrace.base.errors import InvalidInput
from headrace.base.json import JsonValue
from headrace.engine.state import RunState
from headrace.model.artifact import Artifact, Bindings
from headrace.model.run import Failure
from headrace.model.state import State
from headrace.model.task import Task, child
from headrace.spec.plan import Dag, OutputSelector
from headrace.spec.values import coerce


@dataclass(frozen=True, slots=True)
class Outcome:
    """SUCCEEDED with outputs, or FAILED with a failure."""

    state: State
    outputs: Bindings | None = None
    failure: Failure | None = None


def of_dag(state: RunState, path: str) -> Outcome:
    """The outcome of the drained DAG at `path`. It failed if any of its tasks did, exit tasks included."""
    dag = state.dag(path)
    failed = [task for name in dag.tasks if (task := state.tasks[child(path, name)]).state is State.FAILED]
    if failed:
        return Outcome(State.FAILED, failure=Failure(_blame(failed)))
    try:
        return Outcome(State.SUCCEEDED, outputs=_outputs(state, path, dag))
    except InvalidInput as error:
        return Outcome(State.FAILED, failure=Failure(str(error), code=3))


def _blame(failed: list[Task]) -> str:
    first = min(failed, key=lambda task: (task.ended_at, task.path))
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    message = first.failure.message if first.failure else "no reason is known"
    return f"task {first.name} failed{more}: {message}"


def _outputs(state: RunState, path: str, dag: Dag) -> Bindings:
    parameters: dict[str, JsonValue] = {}
    for name, selectors in dag.output_parameters.items():
        source = _chosen(state, path, selectors)
        if source is not None and (value := source[0].outputs.parameters.get(source[1])) is not None:
            spec = dag.interface.output_parameters.get(name)
            parameters[name] = coerce(value, spec, f"output parameter {name}") if spec else value
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
