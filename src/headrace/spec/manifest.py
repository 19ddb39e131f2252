"""Parts of a pod as Kubernetes' JSON has them. Pure: takes a resolved `Pod`, gives what stands in a PodSpec.

Objects are named in it, as in the `Pod`; no value of a secret is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from headrace.base.json import JsonObject, JsonValue
from headrace.model.pod import (
    ClaimVolume,
    ConfigMapVariables,
    ConfigMapVolume,
    EmptyVolume,
    EphemeralVolume,
    FieldVariable,
    SecretVariables,
    SecretVolume,
    SharedMemory,
    Variables,
    Volume,
    WorkspaceVolume,
)
from headrace.spec.plan import Resources
from headrace.spec.quantity import ABSENT


def env_of(texts: Iterable[tuple[str, str]], variables: Iterable[Variables]) -> list[JsonValue]:
    """`env` of a container: names with their texts, then what comes from objects and from the pod."""
    literal: list[JsonValue] = [{"name": name, "value": value} for name, value in texts]
    return literal + [each for variable in variables for each in _variable(variable)]


def _variable(variable: Variables) -> Iterator[JsonObject]:
    match variable:
        case FieldVariable(name, path):
            yield {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        case SecretVariables(name, keys, optional):
            for key, each in keys:
                yield {"name": each, "valueFrom": {"secretKeyRef": _optional({"name": name, "key": key}, optional)}}
        case ConfigMapVariables(name, keys, optional):
            for key, each in keys:
                yield {"name": each, "valueFrom": {"configMapKeyRef": _optional({"name": name, "key": key}, optional)}}
        case _:
            assert_never(variable)


def resources_of(texts: Resources) -> JsonObject:
    """`resources` of a container: limits and requests, each quantity as it was written; accelerators are a limit."""
    limits = {"cpu": texts.cpu_limit, "memory": texts.memory_limit}
    if texts.accelerator_type not in ABSENT:
        limits[texts.accelerator_type] = texts.accelerator_count
    requests = {"cpu": texts.cpu_request, "memory": texts.memory_request}
    found = {"limits": _given(limits), "requests": _given(requests)}
    return {key: value for key, value in found.items() if value}


def _given(quantities: Mapping[str, str]) -> dict[str, JsonValue]:
    return {name: text for name, text in quantities.items() if text not in ABSENT}


def volumes_of(volumes: Iterable[Volume], workspace: str) -> tuple[list[JsonValue], list[JsonValue]]:
    """`volumes` of a pod and `volumeMounts` of its container; `workspace` is the name of the claim of the run's.

    A volume that is mounted at several paths stands there once.
    """
    found: dict[str, JsonObject] = {}
    mounts: list[JsonValue] = []
    for volume in volumes:
        wanted, source = _source(volume, workspace)
        name, number = wanted, 2
        while found.setdefault(name, source) != source:
            name, number = f"{wanted}-{number}", number + 1
        mount: dict[str, JsonValue] = {"name": name, "mountPath": volume.path}
        if isinstance(volume, ClaimVolume) and volume.sub_path:
            mount["subPath"] = volume.sub_path
        mounts.append(mount)
    return [{"name": name, **source} for name, source in found.items()], mounts


def _source(volume: Volume, workspace: str) -> tuple[str, JsonObject]:
    """The name that the volume has, unless it is taken, and what it is."""
    match volume:
        case SecretVolume(name, _, optional):
            return name, {"secret": _optional({"secretName": name}, optional)}
        case ConfigMapVolume(name, _, optional):
            return name, {"configMap": _optional({"name": name}, optional)}
        case ClaimVolume(name):
            return name, {"persistentVolumeClaim": {"claimName": name}}
        case EmptyVolume(name, _, medium, size):
            return name, {"emptyDir": _empty(medium, size)}
        case SharedMemory(name, size):
            return name, {"emptyDir": _empty("Memory", size)}
        case EphemeralVolume():
            return volume.name, {"ephemeral": {"volumeClaimTemplate": _claim(volume)}}
        case WorkspaceVolume():
            return "kfp-workspace", {"persistentVolumeClaim": {"claimName": workspace}}
    assert_never(volume)


def _empty(medium: str, size: str) -> JsonObject:
    return {**({"medium": medium} if medium else {}), **({"sizeLimit": size} if size else {})}


def _claim(volume: EphemeralVolume) -> JsonObject:
    metadata = {"labels": volume.labels, "annotations": volume.annotations}
    spec: dict[str, JsonValue] = {"accessModes": list(volume.access_modes)}
    if volume.size:
        spec["resources"] = {"requests": {"storage": volume.size}}
    if volume.storage_class is not None:
        spec["storageClassName"] = volume.storage_class
    return {"metadata": {key: dict(value) for key, value in metadata.items() if value}, "spec": spec}


def _optional(reference: Mapping[str, JsonValue], optional: bool) -> JsonObject:
    return {**reference, "optional": True} if optional else dict(reference)
