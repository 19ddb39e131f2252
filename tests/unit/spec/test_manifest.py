"""Parts of a pod as Kubernetes' JSON."""

import pytest

from headrace.base.json import JsonObject
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
    Volume,
    WorkspaceVolume,
)
from headrace.spec.manifest import env_of, resources_of, volumes_of
from headrace.spec.plan import Resources


def test_variables_in_their_order() -> None:
    variables = (
        SecretVariables("s", (("k", "K"), ("l", "L")), optional=True),
        ConfigMapVariables("c", (("m", "M"),)),
        FieldVariable("N", "metadata.name"),
    )
    assert env_of([("A", ""), ("B", "b")], variables) == [
        {"name": "A", "value": ""},
        {"name": "B", "value": "b"},
        {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
        {"name": "L", "valueFrom": {"secretKeyRef": {"name": "s", "key": "l", "optional": True}}},
        {"name": "M", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "m"}}},
        {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (Resources(), {}),
        (Resources(cpu_limit="null", accelerator_type="null", accelerator_count="1"), {}),
        (Resources(cpu_request="500m", memory_limit="2Gi"), {"limits": {"memory": "2Gi"}, "requests": {"cpu": "500m"}}),
        (Resources(accelerator_type="nvidia.com/gpu", accelerator_count="1"), {"limits": {"nvidia.com/gpu": "1"}}),
    ],
)
def test_resources(texts: Resources, found: JsonObject) -> None:
    assert resources_of(texts) == found


@pytest.mark.parametrize(
    ("volume", "name", "source"),
    [
        (SecretVolume("s", "/a"), "s", {"secret": {"secretName": "s"}}),
        (ConfigMapVolume("c", "/a", optional=True), "c", {"configMap": {"name": "c", "optional": True}}),
        (ClaimVolume("p", "/a"), "p", {"persistentVolumeClaim": {"claimName": "p"}}),
        (EmptyVolume("e", "/a"), "e", {"emptyDir": {}}),
        (EmptyVolume("e", "/a", "Memory", "1Mi"), "e", {"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}),
        (SharedMemory("shm", path="/a"), "shm", {"emptyDir": {"medium": "Memory"}}),
        (WorkspaceVolume("/a"), "kfp-workspace", {"persistentVolumeClaim": {"claimName": "run-kfp-workspace"}}),
    ],
)
def test_volumes(volume: Volume, name: str, source: JsonObject) -> None:
    volumes, mounts = volumes_of([volume], "run-kfp-workspace")
    assert volumes == [{"name": name, **source}]
    assert mounts == [{"name": name, "mountPath": "/a"}]


def test_a_volume_of_the_step_s_own() -> None:
    volume = EphemeralVolume("v", "/v", "1Gi", ("ReadWriteOnce",), "fast", {"l": "m"})
    claim = {
        "metadata": {"labels": {"l": "m"}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "fast",
        },
    }
    assert volumes_of([volume], "")[0] == [{"name": "v", "ephemeral": {"volumeClaimTemplate": claim}}]


def test_a_volume_that_is_mounted_twice_stands_there_once_and_others_have_names_of_their_own() -> None:
    mounted = [ClaimVolume("x", "/a", "deep"), ClaimVolume("x", "/b"), SecretVolume("x", "/c"), SecretVolume("x", "/d")]
    volumes, mounts = volumes_of(mounted, "")
    assert volumes == [
        {"name": "x", "persistentVolumeClaim": {"claimName": "x"}},
        {"name": "x-2", "secret": {"secretName": "x"}},
    ]
    assert mounts == [
        {"name": "x", "mountPath": "/a", "subPath": "deep"},
        {"name": "x", "mountPath": "/b"},
        {"name": "x-2", "mountPath": "/c"},
        {"name": "x-2", "mountPath": "/d"},
    ]
