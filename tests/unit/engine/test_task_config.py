"""What a step is told of its own configuration, resolved as its task begins."""

from typing import Any

from tests.unit.engine.test_step import RUN
from tests.unit.spec.build import Json, constant, given, leaf, pipeline, plan_of, task

from headrace.base.clock import Instant
from headrace.engine.decision import LookUpCache
from headrace.engine.settle import settle
from headrace.engine.state import Options, RunState
from headrace.model.event import CacheAnswered, RunRequested
from headrace.model.run import Run
from headrace.model.state import State
from headrace.model.task import Task
from headrace.spec.load import document_from_json

EVERYTHING = [
    {"field": f"{each}"}
    for each in (
        *("ENV", "RESOURCES", "KUBERNETES_AFFINITY"),
        *("KUBERNETES_TOLERATIONS", "KUBERNETES_NODE_SELECTOR", "KUBERNETES_VOLUMES"),
    )
]
ASKED = {"field": "ENV", "applyToTask": True}
TEXT = "{{$.inputs.parameters['x']}}"


def begun(
    passthroughs: list[Json],
    kubernetes: Json | None = None,
    *,
    x: Any = "v",
    resources: Json | None = None,
    **config: Any,
) -> tuple[Task, list[LookUpCache]]:
    """The task as it is when it has begun; its configuration is a function of `x`."""
    taken = {"x": "STRING", "c": "TASK_CONFIG"}
    executor = {"container": {"image": "i", "env": [{"name": "A", "value": f"<{TEXT}>"}], "resources": resources or {}}}
    spec = pipeline(
        {"one": task("comp", inputs=given(x=constant(x)), cachingOptions={"enableCache": True})},
        {"comp": leaf(taken, taskConfigPassthroughs=passthroughs)},
        {"exec": executor},
    )
    platform = {"deploymentSpec": {"executors": {"exec": kubernetes or {}}}, "pipelineConfig": config}
    document = document_from_json({"pipeline_spec": spec, "platform_spec": {"platforms": {"kubernetes": platform}}})
    run = Run(
        run_id=RUN,
        key=1,
        name="a run",
        namespace="",
        experiment_id="",
        plan_id=document.plan_id,
        pipeline_name="small",
        created_at=Instant(1),
        scheduled_at=Instant(1),
        pipeline_root="minio://bucket",
    )
    state = RunState(plan_of(document), Options(), run)
    asked: list[LookUpCache] = []

    def answer(look: Any) -> CacheAnswered:
        asked.append(look)
        return CacheAnswered(look.path, Instant(2))

    settle(state, [RunRequested(Instant(1))], answer)
    return state.tasks["root.one"], asked


def test_all_of_it() -> None:
    found, _ = begun(
        EVERYTHING,
        {
            "nodeSelector": {"labels": {"disk": TEXT}},
            "tolerations": [{"key": "k", "operator": "Exists"}, {"tolerationJson": constant([{"key": "j"}])}],
            "nodeAffinity": [{"matchExpressions": [{"key": "z", "operator": "In", "values": ["1"]}]}],
            "pvcMount": [{"pvcNameParameter": constant("data"), "mountPath": "/data", "subPath": "in"}],
            "secretAsEnv": [{"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "K"}]}],
            "podMetadata": {"labels": {"not": "passed"}},
        },
        x="500m",
        resources={"resourceCpuLimit": TEXT, "memoryRequest": 1.5},
    )
    requirement = {"key": "z", "operator": "In", "values": ["1"]}
    affinity = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}
    }
    assert found.inputs.parameters["c"] == {
        "affinity": {"nodeAffinity": affinity},
        "tolerations": [{"key": "k", "operator": "Exists"}, {"key": "j"}],
        "nodeSelector": {"disk": "500m"},
        "env": [
            {"name": "A", "value": "<500m>"},
            {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "in"}],
        "resources": {"limits": {"cpu": "500m"}, "requests": {"memory": "1.5G"}},
    }


def test_nothing_is_told_that_is_not_passed() -> None:
    found, _ = begun([], {"nodeSelector": {"labels": {"a": "b"}}}, resources={"resourceCpuLimit": "1"})
    assert found.inputs.parameters["c"] == {"resources": {}}


def test_the_workspace_is_told_of_if_the_step_names_it() -> None:
    volumes = [{"field": "KUBERNETES_VOLUMES"}]
    found, _ = begun(volumes, x="/kfp-workspace/data", workspace={"size": "1Gi"})
    value = found.inputs.parameters["c"]
    claim = {"name": "kfp-workspace", "persistentVolumeClaim": {"claimName": "small-11111111-kfp-workspace"}}
    mount = {"name": "kfp-workspace", "mountPath": "/kfp-workspace"}
    assert value == {"volumes": [claim], "volumeMounts": [mount], "resources": {}}
    for quiet in (begun(volumes, workspace={"size": "1Gi"}), begun([ASKED], x="/kfp-workspace", workspace={})):
        assert "volumes" not in str(quiet[0].inputs.parameters["c"])


def test_what_is_told_is_an_input_of_the_step_to_the_cache() -> None:
    keys = [
        asked[0].fingerprint
        for limit in ("1", "2")
        for passed in ([ASKED], [ASKED, {"field": "RESOURCES"}])
        for _, asked in [begun(passed, resources={"resourceCpuLimit": limit})]
    ]
    assert keys[0] == keys[2], "limits are not in the key"
    assert len({*keys}) == 3


def test_what_makes_no_sense_fails_the_task_before_it_is_launched() -> None:
    found, asked = begun([{"field": "RESOURCES"}], resources={"resourceCpuLimit": TEXT}, x="much")
    assert found.state is State.FAILED
    assert found.failure is not None
    assert "the CPU limit 'much' is no quantity" in found.failure.message
    assert not asked
