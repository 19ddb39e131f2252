"""Whether the names in a pipeline exist and fit: references, dependencies, bindings, executors. Pure, first error wins.

Takes the decoded pipeline, gives the names of the components that its root reaches. Every error is an InvalidSpec with
the path of what is wrong and what could be meant. What is right but not executable yet is in `features`.
"""

import difflib
from collections.abc import Collection, Mapping

from headrace.base.errors import InvalidInput, InvalidSpec
from headrace.spec.deployment import DeploymentConfig
from headrace.spec.interface import constant_of, interface
from headrace.spec.ir import ComponentSpec, DagSpec, InputParameter, PipelineSpec, PipelineTask
from headrace.spec.names import file_name_problem
from headrace.spec.order import sort_tasks
from headrace.spec.plan import Interface, ParameterSpec, ParameterType
from headrace.spec.selector import parse_selector
from headrace.spec.templates import has_placeholder
from headrace.spec.values import coerce

MAX_NESTING = 100
_NUMBERS = (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE)


def check(spec: PipelineSpec, deployment: DeploymentConfig) -> tuple[str, ...]:
    """The components that are reached from the root, each after those that it uses; the root itself is not named."""
    root = spec.root
    if root is None or root.dag is None:
        raise InvalidSpec(
            "the root component is no dag", where="root", hint="Compile a pipeline, or a component by itself, with kfp"
        )
    inner_first = _reach(spec, root)
    interfaces = {name: _interface(spec.components[name], f"components.{name}") for name in inner_first}
    for name in inner_first:
        _check_component(spec, deployment, interfaces, spec.components[name], interfaces[name], f"components.{name}")
    _check_component(spec, deployment, interfaces, root, _interface(root, "root"), "root")
    for name, artifact in root.input_definitions.artifacts.items():
        if not artifact.is_optional:
            raise InvalidSpec(
                "the pipeline needs an artifact as its input, which a run cannot be given",
                where=f"root.inputDefinitions.artifacts.{name}",
                hint="Import it inside the pipeline, or make it Optional",
            )
    return inner_first


def _reach(spec: PipelineSpec, root: ComponentSpec) -> tuple[str, ...]:
    """Depth first, without recursion: components may be nested as deep as a document is long."""
    done: dict[str, None] = {}
    trail: list[tuple[str, list[tuple[str, str]]]] = [("", _uses(root, "root"))]
    while trail:
        name, uses = trail[-1]
        if not uses:
            trail.pop()
            if name:
                done[name] = None
            continue
        used, where = uses.pop()
        if used not in spec.components:
            raise _missing("component", used, spec.components, where)
        open_names = [each for each, _ in trail]
        if used in open_names:
            circle = " -> ".join([*open_names[open_names.index(used) :], used])
            raise InvalidSpec(f"the component uses itself: {circle}", where=where, hint="Recursion has no end here")
        if len(trail) > MAX_NESTING:
            raise InvalidSpec(f"components are nested deeper than {MAX_NESTING} levels", where=where)
        if used not in done:
            trail.append((used, _uses(spec.components[used], f"components.{used}")))
    return tuple(done)


def _uses(component: ComponentSpec, where: str) -> list[tuple[str, str]]:
    """The components that its tasks are, with the path that says so; last first."""
    tasks = component.dag.tasks if component.dag is not None else {}
    uses: dict[str, str] = {}
    for name, task in tasks.items():
        uses.setdefault(task.component_ref.name, f"{where}.dag.tasks.{name}.componentRef.name")
    return list(reversed(uses.items()))


def _interface(component: ComponentSpec, where: str) -> Interface:
    for kind, names in (
        ("parameters", component.output_definitions.parameters),
        ("artifacts", component.output_definitions.artifacts),
    ):
        for name in names:
            if problem := file_name_problem(name):
                raise InvalidSpec(f"the name {problem}", where=f"{where}.outputDefinitions.{kind}.{name[:60]}")
    return interface(component, where)


def _check_component(
    spec: PipelineSpec,
    deployment: DeploymentConfig,
    interfaces: Mapping[str, Interface],
    component: ComponentSpec,
    own: Interface,
    where: str,
) -> None:
    if component.dag is not None:
        _Dag(spec, interfaces, component.dag, own, where).check()
    elif component.executor_label is None:
        raise InvalidSpec("the component has neither a dag nor an executorLabel", where=where)
    elif component.executor_label not in deployment.executors:
        raise _missing("executor", component.executor_label, deployment.executors, f"{where}.executorLabel")


