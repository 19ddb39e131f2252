"""What KFP's documents can say and this version does not execute: each is refused by name when a pipeline is compiled.

Takes a document from `compile`, raises InvalidSpec. A feature that is not supported yet leaves this file when the
engine learns it; others no back end of KFP executes. What a process has no use for (node selectors, tolerations, pull
secrets, labels, time to live) is not refused.
"""

from collections.abc import Iterable

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonObject
from headrace.spec.deployment import ExecutorSpec
from headrace.spec.ir import ComponentSpec, PipelineTask
from headrace.spec.load import Document


def refuse(document: Document, names: Iterable[str]) -> None:
    """Raises InvalidSpec for the first thing in the components `names`, or in the root, that cannot be executed."""
    spec = document.spec
    for name in names:
        component = spec.components[name]
        _refuse_component(component, f"components.{name}")
        if component.executor_label is not None:
            label = component.executor_label
            _refuse_executor(document.deployment.executors[label], f"deploymentSpec.executors.{label}")
    if spec.root is not None:
        _refuse_component(spec.root, "root")


def _refuse_task(task: PipelineTask, where: str) -> None:
    for name, source in task.inputs.parameters.items():
        value = source.runtime_value
        if value is not None and value.runtime_parameter is not None:
            raise _not_yet("a runtime parameter of schema 2.0.0", f"{where}.inputs.parameters.{name}.runtimeValue")


def _refuse_component(component: ComponentSpec, where: str) -> None:
    for index, platform in enumerate(component.single_platform_specs):
        _refuse_platform(platform, f"{where}.singlePlatformSpecs[{index}]")
    if component.dag is not None:
        for name, task in component.dag.tasks.items():
            _refuse_task(task, f"{where}.dag.tasks.{name}")


def _refuse_platform(platform: JsonObject, where: str) -> None:
    """Upstream ignores it; what is for other platforms says nothing here either."""
    if platform.get("platform") == "kubernetes":
        raise _never(
            "what a component says of Kubernetes in itself",
            where,
            "Say it in the platform spec, as kfp-kubernetes does",
        )


def _refuse_executor(executor: ExecutorSpec, where: str) -> None:
    if executor.resolver is not None:
        raise _never("a resolver", f"{where}.resolver", "Import the artifact by its uri with dsl.importer")
    if executor.custom_job is not None:
        raise _never("a Vertex AI custom job", f"{where}.customJob", "Use a container component")
    container = executor.container
    if container is not None and container.lifecycle is not None:
        hint = "Leave it out; what decides on a cache hit can be part of the cache key (set_caching_options)"
        raise _never("a lifecycle hook, which runs before the cache is asked,", f"{where}.container.lifecycle", hint)


def _not_yet(feature: str, where: str, hint: str = "Take it out of the pipeline to run the rest") -> InvalidSpec:
    return InvalidSpec(f"{feature} is not supported yet", where=where, hint=hint)


def _never(feature: str, where: str, hint: str) -> InvalidSpec:
    return InvalidSpec(f"{feature} is not supported", where=where, hint=hint)
