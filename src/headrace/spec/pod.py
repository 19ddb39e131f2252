"""What an executor asks of Kubernetes to what a leaf of the plan holds of it: `PodItem`s. Pure; raises InvalidSpec.

Takes a `KubernetesExecutor` of the document. The name of an object may come from a parameter in the scope of the DAG
that the task is in, so `fitted` looks names up there. All texts may hold placeholders, which the engine fills in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from headrace.base.errors import InvalidSpec
from headrace.base.json import JsonObject, JsonValue
from headrace.model.pod import (
    ClaimVolume,
    ConfigMapVariables,
    ConfigMapVolume,
    EmptyVolume,
    EphemeralVolume,
    FieldVariable,
    InitContainer,
    Item,
    Metadata,
    Named,
    NodeAffinity,
    NodeSelector,
    PullPolicy,
    PullSecret,
    SecretVariables,
    SecretVolume,
    Security,
    SharedMemory,
    Structured,
    Tolerations,
    Variables,
    Volume,
)
from headrace.spec.interface import constant_of
from headrace.spec.ir import InputParameter
from headrace.spec.plan import Constant, Container, FromParent, FromTask, Interface, ParameterBinding, PodItem
from headrace.spec.platform import KubernetesExecutor, NodeAffinityTerm, PvcMount, SelectorRequirement, Toleration
from headrace.spec.selector import parse_selector
from headrace.spec.templates import has_placeholder, mark_templates
from headrace.spec.workers import check_workers

_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_KEYED_FIELD = re.compile(r"metadata\.(?:labels|annotations)\['[^']+'\]")
_MEDIUMS = ("", "Memory", "HugePages")
_LARGEST_ID = 2**31 - 1
_CHANNEL = "pipelinechannel--"
"""How the SDK begins the name of an input that a group takes from outside."""


def compile_pod(platform: KubernetesExecutor, where: str) -> tuple[PodItem, ...]:
    """All that the executor at `where` asks for; of two variables of one name the later one is meant."""
    items = tuple(_items(platform, where))
    check_volumes([each.item for each in items if isinstance(each.item, Volume)], where)
    return items


def producers(container: Container) -> tuple[str, ...]:
    """The tasks whose outputs name what the container asks for, or is told of: its task depends on them."""
    sources = (each.binding.source for each in (*container.pod, *container.passed.pod) if each.binding is not None)
    return tuple(dict.fromkeys(source.task for source in sources if isinstance(source, FromTask)))


def fitted(container: Container, own: Interface, siblings: Mapping[str, Interface]) -> Container:
    """The container as it is in a DAG that takes `own` and has these tasks. Raises InvalidSpec for an unknown name.

    Older compilers name what is outside of a group as if it was in it: in there it is an input of the group.
    """
    pod, passed = container.pod, container.passed
    if not pod and not passed.pod:
        return container
    told = replace(passed, pod=tuple(_fitted(each, own, siblings) for each in passed.pod))
    return replace(container, pod=tuple(_fitted(each, own, siblings) for each in pod), passed=told)


def _fitted(item: PodItem, own: Interface, siblings: Mapping[str, Interface]) -> PodItem:
    return item if item.binding is None else _fit(item, item.binding, own, siblings)


def _fit(item: PodItem, binding: ParameterBinding, own: Interface, siblings: Mapping[str, Interface]) -> PodItem:
    match binding.source:
        case FromTask(task, key):
            known = task in siblings and key in siblings[task].output_parameters
            outside, what = f"{_CHANNEL}{task}-{key}", f"task {task!r} with an output parameter {key!r}"
        case FromParent(key):
            known = key in own.input_parameters
            outside, what = f"{_CHANNEL}{key}", f"input parameter {key!r}"
        case _:
            return item
    if known:
        return item
    if outside not in own.input_parameters:
        raise InvalidSpec(f"there is no {what} in the DAG of the task", where=item.where, hint="Name one that is there")
    return replace(item, binding=replace(binding, source=FromParent(outside)))


def check_volumes(volumes: Iterable[Volume], where: str) -> None:
    """Raises InvalidSpec for a path where nothing can be mounted, or two volumes are."""
    taken: set[str] = set()
    for volume in volumes:
        problem = "" if has_placeholder(volume.path) else _path_problem(volume.path)
        path = volume.path.rstrip("/")
        if problem or path in taken:
            problem = problem or "is that of two volumes"
            raise InvalidSpec(
                f"the mount path {volume.path!r} {problem}", where=where, hint="Give each volume an absolute path"
            )
        taken.add(path)
        if isinstance(volume, ClaimVolume) and (volume.sub_path.startswith("/") or ".." in volume.sub_path.split("/")):
            raise InvalidSpec(
                f"the sub path {volume.sub_path!r} leaves the claim", where=where, hint="Give a path within the claim"
            )


def _path_problem(path: str) -> str:
    if not path.startswith("/"):
        return "is not absolute"
    if not path.strip("/"):
        return "is the root"
    if ".." in path.split("/"):
        return "holds '..'"
    if "\0" in path or ":" in path:
        return "holds a colon or NUL, which Kubernetes does not take"
    return ""


def _items(platform: KubernetesExecutor, where: str) -> Iterator[PodItem]:
    yield from _variables(platform, where)
    yield from _stored_volumes(platform, where)
    yield from _own_volumes(platform, where)
    if platform.pod_metadata is not None:
        metadata = platform.pod_metadata
        check_workers(metadata.annotations, f"{where}.podMetadata.annotations")
        yield _item(Metadata(metadata.labels, metadata.annotations), f"{where}.podMetadata")
    if platform.security_context is not None:
        yield _item(_security(platform, f"{where}.securityContext"), f"{where}.securityContext")
    for index, container in enumerate(platform.init_containers):
        at = f"{where}.initContainers[{index}]"
        yield _item(_init_container(container, at), at)
    yield from _placing(platform, where)


def _variables(platform: KubernetesExecutor, where: str) -> Iterator[PodItem]:
    item: Variables
    for index, secret in enumerate(platform.secret_as_env):
        at = f"{where}.secretAsEnv[{index}]"
        item = SecretVariables(
            secret.secret_name,
            tuple((each.secret_key, _variable(each.env_var, at)) for each in secret.key_to_env),
            bool(secret.optional),
        )
        yield _named(item, secret.secret_name_parameter, at)
    for index, config in enumerate(platform.config_map_as_env):
        at = f"{where}.configMapAsEnv[{index}]"
        item = ConfigMapVariables(
            config.config_map_name,
            tuple((each.config_map_key, _variable(each.env_var, at)) for each in config.key_to_env),
            bool(config.optional),
        )
        yield _named(item, config.config_map_name_parameter, at)
    for index, field in enumerate(platform.field_path_as_env):
        at = f"{where}.fieldPathAsEnv[{index}]"
        if field.field_path not in _FIELDS and not _KEYED_FIELD.fullmatch(field.field_path):
            raise InvalidSpec(
                f"{field.field_path!r} is no field of a pod that a variable can have",
                where=f"{at}.fieldPath",
                hint=f"There are metadata.labels['KEY'], metadata.annotations['KEY'], {', '.join(_FIELDS)}",
            )
        yield _item(FieldVariable(_variable(field.name, at), field.field_path), at)


def _variable(name: str, where: str) -> str:
    if not name or "=" in name or "\0" in name:
        raise InvalidSpec(f"{name!r} cannot be the name of a variable", where=where, hint="Give a name without '='")
    return name


def _stored_volumes(platform: KubernetesExecutor, where: str) -> Iterator[PodItem]:
    for index, secret in enumerate(platform.secret_as_volume):
        item = SecretVolume(secret.secret_name, secret.mount_path, bool(secret.optional))
        yield _named(item, secret.secret_name_parameter, f"{where}.secretAsVolume[{index}]")
    for index, config in enumerate(platform.config_map_as_volume):
        volume = ConfigMapVolume(config.config_map_name, config.mount_path, bool(config.optional))
        yield _named(volume, config.config_map_name_parameter, f"{where}.configMapAsVolume[{index}]")
    for index, claim in enumerate(platform.pvc_mount):
        mount = ClaimVolume(claim.constant or "", claim.mount_path, claim.sub_path)
        yield _named(mount, _claim_parameter(claim), f"{where}.pvcMount[{index}]")


def _claim_parameter(claim: PvcMount) -> InputParameter | None:
    """The parameter, also where only its older forms are given."""
    if claim.pvc_name_parameter is not None:
        return claim.pvc_name_parameter
    if claim.task_output_parameter is not None:
        return InputParameter(task_output_parameter=claim.task_output_parameter)
    if claim.component_input_parameter is not None:
        return InputParameter(component_input_parameter=claim.component_input_parameter)
    return None


def _own_volumes(platform: KubernetesExecutor, where: str) -> Iterator[PodItem]:
    for index, empty in enumerate(platform.empty_dir_mounts):
        at = f"{where}.emptyDirMounts[{index}]"
        medium = empty.medium or ""
        if medium not in _MEDIUMS:
            raise InvalidSpec(
                f"there is no medium {medium!r}", where=f"{at}.medium", hint="Leave it out, or say Memory"
            )
        volume: Item = EmptyVolume(empty.volume_name or at, empty.mount_path, medium, empty.size_limit or "")
        yield _item(volume, at)
    for index, ephemeral in enumerate(platform.generic_ephemeral_volume):
        at = f"{where}.genericEphemeralVolume[{index}]"
        volume = EphemeralVolume(
            ephemeral.volume_name or at,
            ephemeral.mount_path,
            ephemeral.size,
            ephemeral.access_modes,
            None if ephemeral.default_storage_class else ephemeral.storage_class_name,
            ephemeral.metadata.labels,
            ephemeral.metadata.annotations,
        )
        yield _item(volume, at)
    shared = platform.enabled_shared_memory
    if shared is not None:
        yield _item(SharedMemory(shared.volume_name or "shm", shared.size), f"{where}.enabledSharedMemory")


def _security(platform: KubernetesExecutor, where: str) -> Security:
    context = platform.security_context
    assert context is not None  # the caller saw it
    for name, number in (("runAsUser", context.run_as_user), ("runAsGroup", context.run_as_group)):
        if number is not None and not 0 <= number <= _LARGEST_ID:
            raise InvalidSpec(f"{number} is no id", where=f"{where}.{name}", hint=f"Ids go from 0 to {_LARGEST_ID}")
    return Security(context.run_as_user, context.run_as_group, bool(context.run_as_non_root))


def _init_container(given: JsonObject, where: str) -> InitContainer:
    """KFP's message has no fixed form yet, so it is read as Kubernetes' JSON, in both key styles; the rest is left."""
    policy = given.get("restartPolicy", given.get("restart_policy", ""))
    command, arguments = _texts(given, "command", where), _texts(given, "args", where)
    if not command:
        raise InvalidSpec(
            "the init container has no command, and its image is not run as a container here",
            where=where,
            hint="Give it a `command` that is on the host",
        )
    env = given.get("env", ())
    if not isinstance(env, list | tuple) or not all(isinstance(each, Mapping) for each in env):
        raise InvalidSpec("the environment is no list of names and values", where=f"{where}.env")
    return InitContainer(
        name=str(given.get("name", "") or where.rpartition(".")[2]),
        image=str(given.get("image", "")),
        command=command,
        args=arguments,
        env=tuple(_pair(each, f"{where}.env[{index}]") for index, each in enumerate(env)),
        sidecar=policy == "Always",
    )


def _texts(given: JsonObject, key: str, where: str) -> tuple[str, ...]:
    found = given.get(key, ())
    if not isinstance(found, list | tuple) or not all(isinstance(each, str) for each in found):
        raise InvalidSpec("this is no list of texts", where=f"{where}.{key}")
    return tuple(str(each) for each in found)


def _pair(given: Any, where: str) -> tuple[str, str]:
    name, value = given.get("name", ""), given.get("value", "")
    if not isinstance(name, str) or not isinstance(value, str) or set(given) - {"name", "value"}:
        raise InvalidSpec("a variable of an init container has a name and a value", where=where)
    return _variable(name, where), value


def _placing(platform: KubernetesExecutor, where: str) -> Iterator[PodItem]:
    selector = platform.node_selector
    if selector is not None:
        yield _valued(NodeSelector(dict(selector.labels)), selector.node_selector_json, f"{where}.nodeSelector")
    for index, toleration in enumerate(platform.tolerations):
        yield _valued(Tolerations(_toleration(toleration)), toleration.toleration_json, f"{where}.tolerations[{index}]")
    for index, term in enumerate(platform.node_affinity):
        yield _valued(NodeAffinity(_affinity(term)), term.node_affinity_json, f"{where}.nodeAffinity[{index}]")
    for index, secret in enumerate(platform.image_pull_secret):
        yield _named(PullSecret(secret.secret_name), secret.secret_name_parameter, f"{where}.imagePullSecret[{index}]")
    if platform.image_pull_policy:
        yield _item(PullPolicy(platform.image_pull_policy), f"{where}.imagePullPolicy")


def _toleration(given: Toleration) -> JsonObject:
    texts = {"key": given.key, "operator": given.operator, "value": given.value, "effect": given.effect}
    found: dict[str, JsonValue] = {key: text for key, text in texts.items() if text}
    if given.toleration_seconds is not None:
        found["tolerationSeconds"] = given.toleration_seconds
    return found


def _affinity(term: NodeAffinityTerm) -> JsonObject:
    """A term as Kubernetes' NodeAffinity: preferred where it has a weight, else required."""
    parts: dict[str, JsonValue] = {}
    if term.match_expressions:
        parts["matchExpressions"] = [_requirement(each) for each in term.match_expressions]
    if term.match_fields:
        parts["matchFields"] = [_requirement(each) for each in term.match_fields]
    if not parts:
        return {}
    if term.weight is not None:
        return {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": term.weight, "preference": parts}]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [parts]}}


def _requirement(given: SelectorRequirement) -> JsonObject:
    found: dict[str, JsonValue] = {"key": given.key, "operator": given.operator}
    return {**found, "values": list(given.values)} if given.values else found


def _named(item: Named, parameter: InputParameter | None, where: str) -> PodItem:
    """The item with the name that it has, or the source of it."""
    binding = None if parameter is None else _binding(parameter, where)
    if binding is None and not item.name:
        raise InvalidSpec("the object has no name", where=where, hint="Name it, or the parameter that does")
    return _item(item, where, binding)


def _valued(item: Structured, parameter: InputParameter | None, where: str) -> PodItem:
    return _item(item, where, None if parameter is None else _binding(parameter, where))


def _binding(parameter: InputParameter, where: str) -> ParameterBinding:
    selector = parameter.parameter_expression_selector
    keys = parse_selector(selector, where) if selector else ()
    made = parameter.task_output_parameter
    if made is not None:
        return ParameterBinding(FromTask(made.producer_task, made.output_parameter_key), keys)
    if parameter.component_input_parameter is not None:
        return ParameterBinding(FromParent(parameter.component_input_parameter), keys)
    if parameter.runtime_value is None:
        raise InvalidSpec("the parameter has no source", where=where, hint="Name a value, an input or an output")
    return ParameterBinding(Constant(constant_of(parameter.runtime_value)), keys)


def _item(item: Item, where: str, binding: ParameterBinding | None = None) -> PodItem:
    """The item with the texts that hold placeholders marked."""
    marked: dict[str, Any] = {
        each.name: mark_templates(value)
        for each in fields(item)
        if isinstance(value := getattr(item, each.name), str | Mapping) and has_placeholder(value)
    }
    return PodItem(replace(item, **marked) if marked else item, where, binding)
