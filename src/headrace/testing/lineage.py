"""Whether the lineage of a run that has ended is what happened: links, makers, and the values that went from task to
task.

Takes the database, the run's state, and what the launcher knows that its attempts made.
"""

from collections.abc import Iterator, Mapping

from headrace.engine.state import RunState
from headrace.model.artifact import METRICS, Bindings
from headrace.model.listing import ListQuery
from headrace.model.state import State
from headrace.model.task import Task, TaskKind, child
from headrace.spec.plan import FromTask, ParameterType
from headrace.store import artifacts
from headrace.store.db import Database
from headrace.store.lineage import split
from headrace.store.views import ArtifactTask

_PAGE = 100_000


def check_lineage(database: Database, state: RunState, made: Mapping[str, Bindings]) -> None:
    """Raises AssertionError that says what is wrong. `made` is by attempt id."""
    tasks = state.tasks.values()
    for task in tasks:
        _check_made(task, made)
        _check_given(state, task)
    wanted = {link for task in tasks for link in _links(task)}
    if not wanted and not made:
        return
    every = ListQuery(size=_PAGE)
    page = database.read(
        lambda tx: artifacts.list_artifact_tasks(tx, state.run.namespace, every, run_ids=[state.run.run_id])
    )
    found = {_spelled(each) for each in page.items}
    assert found == wanted, f"lineage has {sorted(found - wanted)} too many and lacks {sorted(wanted - found)}"


_Link = tuple[str, bool, str, int, str]


def _links(task: Task) -> Iterator[_Link]:
    """What the task's values say; iterations have no links, and of metrics each number has one."""
    if task.kind is TaskKind.ITERATION:
        return
    for is_output, bindings in ((False, task.inputs), (True, task.outputs)):
        for key, several in bindings.artifacts.items():
            for position, artifact in enumerate(several):
                for each in split(artifact) if artifact.type == METRICS else [artifact]:
                    yield task.task_id, is_output, key, position, each.artifact_id


def _spelled(link: ArtifactTask) -> _Link:
    return link.task_id, link.type.is_output, link.key, link.position, link.artifact_id


def _check_made(task: Task, made: Mapping[str, Bindings]) -> None:
    """A step that succeeded has the outputs of its last attempt; one that did not has none."""
    if task.kind.is_group:
        return
    own = [each for each in task.attempts if each.created_at >= task.created_at]
    if task.state is State.SUCCEEDED and own:
        assert task.outputs == made.get(own[-1].attempt_id), f"{task.path} has outputs that it did not make"
    elif not task.state.good:
        assert task.outputs == Bindings(), f"{task.path} is {task.state} and has outputs"


def _check_given(state: RunState, task: Task) -> None:
    """What a task took from a sibling is what that gave."""
    if task.iteration >= 0 or not task.parent or not task.started_at:
        return
    plan = state.plan_of(task.path)
    for name, binding in plan.parameters.items():
        if isinstance(binding.source, FromTask) and not binding.selector and name in task.inputs.parameters:
            spec = plan.component.interface.input_parameters.get(name)
            gave = _outputs(state, task, binding.source).parameters.get(binding.source.key)
            if gave is not None and plan.loop is None and (spec is None or spec.type is not ParameterType.STRING):
                assert task.inputs.parameters[name] == gave, f"{task.path} was given another {name}"
    for name, source in plan.artifacts.items():
        if isinstance(source, FromTask):
            handed = _outputs(state, task, source).artifacts.get(source.key, ())
            assert task.inputs.artifacts.get(name, ()) == handed, f"{task.path} was given another {name}"


def _outputs(state: RunState, task: Task, source: FromTask) -> Bindings:
    upstream = state.tasks[child(task.parent, source.task)]
    return upstream.outputs if upstream.state.good else Bindings()
