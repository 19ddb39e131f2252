"""A pipeline for a cloud's store: it names no local folder but those where KFP's containers find buckets."""

# ruff: noqa: PTH103, PTH118, PTH123 - a step brings its own imports, and the fewer the better

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset, Input, Model, Output

from tests.compat.pipelines.steps import step

managed = dsl.component(base_image="python:3.11", packages_to_install=["kfp==2.14.6"], install_kfp_package=False)
"""Starts cold where a variable asks for it, with the hook to tell the SDK where the store is."""


@step
def make(text: str, data: Output[Dataset], model: Output[Model]) -> str:
    import os

    with open(data.path, "w") as file:
        file.write(text)
    os.makedirs(model.path)
    with open(os.path.join(model.path, "weights"), "w") as file:
        file.write("0.5")
    model.metadata["framework"] = "none"
    return dsl.get_uri("beside")


@step
def spell(data: Input[Dataset], copy: Output[Dataset]) -> str:
    """Reads and writes where a container has the buckets."""
    import subprocess

    def place(uri: str) -> str:
        return uri.replace("gs://", "/gcs/").replace("s3://", "/s3/").replace("minio://", "/minio/")

    with open(place(data.uri)) as file:
        text = file.read()
    with open(place(copy.uri), "w") as file:
        file.write("copy of " + text)
    with open(copy.path) as file:
        assert file.read() == "copy of " + text
    return subprocess.check_output(["cat", place(data.uri)], text=True)


@managed
def read(data: Input[Dataset], model: Input[Model]) -> str:
    import os

    with open(data.path) as one, open(os.path.join(model.path, "weights")) as other:
        return one.read() + " " + other.read()


@dsl.container_component
def contain(data: Input[Dataset], whole: Output[Dataset], told: dsl.OutputPath(str)):
    script = 'cat "$0" > "$1" && echo -n "$2" > "$3"'
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", script], args=[data.path, whole.path, data.uri, told])


@dsl.pipeline
def roots(text: str = "hello"):
    made = make(text=text)
    spelled = spell(data=made.outputs["data"])
    read(data=spelled.outputs["copy"], model=made.outputs["model"])
    read(data=made.outputs["data"], model=made.outputs["model"]).set_env_variable("PYTHONHASHSEED", "1")
    contain(data=spelled.outputs["copy"])
