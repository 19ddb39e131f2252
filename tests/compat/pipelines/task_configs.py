"""Steps that are told of their own configuration, to hand it on to what they would start elsewhere."""

# ruff: noqa: PTH110, PTH112, PTH123 - a step brings its own imports

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


@component(task_config_passthroughs=[TaskConfigField.KUBERNETES_VOLUMES, TaskConfigField.ENV])
def told_of_objects(place: str, config: TaskConfig) -> list:
    import os

    here = [os.path.exists(each["mountPath"]) for each in config.volume_mounts]
    return [place, config.volumes, config.volume_mounts, config.env, here, "PASSWORD" in os.environ]


@component(
    task_config_passthroughs=[
        TaskConfigPassthrough(field=TaskConfigField.KUBERNETES_VOLUMES, apply_to_task=True),
        TaskConfigPassthrough(field=TaskConfigField.ENV, apply_to_task=True),
    ]
)
def has_objects(place: str, config: TaskConfig) -> list:
    import os

    with open("/data/made", "w") as file:
        file.write("by the step")
    here = [os.path.isdir(each["mountPath"]) for each in config.volume_mounts]
    return [place, config.volumes, config.volume_mounts, config.env, here, os.environ["PASSWORD"] == "c0rrect"]


@dsl.pipeline(
    name="objects-of-configs",
    pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="1Gi")),
)
def objects(secret: str):
    claim = kubernetes.CreatePVC(
        access_modes=["ReadWriteMany"], size="1Mi", pvc_name_suffix="-of-configs", storage_class_name="standard"
    )
    for made in (told_of_objects, has_objects):
        task = made(place=dsl.WORKSPACE_PATH_PLACEHOLDER)
        kubernetes.mount_pvc(task, pvc_name=claim.outputs["name"], mount_path="/data")
        kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env={"password": "PASSWORD"})
        kubernetes.use_secret_as_volume(task, secret_name="of-configs", mount_path="/of-configs")
        task.set_caching_options(False)
