"""Steps that are told of their own configuration, to hand it on to what they would start elsewhere."""

import functools
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl, kubernetes
    from kfp.dsl import TaskConfig, TaskConfigField, TaskConfigPassthrough

from tests.compat.pipelines.steps import OWN

component = functools.partial(dsl.component, base_image=OWN, install_kfp_package=False)

ALL = [
    TaskConfigField.RESOURCES,
    TaskConfigField.ENV,
    TaskConfigField.KUBERNETES_AFFINITY,
    TaskConfigField.KUBERNETES_TOLERATIONS,
    TaskConfigField.KUBERNETES_NODE_SELECTOR,
    TaskConfigField.KUBERNETES_VOLUMES,
]


@component(task_config_passthroughs=ALL)
def told(config: TaskConfig) -> list:
    import dataclasses
    import os

    return [dataclasses.asdict(config), os.environ.get("SIZE")]


@component(
    task_config_passthroughs=[
        TaskConfigPassthrough(field=TaskConfigField.ENV, apply_to_task=True),
        TaskConfigField.RESOURCES,
    ]
)
def told_and_applied(given: str, config: TaskConfig, again: TaskConfig) -> list:
    import os

    assert config == again
    return [given, config.env, config.resources, config.volumes, os.environ.get("SIZE")]


@component()
def told_nothing(config: TaskConfig) -> list:
    import os

    return [config.env, config.resources, config.tolerations, os.environ.get("SIZE")]


@component(task_config_passthroughs=[TaskConfigField.ENV])
def has_no_use_for_it() -> str:
    import os

    return os.environ.get("SIZE", "nothing")


@dsl.pipeline(name="task-configs")
def task_configs(
    cpu: str = "1500m",
    node: dict = {"zone": "b"},  # noqa: B006
    tolerated: list = [{"key": "j", "operator": "Exists"}],  # noqa: B006
):
    one = told().set_env_variable("SIZE", "big").set_cpu_limit(cpu).set_memory_request("64Mi")
    one.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit("2")
    kubernetes.add_node_selector_json(one, node)
    kubernetes.add_toleration(one, key="k", operator="Equal", value="v", effect="NoSchedule", toleration_seconds=10)
    kubernetes.add_toleration_json(one, tolerated)
    kubernetes.add_node_affinity(
        one, match_expressions=[{"key": "a", "operator": "In", "values": ["x", "y"]}], weight=5
    )
    with dsl.ParallelFor(["x", "y"]) as given:
        each = told_and_applied(given=given).set_env_variable("SIZE", "big").set_cpu_limit("3")
        each.set_memory_limit("1G").after(one)
    told_nothing().set_env_variable("SIZE", "kept")
    has_no_use_for_it().set_env_variable("SIZE", "lost")
