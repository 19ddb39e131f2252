"""A checked document to a `Plan`: references resolved, tasks in order, components shared. Pure, linear in the document.

Raises InvalidSpec with the path of what is wrong, or of what cannot be executed.
"""

from collections.abc import Mapping

from headrace.base.errors import InvalidSpec
from headrace.spec.arguments import check_argument
from headrace.spec.check import check
from headrace.spec.deployment import ContainerSpec, ResourceSpec
from headrace.spec.features import (
    refuse_component,
    refuse_executor,
    refuse_kubernetes,
    refuse_pipeline_config,
    refuse_task,
)
from headrace.spec.interface import constant_of, interface
from headrace.spec.ir import ComponentSpec, DagSpec, InputArtifact, InputParameter, PipelineTask
from headrace.spec.load import Document
from headrace.spec.order import dependencies, sort_tasks
from headrace.spec.plan import (
    ArtifactSource,
    Caching,
    Constant,
    Container,
    Dag,
    FinalStatus,
    FromParent,
    FromTask,
    OutputSelector,
    ParameterBinding,
    ParameterSource,
    Plan,
    Resources,
    TaskPlan,
    Trigger,
)
from headrace.spec.selector import parse_selector
from headrace.spec.text import to_text

MAX_TASKS = 1_000_000
"""How many tasks a run may have, those of nested pipelines counted each time they are used."""


def compile_plan(document: Document) -> Plan:
    """The plan of a document; the same for all runs of it."""
    spec = document.spec
    inner_first = check(spec, document.deployment)
    refuse_pipeline_config(document.kubernetes.pipeline_config)
    components: dict[str, Container | Dag] = {}
    sizes: dict[str, int] = {}
    for name in inner_first:
        where = f"components.{name}"
        component = spec.components[name]
        components[name] = _component(document, name, component, components, where)
        sizes[name] = _size(component, sizes, where)
    assert spec.root is not None  # `check` saw to it, as to its being a dag.
    root = _component(document, "root", spec.root, components, "root")
    assert isinstance(root, Dag)
    _size(spec.root, sizes, "root")
    info = spec.pipeline_info
    return Plan(
        plan_id=document.plan_id,
        pipeline_name=info.name,
        root=root,
        display_name=info.display_name,
        description=info.description,
        default_pipeline_root=spec.default_pipeline_root,
        sdk_version=spec.sdk_version,
    )


def _size(component: ComponentSpec, sizes: Mapping[str, int], where: str) -> int:
    """How many tasks there are at and below the component."""
    tasks = component.dag.tasks.values() if component.dag is not None else ()
    size = 1 + sum(sizes[task.component_ref.name] for task in tasks)
    if size > MAX_TASKS:
        raise InvalidSpec(
            f"the pipeline has more than {MAX_TASKS:,} tasks",
            where=where,
            hint="Nested pipelines count each time they are used",
        )
    return size


def _component(
    document: Document,
    name: str,
    component: ComponentSpec,
    components: Mapping[str, Container | Dag],
    where: str,
) -> Container | Dag:
    refuse_component(component, where)
    if component.dag is not None:
        return _dag(name, component, component.dag, components, where)
    label = component.executor_label or ""
    executor = document.deployment.executors[label]
    at = f"deploymentSpec.executors.{label}"
    refuse_executor(executor, at)
    config = document.kubernetes.deployment_spec.executors.get(label)
    if config is not None:
        refuse_kubernetes(config, label)
    if executor.container is None:
        raise InvalidSpec("the executor says nothing to execute", where=at, hint="Give it a container")
    return _container(name, component, executor.container, label, where)


