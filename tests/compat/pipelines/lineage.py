"""Pipelines whose artifacts, numbers and folders the tests look for: written as the SDK's users write them."""


# ruff: noqa: PTH103, PTH110, PTH123 - a step brings its own imports, and the fewer the better

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Artifact, Dataset, Input, Metrics, Output

from tests.compat.pipelines.steps import step


@step
def make(count: int, data: Output[Dataset], scores: Output[Metrics], folder: Output[Artifact]) -> list:
    import os

    print("made", count)
    with open(data.path, "w") as file:
        file.write("0123456789")
    scores.log_metric("accuracy", 0.5)
    scores.log_metric("loss", count)
    os.makedirs(folder.path + "/deep/er")
    for name in ("a.txt", "deep/b <b>.html", "deep/er/é"):
        with open(folder.path + "/" + name, "w") as file:
            file.write(name)
    return list(range(count))


@step
def use(item: int, data: Input[Dataset], word: str = "none") -> str:
    with open(data.path) as file:
        return f"{word} {item} {file.read()[item]}"


@step
def gather(words: list) -> str:
    return ", ".join(words)


@dsl.pipeline(name="lineage")
def lineage(count: int, word: str = "x") -> str:
    made = make(count=count)
    with dsl.ParallelFor(made.outputs["Output"]) as item:
        used = use(item=item, data=made.outputs["data"])
    with dsl.ParallelFor([7]) as fixed:
        use(item=fixed, data=made.outputs["data"], word=word)
    return gather(words=dsl.Collected(used.output)).output


@step
def flaky(marker: str) -> str:
    import os

    number = 2 if os.path.exists(marker) else 1
    print("try", number)
    with open(marker, "a"):
        pass
    if number == 1:
        raise SystemExit(3)
    return "done"


@dsl.pipeline(name="tries")
def tries(marker: str) -> str:
    return flaky(marker=marker).set_retry(1).output


@dsl.pipeline(name="chosen")
def chosen(word: str) -> str:
    with dsl.If(word == "a"):
        one = gather(words=["a"])
    with dsl.Else():
        other = gather(words=["b"])
    return dsl.OneOf(one.output, other.output)
