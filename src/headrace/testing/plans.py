"""Small plans for tests, built in a line: `dag(leaf("a"), leaf("b", after=["a"]))`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from headrace.base.json import JsonObject, JsonValue
from headrace.spec.condition import Condition
from headrace.spec.plan import (
    ArtifactSource,
    ArtifactSpec,
    Caching,
    Constant,
    Container,
    CreateClaim,
    Dag,
    FinalStatus,
    FromInput,
    FromTask,
    Importer,
    Interface,
    Leaf,
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
ARTIFACT = ArtifactSpec("system.Artifact", optional=True)


def leaf(
    name: str,
    *,
    after: Iterable[str] = (),
    parameters: Mapping[str, ParameterSource] | None = None,
    artifacts: Mapping[str, ArtifactSource] | None = None,
    outputs: Iterable[str] | Mapping[str, ParameterSpec] = ("Output",),
    made: Iterable[str] | Mapping[str, ArtifactSpec] = (),
    cached: bool = False,
    always: bool = False,
    retry: Retry | None = None,
    condition: Condition | None = None,
    time_limit: int = 0,
) -> TaskPlan:
    """A container task with strings as parameters, and `made` as artifacts out, unless specs say otherwise."""
    taken = parameters or {}
    interface = replace(
        _takes(taken, artifacts or {}),
        output_parameters=outputs if isinstance(outputs, Mapping) else dict.fromkeys(outputs, STRING),
        output_artifacts=made if isinstance(made, Mapping) else dict.fromkeys(made, ARTIFACT),
    )
    container = Container(f"comp-{name}", interface, "python:3.11", ("echo",), (name,), time_limit=time_limit)
    task = _task(name, container, after, taken, artifacts or {}, cached=cached, always=always)
    return replace(task, retry=retry, condition=condition)


def importer(
    name: str,
    uri: str,
    *,
    after: Iterable[str] = (),
    metadata: JsonObject | None = None,
    reimport: bool = False,
    retry: Retry | None = None,
) -> TaskPlan:
    """An importer of a dataset, its output `data`."""
    interface = Interface(output_artifacts={"data": ArtifactSpec("system.Dataset")})
    found = Importer(f"comp-{name}", interface, Constant(uri), "data", Constant(metadata or {}), reimport)
    return replace(_task(name, found, after, {}, {}, cached=False, always=False), retry=retry)


def create_claim(name: str, *, after: Iterable[str] = (), retry: Retry | None = None) -> TaskPlan:
    """A task that makes a persistent volume claim of the run's own, and gives its `name`."""
    modes = ParameterSpec(ParameterType.LIST, optional=True)
    interface = Interface(
        input_parameters={"pvc_name_suffix": STRING, "size": STRING, "access_modes": modes},
        output_parameters={"name": STRING},
    )
    given = {
        "pvc_name_suffix": Constant(f"-{name}"),
        "size": Constant("1Gi"),
        "access_modes": Constant(["ReadWriteOnce"]),
    }
    made = CreateClaim(f"comp-{name}", interface)
    return replace(_task(name, made, after, given, {}, cached=False, always=False), retry=retry)


def group(
    name: str,
    inner: Dag,
    *,
    after: Iterable[str] = (),
    parameters: Mapping[str, ParameterSource] | None = None,
    artifacts: Mapping[str, ArtifactSource] | None = None,
    always: bool = False,
    retry: Retry | None = None,
    condition: Condition | None = None,
) -> TaskPlan:
    """A nested pipeline as a task, whose own tasks take what it is given with `FromParent`."""
    taken, used = parameters or {}, artifacts or {}
    given = _given(inner, taken, used)
    task = _task(name, given, after, taken, used, cached=False, always=always)
    return replace(task, retry=retry, condition=condition)


def loop(
    name: str,
    inner: Dag,
    items: Sequence[JsonValue] | ParameterSource | None,
    *,
    after: Iterable[str] = (),
    artifacts: ArtifactSource | None = None,
    parallelism: int = 0,
    retry: Retry | None = None,
) -> TaskPlan:
    """A loop whose body takes each item as `item`: of `items`, or of a list of `artifacts`."""
    over_artifacts = artifacts is not None
    given = {} if items is None else {"items": items if isinstance(items, ParameterSource) else Constant(list(items))}
    used = {} if artifacts is None else {"items": artifacts}
    body = _given(inner, (), ["item"]) if over_artifacts else _given(inner, ["item"], ())
    task = _task(name, body, after, given, used, cached=False, always=False)
    turns = Loop("item", FromInput("items"), over_artifacts=over_artifacts, parallelism=parallelism)
    return replace(task, loop=turns, retry=retry)


def dag(
    *tasks: TaskPlan,
    outputs: Mapping[str, tuple[str, str]] | None = None,
    oneof: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    made: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> Dag:
    """A graph of tasks, given in an order where dependencies come first.

    `outputs` maps a name to (task, key); `oneof`, and `made` for artifacts, to several, of which the first that is
    there counts.
    """
    successors: dict[str, list[str]] = {task.name: [] for task in tasks}
    for task in tasks:
        for name in task.depends_on:
            successors[name].append(task.name)
    chosen = {name: (each,) for name, each in (outputs or {}).items()} | dict(oneof or {})
    artifacts = made or {}
    return Dag(
        component="comp-dag",
        interface=Interface(
            output_parameters=dict.fromkeys(chosen, STRING), output_artifacts=dict.fromkeys(artifacts, ARTIFACT)
        ),
        tasks={task.name: task for task in tasks},
        successors={name: tuple(names) for name, names in successors.items()},
        roots=tuple(task.name for task in tasks if not task.depends_on),
        output_parameters={name: tuple(OutputSelector(*each) for each in several) for name, several in chosen.items()},
        output_artifacts={
            name: tuple(OutputSelector(*each) for each in several) for name, several in artifacts.items()
        },
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


def _selectors(chosen: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, tuple[OutputSelector, ...]]:
    return {name: tuple(OutputSelector(*each) for each in several) for name, several in chosen.items()}


def _takes(parameters: Iterable[str], artifacts: Iterable[str]) -> Interface:
    return Interface(
        input_parameters=dict.fromkeys(parameters, STRING), input_artifacts=dict.fromkeys(artifacts, ARTIFACT)
    )


def _given(inner: Dag, parameters: Iterable[str], artifacts: Iterable[str]) -> Dag:
    """The DAG as a component that takes these."""
    takes = _takes(parameters, artifacts)
    interface = replace(inner.interface, input_parameters=takes.input_parameters, input_artifacts=takes.input_artifacts)
    return replace(inner, interface=interface)


def _task(
    name: str,
    component: Leaf | Dag,
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
