"""`dsl.TaskConfig`: a step gets what its component has passed through, and is itself without what is not applied."""

import json

import httpx2
import pytest
from tests.compat.pipelines import task_configs
from tests.compat.pipelines.play import Back, Played
from tests.mounting import skip_where_forbidden


@pytest.fixture(scope="module")
def back(anyone: Back) -> Back:
    return anyone


@pytest.fixture(scope="module")
def played(back: Back) -> Played:
    return back.play(task_configs.task_configs)


def test_all_that_a_task_sets(played: Played) -> None:
    preference = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]}
    preferred = [{"weight": 5, "preference": preference}]
    config = {
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}},
        "tolerations": [
            {"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule", "tolerationSeconds": 10},
            {"key": "j", "operator": "Exists"},
        ],
        "node_selector": {"zone": "b"},
        "env": [{"name": "SIZE", "value": "big"}],
        "volumes": None,
        "volume_mounts": None,
        "resources": {"limits": {"cpu": "1500m", "nvidia.com/gpu": "2"}, "requests": {"memory": "64Mi"}},
    }
    assert played.outputs("told") == [[config, None]]


def test_what_is_applied_the_step_has_too(played: Played) -> None:
    config = [[{"name": "SIZE", "value": "big"}], {"limits": {"cpu": "3", "memory": "1G"}}, None, "big"]
    assert played.outputs("told-and-applied") == [["x", *config], ["y", *config]]


def test_without_passthroughs_it_is_empty_and_the_step_has_all(played: Played) -> None:
    assert played.outputs("told-nothing") == [[None, {}, None, "kept"]]
    assert played.outputs("has-no-use-for-it") == ["nothing"]


def test_it_is_an_input_of_the_task_like_any_other(played: Played) -> None:
    (task,) = played.named("told")
    (given,) = [each for each in task["inputs"]["parameters"] if each["parameter_key"] == "config"]
    assert given["value"]["env"] == [{"name": "SIZE", "value": "big"}]
    assert given["type"] == "RUNTIME_VALUE_INPUT"


def test_objects_are_named_and_are_there_where_they_are_applied(
    back: Back, tmp_path_factory: pytest.TempPathFactory
) -> None:
    skip_where_forbidden(tmp_path_factory.mktemp("mounts"))
    address = f"{back.server.url}/api/v1/secrets/of-configs"
    httpx2.put(address, json={"string_data": {"password": "c0rrect"}}).raise_for_status()
    found = back.play(task_configs.objects, secret="of-configs")
    suffix = found.run["run_id"].replace("-", "")[:8]
    claim = f"objects-of-configs-{suffix}-of-configs"
    volumes = [
        {"name": "of-configs", "secret": {"secretName": "of-configs"}},
        {"name": claim, "persistentVolumeClaim": {"claimName": claim}},
        {
            "name": "kfp-workspace",
            "persistentVolumeClaim": {"claimName": f"objects-of-configs-{suffix}-kfp-workspace"},
        },
    ]
    mounts = [
        {"name": "of-configs", "mountPath": "/of-configs"},
        {"name": claim, "mountPath": "/data"},
        {"name": "kfp-workspace", "mountPath": "/kfp-workspace"},
    ]
    env = [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "of-configs", "key": "password"}}}]
    config = ["/kfp-workspace", volumes, mounts, env]
    assert found.outputs("told-of-objects") == [[*config, [False] * 3, False]]
    assert found.outputs("has-objects") == [[*config, [True] * 3, True]]
    assert "c0rrect" not in json.dumps(found.tasks)
