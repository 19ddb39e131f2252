"""Components that make and take artifacts in every way that the SDK has; each body is run elsewhere, on its own."""

# ruff: noqa: PTH103, PTH110, PTH112, PTH118, PTH120, PTH123, SIM115 - a step brings its own imports
# ruff: noqa: UP014, ARG001 - types within a step, and in containers that take an output without writing it

import warnings
from typing import NamedTuple

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import (
        HTML,
        Artifact,
        ClassificationMetrics,
        Dataset,
        Input,
        InputPath,
        Markdown,
        Metrics,
        Model,
        Output,
        OutputPath,
        SlicedClassificationMetrics,
    )

from tests.compat.pipelines.steps import step


@step
def returned(text: str) -> Dataset:
    made = Dataset(uri=dsl.get_uri(), metadata={"rows": 1})
    with open(made.path, "w") as file:
        file.write(text)
    return made


@step
def in_a_folder(text: str) -> Model:
    import os

    made = Model(name="my model", uri=dsl.get_uri("deep/er"))
    made.framework = "none"
    os.makedirs(made.path)
    with open(os.path.join(made.path, "weights"), "w") as file:
        file.write(text)
    return made


@step
def payload(text: str) -> Dataset:
    """What is returned is written into the artifact."""
    return text  # type: ignore[return-value]


@step
def tuple_of_all(text: str) -> NamedTuple("Made", [("data", Dataset), ("model", Model), ("size", int), ("note", str)]):
    data, model = Dataset(uri=dsl.get_uri("data")), Model(uri=dsl.get_uri("model"), metadata={"kind": "m"})
    for each in (data, model):
        with open(each.path, "w") as file:
            file.write(f"{type(each).__name__} {text}")
    made = NamedTuple("Made", [("data", Dataset), ("model", Model), ("size", int), ("note", str)])
    return made(data=data, model=model, size=len(text), note=text)


@step
def own_path(data: Output[Dataset], model: Output[Model], tree: Output[Artifact]):
    """In a file, and in folders, of the step's own."""
    import os
    import tempfile

    folder = tempfile.mkdtemp()
    data.custom_path = os.path.join(folder, "data.csv")
    with open(data.path, "w") as file:
        file.write("a,b")
    model.set_path(os.path.join(folder, "model"))
    os.makedirs(model.path)
    with open(os.path.join(model.path, "w"), "w") as file:
        file.write("weights")
    tree.custom_path = "here"
    os.makedirs("here/deep")


@step
def absent_path(data: Output[Dataset]):
    data.custom_path = "/nowhere/at-all"


@step
def elsewhere(data: Output[Dataset], site: Output[Artifact], suffixed: Output[Dataset], renamed: Output[Model]):
    """At uris of the step's own."""
    data.uri = dsl.get_uri("chosen/data.txt")
    import os

    os.makedirs(os.path.dirname(data.path))
    with open(data.path, "w") as file:
        file.write("chosen")
    site.uri = "https://example.org/data?x=1#y"
    site.metadata["licence"] = "free"
    suffixed.path = suffixed.path + ".parquet"
    with open(suffixed.path, "w") as file:
        file.write("suffixed")
    renamed.name = "best"
    with open(renamed.path, "w") as file:
        file.write("renamed")


@step
def by_paths(data_path: OutputPath("Dataset"), model_path: OutputPath(Model), old_path: OutputPath("CustomType")):
    for path in (data_path, model_path, old_path):
        with open(path, "w") as file:
            file.write("by path")


@step
def read_paths(data: InputPath("Dataset"), model: InputPath(Model), old: InputPath()) -> list:
    return [open(path).read() for path in (data, model, old)]


@step
def look(data: Input[Artifact]) -> dict:
    """All that a consumer sees."""
    import os

    if os.path.isdir(data.path):
        content = sorted(
            os.path.relpath(os.path.join(at, each), data.path) for at, _, names in os.walk(data.path) for each in names
        )
    elif os.path.exists(data.path):
        content = open(data.path).read()
    else:
        content = None
    return {
        "class": type(data).__name__,
        "name": data.name,
        "uri": data.uri,
        "metadata": data.metadata,
        "content": content,
    }


