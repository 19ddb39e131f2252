"""Pipelines whose steps share folders: persistent volume claims, and the workspace of the run."""

# ruff: noqa: PTH103, PTH120, PTH123 - a step imports for itself

import warnings

from tests.compat.pipelines.steps import step

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl, kubernetes
    from kfp.dsl import Dataset, Input


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
