"""A component with an executor to a leaf of the plan: a container or an errand. Raises InvalidSpec."""

from dataclasses import replace

from headrace.base.errors import InvalidSpec
from headrace.spec.arguments import check_argument
from headrace.spec.claims import compile_claims, kind_of
from headrace.spec.deployment import ContainerSpec, ExecutorSpec, ResourceSpec
from headrace.spec.importer import compile_importer
from headrace.spec.interface import interface
from headrace.spec.ir import ComponentSpec
from headrace.spec.plan import Container, Leaf, Resources
from headrace.spec.platform import KubernetesExecutor
from headrace.spec.pod import compile_pod
from headrace.spec.quantity import check_resources
from headrace.spec.task_config import divide
from headrace.spec.text import to_text

_LONGEST = 2_147_483_647
"""Seconds; what Kubernetes takes at most."""


def compile_leaf(
    name: str, component: ComponentSpec, executor: ExecutorSpec, platform: KubernetesExecutor, label: str
) -> Leaf:
    """The leaf that the component `name` is; `label` is its executor's, `platform` what that asks of Kubernetes."""
    if executor.importer is not None:
        return compile_importer(name, interface(component, f"components.{name}"), executor.importer, label)
    if executor.container is None:
        raise InvalidSpec(
            "the executor says nothing to execute",
            where=f"deploymentSpec.executors.{label}",
            hint="Give it a container",
        )
    kind = kind_of(executor.container.image)
    if kind is not None:
        return compile_claims(kind, name, interface(component, f"components.{name}"), label)
    at = f"platforms.kubernetes.deploymentSpec.executors.{label}"
    limit = time_limit(platform.active_deadline_seconds, at)
    whole = _container(name, component, executor.container, label, limit)
    return divide(replace(whole, pod=compile_pod(platform, at)), component.task_config_passthroughs)


def time_limit(seconds: int, where: str) -> int:
    """The seconds of an `activeDeadlineSeconds`, which is in the message at `where`; 0 is none."""
    if 0 <= seconds <= _LONGEST:
        return seconds
    raise InvalidSpec(
        f"a time limit of {seconds} seconds is none: it goes from 1 to {_LONGEST}",
        where=f"{where}.activeDeadlineSeconds",
        hint="Leave it out for no limit",
    )


def _container(name: str, component: ComponentSpec, spec: ContainerSpec, label: str, limit: int) -> Container:
    at = f"deploymentSpec.executors.{label}.container"
    if not spec.image:
        raise InvalidSpec("the container has no image", where=f"{at}.image")
    for part, arguments in (("command", spec.command), ("args", spec.args)):
        for index, argument in enumerate(arguments):
            try:
                check_argument(argument)
            except InvalidSpec as error:
                raise InvalidSpec(error.message, where=f"{at}.{part}[{index}]", hint=error.hint) from error
    resources = _resources(spec.resources)
    check_resources(resources, f"{at}.resources")
    return Container(
        component=name,
        interface=interface(component, f"components.{name}"),
        image=spec.image,
        command=spec.command,
        args=spec.args,
        env=tuple((each.name, each.value) for each in spec.env),
        resources=resources,
        label=label,
        time_limit=limit,
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
