"""Pipelines with importers, written with the SDK."""

# ruff: noqa: PTH123 - a step brings its own imports

import warnings

from tests.compat.pipelines.steps import give_list, give_text, read, step

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Artifact, Dataset, Input, Model


@step
def look(data: Input[Artifact]) -> dict:
    """All that a consumer sees of its artifact."""
    with open(data.path) as file:
        content = file.read()
    return {
        "class": type(data).__name__,
        "name": data.name,
        "uri": data.uri,
        "metadata": dict(data.metadata),
        "content": content,
    }


@dsl.container_component
def cat(data: Input[Dataset], said: dsl.OutputPath(str)):
    return dsl.ContainerSpec("alpine", ["sh", "-c", 'cat "$0" > "$1"'], [data.path, said])


@dsl.pipeline(name="imports")
def imports(uri: str, rows: int):
    """Constant and dynamic uris, metadata with placeholders, in a loop, and by a container's path."""
    constant = dsl.importer("minio://mlpipeline/given/constant.txt", Dataset, metadata={"fixed": True})
    look(data=constant.output).set_display_name("constant")
    given = dsl.importer(uri, Model, metadata={"rows": rows, "of": {"uri": uri}, "runs": ["in", rows]})
    look(data=given.output).set_display_name("given")
    made = give_text(value="minio://mlpipeline/given/constant.txt")
    dynamic = dsl.importer(made.output, Dataset)
    cat(data=dynamic.output).set_display_name("dynamic")
    names = give_list(value=["one", "two"])
    with dsl.ParallelFor(names.output) as name:
        each = dsl.importer(f"minio://mlpipeline/given/{name}.txt", Dataset)
        read(what="each", data=each.output)


@dsl.pipeline(name="import-once")
def once(uri: str):
    look(data=dsl.importer(uri, Dataset, metadata={"k": 1}).output)


@dsl.pipeline(name="import-always")
def always(uri: str):
    look(data=dsl.importer(uri, Dataset, metadata={"k": 1}, reimport=True).output)


@dsl.pipeline(name="import-nothing")
def nothing(uri: str):
    dsl.importer(uri, Dataset)


@dsl.pipeline(name="import-image")
def image():
    dsl.importer("oci://registry/data:1", Dataset)
