"""A checked document to a `Plan`: references resolved, tasks in order, components shared. Pure, linear in the document.

Raises InvalidSpec with the path of what is wrong, or of what cannot be executed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from headrace.base.errors import InvalidSpec
from headrace.spec.check import check
from headrace.spec.features import refuse
from headrace.spec.interface import interface
from headrace.spec.ir import ComponentSpec, DagSpec, PipelineTask
from headrace.spec.leaf import compile_leaf, time_limit
from headrace.spec.load import Document
from headrace.spec.order import sort_tasks
from headrace.spec.plan import Container, Dag, Interface, Leaf, OutputSelector, Plan, TaskPlan
from headrace.spec.platform import KubernetesExecutor
from headrace.spec.pod import fitted, producers
from headrace.spec.task import compile_task

MAX_TASKS = 1_000_000
"""How many tasks a run may have, those of nested pipelines and of loops counted each time they are used."""


def compile_plan(document: Document) -> Plan:
    """The plan of a document that this version can execute; the same for all runs of it."""
    used = check(document.spec, document.deployment)
    refuse(document, used)
    return build_plan(document, used)


def build_plan(document: Document, used: Sequence[str]) -> Plan:
    """The plan of a checked document; `used` is its components as `check` gives them, inner ones first."""
    spec = document.spec
    components: dict[str, Leaf | Dag] = {}
    sizes: dict[str, int] = {}
    for name in used:
        made = _component(document, name, spec.components[name], components)
        components[name] = made
        sizes[name] = _size(made, sizes, f"components.{name}")
    assert spec.root is not None  # `check` saw to it, as to its being a dag.
    assert spec.root.dag is not None
    root = _dag("root", spec.root, spec.root.dag, components, "root")
    _size(root, sizes, "root")
    info = spec.pipeline_info
    return Plan(
        plan_id=document.plan_id,
        pipeline_name=info.name,
        root=root,
        display_name=info.display_name,
        description=info.description,
        default_pipeline_root=spec.default_pipeline_root,
        sdk_version=spec.sdk_version,
        time_limit=time_limit(
            document.kubernetes.pipeline_config.active_deadline_seconds, "platforms.kubernetes.pipelineConfig"
        ),
        workspace=document.kubernetes.pipeline_config.workspace is not None,
    )


def _size(component: Leaf | Dag, sizes: Mapping[str, int], where: str) -> int:
    """How many tasks there are at and below the component, as far as the document tells."""
    tasks = component.tasks.values() if isinstance(component, Dag) else ()
    size = 1 + sum(_times(task) * sizes[task.component.component] for task in tasks)
    if size > MAX_TASKS:
        raise InvalidSpec(
            f"the pipeline has more than {MAX_TASKS:,} tasks",
            where=where,
            hint="Nested pipelines and loops count each time they are used",
        )
    return size


def _times(task: TaskPlan) -> int:
    loop = task.loop
    return len(loop.items) if loop is not None and isinstance(loop.items, tuple) else 1


def _component(
    document: Document, name: str, component: ComponentSpec, components: Mapping[str, Leaf | Dag]
) -> Leaf | Dag:
    if component.dag is not None:
        return _dag(name, component, component.dag, components, f"components.{name}")
    label = component.executor_label or ""
    platform = document.kubernetes.deployment_spec.executors.get(label, KubernetesExecutor())
    return compile_leaf(name, component, document.deployment.executors[label], platform, label)


def _dag(name: str, component: ComponentSpec, dag: DagSpec, components: Mapping[str, Leaf | Dag], where: str) -> Dag:
    at = f"{where}.dag.tasks"
    own = interface(component, where)
    used = _fitted(own, {each: components[task.component_ref.name] for each, task in dag.tasks.items()})
    given = {each: _with_producers(task, used[each]) for each, task in dag.tasks.items()}
    tasks = {each: compile_task(each, given[each], used[each], f"{at}.{each}") for each in sort_tasks(given, at)}
    successors: dict[str, list[str]] = {each: [] for each in tasks}
    for task in tasks.values():
        for each in task.depends_on:
            successors[each].append(task.name)
    return Dag(
        component=name,
        interface=own,
        tasks=tasks,
        successors={each: tuple(after) for each, after in successors.items()},
        roots=tuple(each for each, task in tasks.items() if not task.depends_on),
        output_parameters=_output_parameters(dag),
        output_artifacts={
            key: tuple(
                OutputSelector(each.producer_subtask, each.output_artifact_key) for each in output.artifact_selectors
            )
            for key, output in dag.outputs.artifacts.items()
        },
    )


def _fitted(own: Interface, used: Mapping[str, Leaf | Dag]) -> dict[str, Leaf | Dag]:
    """The component of each task of a DAG that takes `own`, with what it asks of the platform looked up there."""
    gives = {name: each.interface for name, each in used.items()}
    return {name: fitted(each, own, gives) if isinstance(each, Container) else each for name, each in used.items()}


def _with_producers(task: PipelineTask, component: Leaf | Dag) -> PipelineTask:
    """The task, dependent also on what makes the names of the objects that it asks for."""
    made_by = producers(component) if isinstance(component, Container) else ()
    return replace(task, dependent_tasks=(*task.dependent_tasks, *made_by)) if made_by else task


def _output_parameters(dag: DagSpec) -> dict[str, tuple[OutputSelector, ...]]:
    found = {}
    for key, output in dag.outputs.parameters.items():
        one, several = output.value_from_parameter, output.value_from_oneof
        selectors = several.parameter_selectors if several is not None else (one,) if one is not None else ()
        found[key] = tuple(OutputSelector(each.producer_subtask, each.output_parameter_key) for each in selectors)
    return found
