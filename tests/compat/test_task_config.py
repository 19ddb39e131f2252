"""`dsl.TaskConfig`: a step gets what its component has passed through, and is itself without what is not applied."""

import pytest
from tests.compat.pipelines import task_configs
from tests.compat.pipelines.play import Back, Played
from tests.harness import parameters_of


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
    given = parameters_of(task, "inputs")
    assert given["config"]["env"] == [{"name": "SIZE", "value": "big"}]
