"""A pipeline to go on in the middle of: steps, a sub-pipeline, a loop, a branch, an exit task."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

from tests.compat.pipelines.steps import hold, many, needs, note, read, text, told, write


@dsl.pipeline(name="prepared")
def prepared(file: str, value: str) -> str:
    note(file=file, line=f"prepared {value}")
    return note(file=file, line="inner").output


@dsl.pipeline(name="training")
def training(file: str, repair: str, rate: str = "0.1"):
    """Each step notes that it ran; `train` needs the file `repair`, `tune` the parameter `rate`."""
    with dsl.ExitHandler(told(what="exit")) as handled:
        load = note(file=file, line=f"load {dsl.PIPELINE_JOB_ID_PLACEHOLDER}")
        data = write(value="rows")
        ready = prepared(file=file, value="x").after(load)
        tune = note(file=file, line=f"tune {rate}")
        train = needs(file=file, line="train", repair=repair).after(ready, tune)
        read(what="data", data=data.outputs["data"]).after(train)
    joined = text(what="joined").after(handled)
    with dsl.ParallelFor(["a", "b"]) as item:
        first = note(file=file, line=f"first {item}")
        second = text(what=first.output, value=joined.output)
    many(what="all", value=dsl.Collected(second.output))


@dsl.pipeline(name="waiting")
def waiting(file: str, release: str):
    hold(file=file, line="held", release=release)