class _Dag:
    """One dag with what its names are looked up in."""

    def __init__(
        self, spec: PipelineSpec, interfaces: Mapping[str, Interface], dag: DagSpec, own: Interface, where: str
    ) -> None:
        self.components = spec.components
        self.interfaces = interfaces
        self.dag = dag
        self.own = own
        self.where = f"{where}.dag"

    def check(self) -> None:
        for name, task in self.dag.tasks.items():
            where = f"{self.where}.tasks.{name}"
            problem = "holds a dot" if "." in name else file_name_problem(name)
            if problem:
                raise InvalidSpec(f"the task name {problem}", where=where[:200], hint="Rename the task")
            self._check_task(task, where)
        sort_tasks(self.dag.tasks, f"{self.where}.tasks")
        self._check_outputs()

    def _check_task(self, task: PipelineTask, where: str) -> None:
        takes = self.interfaces[task.component_ref.name]
        for index, name in enumerate(task.dependent_tasks):
            self._sibling(name, f"{where}.dependentTasks[{index}]")
        for name, source in task.inputs.parameters.items():
            self._check_parameter(task, source, takes.input_parameters.get(name), f"{where}.inputs.parameters.{name}")
        for name, artifact in task.inputs.artifacts.items():
            at = f"{where}.inputs.artifacts.{name}"
            if name not in takes.input_artifacts:
                raise _missing("input artifact of the component", name, takes.input_artifacts, at)
            if artifact.task_output_artifact is not None:
                made = artifact.task_output_artifact
                gives = self._gives(made.producer_task, f"{at}.taskOutputArtifact.producerTask").output_artifacts
                _known("output artifact", made.output_artifact_key, gives, f"{at}.taskOutputArtifact.outputArtifactKey")
            elif artifact.component_input_artifact is not None:
                wanted = artifact.component_input_artifact
                _known("input artifact", wanted, self.own.input_artifacts, f"{at}.componentInputArtifact")
            else:
                raise InvalidSpec("the input has no source", where=at)
        _check_loop(task, takes, where)
        self._check_complete(task, takes, where)

    def _check_parameter(
        self, task: PipelineTask, source: InputParameter, takes: ParameterSpec | None, where: str
    ) -> None:
        selector = source.parameter_expression_selector
        if selector:
            parse_selector(selector, f"{where}.parameterExpressionSelector")
        if source.task_output_parameter is not None:
            made, at = source.task_output_parameter, f"{where}.taskOutputParameter"
            gives = self._gives(made.producer_task, f"{at}.producerTask").output_parameters
            _known("output parameter", made.output_parameter_key, gives, f"{at}.outputParameterKey")
            if takes is not None and not selector and self._is_plain(made.producer_task):
                _check_types(gives[made.output_parameter_key], takes, where)
        elif source.component_input_parameter is not None:
            wanted = source.component_input_parameter
            _known("input parameter", wanted, self.own.input_parameters, f"{where}.componentInputParameter")
        elif source.task_final_status is not None:
            producer = source.task_final_status.producer_task
            self._sibling(producer or "".join(task.dependent_tasks[:1]), f"{where}.taskFinalStatus.producerTask")
        elif source.runtime_value is not None:
            self._check_constant(source, takes, f"{where}.runtimeValue")
        else:
            raise InvalidSpec("the input has no source", where=where)

    def _check_constant(self, source: InputParameter, takes: ParameterSpec | None, where: str) -> None:
        value = constant_of(source.runtime_value)
        if value is None or takes is None or source.parameter_expression_selector or has_placeholder(value):
            return
        try:
            coerce(value, takes, where)
        except InvalidInput as error:
            raise InvalidSpec(error.message, where=where, hint="Change the constant or the declared type") from error

    def _check_complete(self, task: PipelineTask, takes: Interface, where: str) -> None:
        """Whether all that the component cannot do without is bound, or is the item of a loop."""
        items = {each.item_input for each in (task.parameter_iterator, task.artifact_iterator) if each is not None}
        for name, parameter in takes.input_parameters.items():
            free = parameter.optional or parameter.has_default
            if not free and name not in task.inputs.parameters and name not in items:
                raise _unbound("parameter", name, f"{where}.inputs.parameters")
        for name, artifact in takes.input_artifacts.items():
            if not artifact.optional and name not in task.inputs.artifacts and name not in items:
                raise _unbound("artifact", name, f"{where}.inputs.artifacts")

    def _check_outputs(self) -> None:
        where = f"{self.where}.outputs"
        for name, parameter in self.dag.outputs.parameters.items():
            at = f"{where}.parameters.{name}"
            one, several = parameter.value_from_parameter, parameter.value_from_oneof
            selectors = several.parameter_selectors if several is not None else (one,) if one is not None else ()
            if not selectors:
                raise InvalidSpec("the output has no source", where=at)
            for each in selectors:
                gives = self._gives(each.producer_subtask, f"{at}.producerSubtask").output_parameters
                _known("output parameter", each.output_parameter_key, gives, f"{at}.outputParameterKey")
        for name, artifact in self.dag.outputs.artifacts.items():
            at = f"{where}.artifacts.{name}.artifactSelectors"
            if not artifact.artifact_selectors:
                raise InvalidSpec("the output has no source", where=at)
            for index, selector in enumerate(artifact.artifact_selectors):
                made = self._gives(selector.producer_subtask, f"{at}[{index}].producerSubtask").output_artifacts
                _known("output artifact", selector.output_artifact_key, made, f"{at}[{index}].outputArtifactKey")

    def _sibling(self, name: str, where: str) -> PipelineTask:
        _known("task in this dag", name, self.dag.tasks, where)
        return self.dag.tasks[name]

    def _gives(self, task: str, where: str) -> Interface:
        return self.interfaces[self._sibling(task, where).component_ref.name]

    def _is_plain(self, name: str) -> bool:
        """Neither a loop nor a dag: what it declares is what it gives."""
        task = self.dag.tasks[name]
        looped = task.parameter_iterator is not None or task.artifact_iterator is not None
        return not looped and self.components[task.component_ref.name].dag is None


