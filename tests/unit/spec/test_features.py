"""What cannot be executed yet is refused by name, where it stands; what a process has no use for is not."""

from typing import Any

import pytest
from tests.unit.spec.build import Json, compiled, leaf, pipeline, task

from headrace.base.errors import InvalidSpec
from headrace.spec.compile import compile_plan
from headrace.spec.load import document_from_json
from headrace.spec.plan import Container, Plan


@pytest.mark.parametrize(
    ("executor", "where", "feature"),
    [
        ({"resolver": {}}, "resolver", "resolver"),
        ({"customJob": {"customJob": {"any": "thing"}}}, "customJob", "Vertex"),
        ({"container": {"image": "x", "lifecycle": {"preCacheCheck": {}}}}, "container.lifecycle", "lifecycle"),
    ],
)
def test_executors(executor: Json, where: str, feature: str) -> None:
    with pytest.raises(InvalidSpec, match=feature) as caught:
        compiled(pipeline({"one": task("comp")}, {"comp": leaf()}, {"exec": executor}))
    assert caught.value.where == f"deploymentSpec.executors.exec.{where}"


def test_what_a_component_says_of_platforms_in_itself() -> None:
    says = leaf(singlePlatformSpecs=[{"platform": "elsewhere"}, {"platform": "kubernetes", "deploymentSpec": {}}])
    with pytest.raises(InvalidSpec, match="of Kubernetes in itself is not supported") as caught:
        compiled(pipeline({"one": task("comp")}, {"comp": says}))
    assert caught.value.where == "components.comp.singlePlatformSpecs[1]"
    says["singlePlatformSpecs"].pop()
    assert compiled(pipeline({"one": task("comp")}, {"comp": says})).root.tasks


def on_kubernetes(config: Json, **more: Any) -> Plan:
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec": config}}, **more}}}
    spec = pipeline({"one": task("comp")}, {"comp": leaf()})
    return compile_plan(document_from_json({"pipeline_spec": spec, "platform_spec": platform}))


def test_kubernetes_features_that_place_a_pod_are_no_hindrance() -> None:
    term = {"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}], "weight": 3}
    plan = on_kubernetes(
        {
            "nodeSelector": {"labels": {"a": "b"}},
            "podMetadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
            "imagePullSecret": [{"secretName": "s"}],
            "imagePullPolicy": "Always",
            "tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": "10"}],
            "nodeAffinity": [term],
            "podAffinity": [{"topologyKey": "t", "anti": True}],
            "enabledSharedMemory": {"volumeName": "shm", "size": "1Gi"},
            "securityContext": {"runAsUser": "0", "runAsNonRoot": False},
            "secretAsEnv": [],
        },
        pipelineConfig={"resourceTtlOnCompletion": 60},
    )
    assert plan.root.tasks


def test_time_limits_of_a_task_and_of_the_run() -> None:
    plan = on_kubernetes({"activeDeadlineSeconds": "20"}, pipelineConfig={"activeDeadlineSeconds": 5})
    component = plan.root.tasks["one"].component
    assert isinstance(component, Container)
    assert (component.time_limit, plan.time_limit) == (20, 5)
    assert on_kubernetes({}).time_limit == 0


@pytest.mark.parametrize("seconds", [-1, 2**31])
def test_a_time_limit_that_is_none(seconds: int) -> None:
    with pytest.raises(InvalidSpec, match="time limit") as caught:
        on_kubernetes({"activeDeadlineSeconds": seconds})
    assert caught.value.where == "platforms.kubernetes.deploymentSpec.executors.exec.activeDeadlineSeconds"
    with pytest.raises(InvalidSpec, match="time limit") as caught:
        on_kubernetes({}, pipelineConfig={"activeDeadlineSeconds": seconds})
    assert caught.value.where == "platforms.kubernetes.pipelineConfig.activeDeadlineSeconds"