@step
def look_pythonic(data: Dataset, more: list[Dataset]) -> list:
    return [type(data).__name__, open(data.path).read(), [open(each.path).read() for each in more]]


@step
def maybe(data: Input[Dataset] = None, more: Input[list[Dataset]] = None) -> str:
    return f"{data} {more}"


@step
def empty(data: Output[Dataset], folder: Output[Artifact]):
    import os

    open(data.path, "w").close()
    os.makedirs(folder.path)


@step
def only_metadata(data: Output[Model]):
    data.metadata = {"accuracy": 0.5, "tags": ["a", {"b": None}], "deep": {"x": {"y": 1}}, "flag": True, "none": None}


@step
def scores(
    metrics: Output[Metrics],
    classes: Output[ClassificationMetrics],
    slices: Output[SlicedClassificationMetrics],
    page: Output[HTML],
    text: Output[Markdown],
):
    metrics.log_metric("accuracy", 0.5)
    metrics.log_metric("count", 3)
    metrics.metadata["note"] = "text"
    classes.log_roc_curve([0.0, 0.5, 1.0], [0.0, 0.75, 1.0], [1.0, 0.5, 0.0])
    classes.log_confusion_matrix(["cat", "dog"], [[9, 1], [2, 8]])
    classes.log_confusion_matrix_cell("cat", "dog", 4)
    slices._sliced_metrics = {}
    slices.set_confusion_matrix_categories("young", ["a", "b"])
    slices.log_confusion_matrix_row("young", "a", [1, 0])
    with open(page.path, "w") as file:
        file.write("<b>page</b>")
    with open(text.path, "w") as file:
        file.write("# Title\n\n- é")


@step
def infinite(classes: Output[ClassificationMetrics]):
    """What scikit-learn's roc_curve gives: the first threshold is infinite."""
    classes.log_roc_curve([0.0, 1.0], [0.0, 1.0], [float("inf"), 0.0])


@step
def not_a_number(metrics: Output[Metrics]):
    metrics.log_metric("loss", float("nan"))
    metrics.log_metric("accuracy", 0.5)


class VertexModel(Artifact):
    schema_title = "google.VertexModel"
    schema_version = "0.0.1"


@dsl.container_component
def of_google(model: Output[VertexModel], report: Output[Dataset]):
    """A component of Google's: its artifact is a resource elsewhere, told in the executor output."""
    script = (
        'printf report > "$1"; printf %s "{\\"artifacts\\": {\\"model\\": {\\"artifacts\\": [{'
        '\\"uri\\": \\"https://x.googleapis.com/v1/models/1\\", '
        '\\"metadata\\": {\\"resourceName\\": \\"models/1\\"}}]}}}" > "$0"'
    )
    path = dsl.PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", script, path, report.path])


@step
def read_all(data: Input[list[Dataset]]) -> list:
    return [[each.name, each.metadata, open(each.path).read()] for each in data]


@dsl.pipeline(name="inner")
def inner(text: str) -> NamedTuple("Both", [("data", Dataset), ("many", list[Dataset])]):
    with dsl.ParallelFor(["x", "y"]) as item:
        each = returned(text=item)
    one = returned(text=text)
    both = NamedTuple("Both", [("data", Dataset), ("many", list[Dataset])])
    return both(data=one.output, many=dsl.Collected(each.output))