def _check_loop(task: PipelineTask, takes: Interface, where: str) -> None:
    """Whether the items of a loop are given, and the component takes one."""
    over_artifacts, over_parameters = task.artifact_iterator, task.parameter_iterator
    what = "input of the component to take the item"
    if over_artifacts is not None:
        at, items = f"{where}.artifactIterator", over_artifacts.items.input_artifact
        _known("input artifact of the task", items, task.inputs.artifacts, f"{at}.items.inputArtifact")
        _known(what, over_artifacts.item_input, takes.input_artifacts, f"{at}.itemInput")
    if over_parameters is not None:
        at, parameters = f"{where}.parameterIterator", over_parameters.items
        if parameters.input_parameter is not None:
            given = task.inputs.parameters
            _known("input parameter of the task", parameters.input_parameter, given, f"{at}.items.inputParameter")
        elif parameters.raw is None:
            raise InvalidSpec("the loop has no items", where=f"{at}.items", hint="Give raw or inputParameter")
        _known(what, over_parameters.item_input, takes.input_parameters, f"{at}.itemInput")


def _check_types(gives: ParameterSpec, takes: ParameterSpec, where: str) -> None:
    """STRING takes anything and numbers take each other, as far as values allow."""
    if takes.type in (ParameterType.STRING, gives.type) or (takes.type in _NUMBERS and gives.type in _NUMBERS):
        return
    raise InvalidSpec(
        f"the input takes {takes.type}, but its source gives {gives.type}",
        where=where,
        hint="Make the types of the two components agree",
    )


def _known(what: str, name: str, names: Collection[str], where: str) -> None:
    if name not in names:
        raise _missing(what, name, names, where)


def _missing(what: str, name: str, names: Collection[str], where: str) -> InvalidSpec:
    some = sorted(names)[:1000]
    close = difflib.get_close_matches(name[:80], some, n=1)
    known = ", ".join(some[:20]) or "none"
    return InvalidSpec(
        f'there is no {what} "{name[:60]}"',
        where=where,
        hint=f"Did you mean {close[0]}?" if close else f"Known here: {known}",
    )


def _unbound(kind: str, name: str, where: str) -> InvalidSpec:
    return InvalidSpec(
        f"the required input {kind} {name} is not given", where=where, hint="Give it a source, a default or isOptional"
    )
