"""Pipelines whose steps ask for things of Kubernetes, written with kfp-kubernetes."""

# ruff: noqa: PTH103, PTH110, PTH118, PTH120, PTH123, PTH208 - a step imports for itself

import warnings

from tests.compat.pipelines.steps import give_text, step

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl, kubernetes
    from kfp.dsl import Dataset, Input


@step
def see(folders: list, prefix: str = "SEEN_") -> dict:
    """Variables with the prefix, and what is in the folders."""
    import os

    seen = {name: value for name, value in os.environ.items() if name.startswith(prefix)}
    for folder in folders:
        for name in os.listdir(folder):
            with open(os.path.join(folder, name)) as file:
                seen[os.path.join(folder, name)] = file.read()
    return seen


@step
def tell_digest(folder: str, variable: str) -> dict:
    """What the values are, in a form that is not they."""
    import hashlib
    import os

    with open(os.path.join(folder, "password"), "rb") as file:
        content = file.read()
    return {
        "file": hashlib.sha256(content).hexdigest(),
        "variable": hashlib.sha256(os.environ[variable].encode()).hexdigest(),
    }


@step
def hold_secret(variable: str, begun: str, release: str) -> int:
    """Runs with the secret until the file `release` is there."""
    import os
    import time

    open(begun, "w").close()
    while not os.path.exists(release):
        time.sleep(0.01)
    return len(os.environ[variable])


@step
def put(path: str, text: str) -> str:
    import os

    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return text


@step
def get(path: str) -> str:
    with open(path) as file:
        return file.read()


@step
def who() -> dict:
    import os

    return {"uid": os.getuid(), "gid": os.getgid()}


@dsl.container_component
def shell_env(said: dsl.OutputPath(str)):
    return dsl.ContainerSpec("alpine", ["sh", "-c", 'printf %s "$SEEN_PASSWORD$SEEN_LEVEL" > "$0"'], [said])


@dsl.pipeline(name="secrets-and-config-maps")
def objects(secret: str, config_map: str, absent: str):
    seen = see(folders=["/headrace-config"])
    kubernetes.use_secret_as_env(seen, secret, {"user": "SEEN_USER"})
    kubernetes.use_config_map_as_env(seen, config_map, {"level": "SEEN_LEVEL"})
    kubernetes.use_config_map_as_volume(seen, config_map, "/headrace-config")
    kubernetes.use_secret_as_env(seen, absent, {"x": "SEEN_NOT"}, optional=True)
    shell = shell_env()
    kubernetes.use_secret_as_env(shell, "db", {"user": "SEEN_PASSWORD"})
    kubernetes.use_config_map_as_env(shell, "settings", {"level": "SEEN_LEVEL"})
    name = give_text(value="db")
    digest = tell_digest(folder="/headrace-secret", variable="SEEN_PASSWORD")
    kubernetes.use_secret_as_env(digest, name.output, {"password": "SEEN_PASSWORD"})
    kubernetes.use_secret_as_volume(digest, name.output, "/headrace-secret")


@dsl.pipeline(name="a-held-secret")
def held(begun: str, release: str):
    holder = hold_secret(variable="SEEN_PASSWORD", begun=begun, release=release)
    kubernetes.use_secret_as_env(holder, "db", {"password": "SEEN_PASSWORD"})


@dsl.pipeline(name="an-absent-secret")
def absent():
    kubernetes.use_secret_as_env(see(folders=[]), "absent", {"x": "X"})


@dsl.pipeline(name="fields")
def fields():
    seen = see(folders=[])
    kubernetes.add_pod_label(seen, "team", "blue")
    kubernetes.add_pod_annotation(seen, "a/b", "noted")
    kubernetes.use_field_path_as_env(seen, "SEEN_TEAM", "metadata.labels['team']")
    kubernetes.use_field_path_as_env(seen, "SEEN_NONE", "metadata.labels['none']")
    kubernetes.use_field_path_as_env(seen, "SEEN_NOTE", "metadata.annotations['a/b']")
    kubernetes.use_field_path_as_env(seen, "SEEN_NAME", "metadata.name")
    kubernetes.set_image_pull_policy(seen, "Always")
    kubernetes.add_node_selector(seen, "disk", "ssd")
    kubernetes.add_toleration(seen, key="k", operator="Exists")
    alone = put(path="/headrace-empty/in/file", text="t")
    kubernetes.empty_dir_mount(alone, "scratch", "/headrace-empty")
    kubernetes.add_ephemeral_volume(alone, "big", "/headrace-big", ["ReadWriteOnce"], "1Gi")
    user = who()
    kubernetes.set_security_context(user, run_as_user=1234, run_as_group=567)


@dsl.pipeline(name="claims")
def claims(size: str):
    """Made, mounted by two steps (by one a folder in it), deleted."""
    made = kubernetes.CreatePVC(
        pvc_name_suffix="-work", access_modes=["ReadWriteOnce"], size=size, storage_class_name="standard"
    )
    written = put(path="/headrace-data/in/file", text="kept")
    kubernetes.mount_pvc(written, made.outputs["name"], "/headrace-data")
    found = get(path="/headrace-data/file").after(written)
    kubernetes.mount_pvc(found, made.outputs["name"], "/headrace-data", sub_path="in")
    kubernetes.DeletePVC(pvc_name=made.outputs["name"]).after(found)


@dsl.pipeline(name="named-claim")
def named_claim(name: str, text: str):
    made = kubernetes.CreatePVC(
        pvc_name=name, access_modes=["ReadWriteMany"], size="1Gi", storage_class_name="standard"
    )
    written = put(path="/headrace-data/file", text=text)
    kubernetes.mount_pvc(written, made.outputs["name"], "/headrace-data")


@step
def where(data: Input[Dataset]) -> dict:
    """A consumer may change its copy."""
    with open(data.path) as file:
        content = file.read()
    with open(data.path, "a") as file:
        file.write("+")
    return {"path": data.path, "content": content}


@dsl.container_component
def cat_path(data: Input[Dataset], said: dsl.OutputPath(str)):
    return dsl.ContainerSpec("alpine", ["sh", "-c", 'echo "$0" && cat "$0" > "$1"'], [data.path, said])


@dsl.pipeline(name="workspace", pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="1Gi")))
def workspace(uri: str):
    path = dsl.WORKSPACE_PATH_PLACEHOLDER
    written = put(path=f"{path}/folder/file", text="shared")
    get(path=f"{path}/folder/file").after(written)
    brought = dsl.importer(uri, Dataset, download_to_workspace=True)
    first = where(data=brought.output)
    cat_path(data=brought.output).after(first)