def _container(name: str, component: ComponentSpec, spec: ContainerSpec, label: str, where: str) -> Container:
    at = f"deploymentSpec.executors.{label}.container"
    if not spec.image:
        raise InvalidSpec("the container has no image", where=f"{at}.image")
    for part, arguments in (("command", spec.command), ("args", spec.args)):
        for index, argument in enumerate(arguments):
            try:
                check_argument(argument)
            except InvalidSpec as error:
                raise InvalidSpec(error.message, where=f"{at}.{part}[{index}]", hint=error.hint) from error
    return Container(
        component=name,
        interface=interface(component, where),
        image=spec.image,
        command=spec.command,
        args=spec.args,
        env=tuple((each.name, each.value) for each in spec.env),
        resources=_resources(spec.resources),
        label=label,
    )


def _resources(spec: ResourceSpec) -> Resources:
    """The texts where they are given, else the older numbers: cores, and gigabytes."""
    accelerator = spec.accelerator
    return Resources(
        cpu_request=spec.resource_cpu_request or _quantity(spec.cpu_request),
        cpu_limit=spec.resource_cpu_limit or _quantity(spec.cpu_limit),
        memory_request=spec.resource_memory_request or _quantity(spec.memory_request, "G"),
        memory_limit=spec.resource_memory_limit or _quantity(spec.memory_limit, "G"),
        accelerator_type=accelerator.resource_type or accelerator.type,
        accelerator_count=accelerator.resource_count or _quantity(accelerator.count),
    )


def _quantity(number: float, unit: str = "") -> str:
    return f"{to_text(number)}{unit}" if number else ""


def _dag(
    name: str, component: ComponentSpec, dag: DagSpec, components: Mapping[str, Container | Dag], where: str
) -> Dag:
    at = f"{where}.dag.tasks"
    tasks = {each: _task(each, dag.tasks[each], components, f"{at}.{each}") for each in sort_tasks(dag.tasks, at)}
    successors: dict[str, list[str]] = {each: [] for each in tasks}
    for task in tasks.values():
        for each in task.depends_on:
            successors[each].append(task.name)
    return Dag(
        component=name,
        interface=interface(component, where),
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


def _output_parameters(dag: DagSpec) -> dict[str, tuple[OutputSelector, ...]]:
    found = {}
    for key, output in dag.outputs.parameters.items():
        one, several = output.value_from_parameter, output.value_from_oneof
        selectors = several.parameter_selectors if several is not None else (one,) if one is not None else ()
        found[key] = tuple(OutputSelector(each.producer_subtask, each.output_parameter_key) for each in selectors)
    return found


def _task(name: str, task: PipelineTask, components: Mapping[str, Container | Dag], where: str) -> TaskPlan:
    refuse_task(task, where)
    return TaskPlan(
        name=name,
        display_name=task.task_info.name or name,
        component=components[task.component_ref.name],
        parameters={
            key: _binding(task, source, f"{where}.inputs.parameters.{key}")
            for key, source in task.inputs.parameters.items()
        },
        artifacts={key: _artifact(source) for key, source in task.inputs.artifacts.items()},
        depends_on=dependencies(task),
        trigger=task.trigger_policy.strategy or Trigger.ALL_SUCCEEDED,
        caching=Caching(task.caching_options.enable_cache, task.caching_options.cache_key),
    )


def _binding(task: PipelineTask, source: InputParameter, where: str) -> ParameterBinding:
    selector = source.parameter_expression_selector
    keys = parse_selector(selector, f"{where}.parameterExpressionSelector") if selector else ()
    return ParameterBinding(_source(task, source), keys)


def _source(task: PipelineTask, source: InputParameter) -> ParameterSource:
    if source.task_output_parameter is not None:
        return FromTask(source.task_output_parameter.producer_task, source.task_output_parameter.output_parameter_key)
    if source.component_input_parameter is not None:
        return FromParent(source.component_input_parameter)
    if source.task_final_status is not None:
        return FinalStatus(source.task_final_status.producer_task or task.dependent_tasks[0])
    return Constant(constant_of(source.runtime_value))


def _artifact(source: InputArtifact) -> ArtifactSource:
    made = source.task_output_artifact
    if made is not None:
        return FromTask(made.producer_task, made.output_artifact_key)
    return FromParent(source.component_input_artifact or "")
