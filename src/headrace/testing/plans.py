"""Small plans for tests, built in a line: `dag(leaf("a"), leaf("b", after=["a"]))`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from headrace.base.json import JsonValue
from headrace.spec.condition import Condition
from headrace.spec.plan import (
    ArtifactSource,
    ArtifactSpec,
    Caching,
    Constant,
    Container,
    Dag,
    FinalStatus,
    FromInput,
    FromTask,
    Interface,
    Loop,
    OutputSelector,
    ParameterBinding,
    ParameterSource,
    ParameterSpec,
    ParameterType,
    Plan,
    Retry,
    TaskPlan,
    Trigger,
)

STRING = ParameterSpec(ParameterType.STRING, optional=True)


def leaf(
    name: str,
    *,
    after: Iterable[str] = (),
    parameters: Mapping[str, ParameterSource] | None = None,
    artifacts: Mapping[str, ArtifactSource] | None = None,
    outputs: Iterable[str] = ("Output",),
    made: Iterable[str] = (),
    cached: bool = False,
    always: bool = False,
    retry: Retry | None = None,
    condition: Condition | None = None,
    time_limit: int = 0,
) -> TaskPlan:
    """A container task with string parameters in and out, and `made` as artifacts out."""
    taken = parameters or {}
    interface = Interface(
        input_parameters=dict.fromkeys(taken, STRING),
        input_artifacts={key: ArtifactSpec("system.Artifact", optional=True) for key in artifacts or {}},
        output_parameters=dict.fromkeys(outputs, STRING),
        output_artifacts={key: ArtifactSpec("system.Artifact") for key in made},
    )
    container = Container(f"comp-{name}", interface, "python:3.11", ("echo",), (name,), time_limit=time_limit)
    task = _task(name, container, after, taken, artifacts or {}, cached=cached, always=always)
    return replace(task, retry=retry, condition=condition)


def group(
    name: str,
    inner: Dag,
    *,
    after: Iterable[str] = (),
    always: bool = False,
    retry: Retry | None = None,
    condition: Condition | None = None,
) -> TaskPlan:
    """A nested pipeline as a task."""
    task = _task(name, inner, after, {}, {}, cached=False, always=always)
    return replace(task, retry=retry, condition=condition)


def loop(
    name: str,
    inner: Dag,
    items: Sequence[JsonValue] | ParameterSource,
    *,
    after: Iterable[str] = (),
    parallelism: int = 0,
    retry: Retry | None = None,
) -> TaskPlan:
    """A loop whose body takes each item as `item`."""
    body = replace(inner, interface=replace(inner.interface, input_parameters={"item": STRING}))
    given = items if isinstance(items, ParameterSource) else Constant(list(items))
    task = _task(name, body, after, {"items": given}, {}, cached=False, always=False)
    return replace(task, loop=Loop("item", FromInput("items"), parallelism=parallelism), retry=retry)


def dag(*tasks: TaskPlan, outputs: Mapping[str, tuple[str, str]] | None = None) -> Dag:
    """A graph of tasks, given in an order where dependencies come first. `outputs` maps a name to (task, key)."""
    successors: dict[str, list[str]] = {task.name: [] for task in tasks}
    for task in tasks:
        for name in task.depends_on:
            successors[name].append(task.name)
    chosen = outputs or {}
    return Dag(
        component="comp-dag",
        interface=Interface(output_parameters=dict.fromkeys(chosen, STRING)),
        tasks={task.name: task for task in tasks},
        successors={name: tuple(names) for name, names in successors.items()},
        roots=tuple(task.name for task in tasks if not task.depends_on),
        output_parameters={name: (OutputSelector(*each),) for name, each in chosen.items()},
    )


def plan(root: Dag, name: str = "test-pipeline", *, time_limit: int = 0) -> Plan:
    """A whole pipeline; its id is made of its name."""
    return Plan(plan_id=f"sha256:{name}", pipeline_name=name, root=root, time_limit=time_limit)


def output_of(task: str, key: str = "Output") -> FromTask:
    """The output `key` of a sibling."""
    return FromTask(task, key)


def constant(value: str) -> Constant:
    """A literal input."""
    return Constant(value)


def _task(
    name: str,
    component: Container | Dag,
    after: Iterable[str],
    parameters: Mapping[str, ParameterSource],
    artifacts: Mapping[str, ArtifactSource],
    *,
    cached: bool,
    always: bool,
) -> TaskPlan:
    sources = [*parameters.values(), *artifacts.values()]
    upstream = [source.task for source in sources if isinstance(source, FromTask | FinalStatus)]
    return TaskPlan(
        name=name,
        display_name=name,
        component=component,
        parameters={key: ParameterBinding(source) for key, source in parameters.items()},
        artifacts=artifacts,
        depends_on=tuple(dict.fromkeys([*upstream, *after])),
        trigger=Trigger.ALL_COMPLETED if always else Trigger.ALL_SUCCEEDED,
        caching=Caching(enabled=cached),
    )