@dsl.pipeline(name="makers")
def makers(text: str = "words") -> NamedTuple("Out", [("kept", Dataset), ("many", list[Dataset])]):
    made = returned(text=text)
    look(data=made.output).set_display_name("a return")
    deep = in_a_folder(text=text)
    look(data=deep.output).set_display_name("in a folder")
    look(data=payload(text=text).output).set_display_name("a payload")
    all_of_it = tuple_of_all(text=text)
    look(data=all_of_it.outputs["model"]).set_display_name("tuple")
    own = own_path()
    for key in ("data", "model", "tree"):
        look(data=own.outputs[key]).set_display_name(f"own {key}")
    absent_path()
    other = elsewhere()
    for key in ("data", "suffixed", "renamed"):
        look(data=other.outputs[key]).set_display_name(f"elsewhere {key}")
    paths = by_paths()
    read_paths(data=paths.outputs["data_path"], model=paths.outputs["model_path"], old=paths.outputs["old_path"])
    maybe()
    bare = empty()
    look(data=bare.outputs["data"]).set_display_name("an empty file")
    look(data=bare.outputs["folder"]).set_display_name("empty folder")
    look(data=only_metadata().outputs["data"]).set_display_name("only metadata")
    scores()
    google = of_google()
    look(data=google.outputs["report"]).set_display_name("report")
    nested = inner(text=text)
    look_pythonic(data=nested.outputs["data"], more=nested.outputs["many"])
    read_all(data=nested.outputs["many"])
    out = NamedTuple("Out", [("kept", Dataset), ("many", list[Dataset])])
    return out(kept=nested.outputs["data"], many=nested.outputs["many"])


@dsl.pipeline(name="odd-numbers")
def odd_numbers():
    infinite()
    not_a_number()


@dsl.container_component
def shards(data: Output[Dataset], count: int):
    """As many artifacts as it likes, which the SDK cannot declare: the test does."""
    script = (
        'made=; for n in $(seq "$2"); do printf "shard $n" > "$1$n"; made="$made${made:+,}{\\"name\\": \\"s$n\\", '
        '\\"uri\\": \\"$3$n\\", \\"metadata\\": {\\"n\\": $n}}"; done; '
        'printf %s "{\\"artifacts\\": {\\"data\\": {\\"artifacts\\": [$made]}}}" > "$0"'
    )
    path = dsl.PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", script, path, data.path, count, data.uri])


@dsl.container_component
def take(data: Input[Dataset], out: OutputPath(list)):
    return dsl.ContainerSpec(
        image="alpine", command=["sh", "-c", 'printf %s "$1" > "$0"', out, "{{$.inputs.artifacts['data']}}"]
    )


@dsl.pipeline(name="lists")
def lists(count: int):
    take(data=shards(count=count).outputs["data"])


@step
def describes(metrics: Output[Metrics], classes: Output[ClassificationMetrics], data: Output[Dataset]):
    metrics.log_metric("accuracy", 0.5)
    metrics.metadata["note"] = "text"
    classes.log_roc_data_point(0.1, 0.2, 0.3)
    data.metadata = {"deep": {"many": [1, 2.5, True, None, "s"]}}


@step
def adds(data: Input[Dataset], more: Output[Dataset]):
    more.metadata = {**data.metadata, "more": [1]}


@step
def one_number(n: int, metrics: Output[Metrics]):
    metrics.log_metric("n", n)


@step
def reads_descriptions(
    metrics: Input[Metrics], classes: Input[ClassificationMetrics], data: Input[Artifact], many: Input[list[Metrics]]
) -> list:
    return [
        [type(each).__name__, each.metadata] for each in (metrics, classes, data)
    ] + [[each.metadata for each in many]]  # fmt: skip


@dsl.pipeline(name="adder")
def adder(data: Input[Dataset]) -> Dataset:
    return adds(data=data).outputs["more"]


@dsl.pipeline(name="descriptions")
def descriptions():
    """Nothing is written but metadata, which goes through a pipeline, a loop, and into inputs of a wider type."""
    made = describes()
    with dsl.ParallelFor([1, 2]) as n:
        each = one_number(n=n)
    reads_descriptions(
        metrics=made.outputs["metrics"],
        classes=made.outputs["classes"],
        data=adder(data=made.outputs["data"]).output,
        many=dsl.Collected(each.outputs["metrics"]),
    )
