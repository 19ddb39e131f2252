"""The pipelines that are measured, written with the real SDK: a chain and a fan-out of trivial Python components."""

import tempfile
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from kfp import compiler, dsl

CHAIN = 10
FAN_OUT = 100

Pipeline: TypeAlias = Any
"""A pipeline as `@dsl.pipeline` leaves it; the SDK has no types."""


@dsl.component(base_image="python:3.11")
def increment(number: int) -> int:
    """The least that a step can do and still take and give something."""
    return number + 1


@dsl.component(base_image="python:3.11")
def burn(number: int, milliseconds: int) -> int:
    """A step that uses so much CPU time."""
    import time

    end = time.process_time() + milliseconds / 1000
    while time.process_time() < end:
        pass
    return number


def chain(*, cached: bool) -> Pipeline:
    """Steps that each wait for the one before."""

    @dsl.pipeline(name="chain")
    def pipeline() -> None:
        last = increment(number=0).set_caching_options(cached)
        for _ in range(CHAIN - 1):
            last = increment(number=last.output).set_caching_options(cached)

    return pipeline


def one(*, cached: bool) -> Pipeline:
    """A single step."""

    @dsl.pipeline(name="one")
    def pipeline() -> None:
        increment(number=0).set_caching_options(cached)

    return pipeline


def fan_out(*, cached: bool) -> Pipeline:
    """Steps that wait for nothing, each with an input of its own."""

    @dsl.pipeline(name="fan-out")
    def pipeline() -> None:
        for number in range(FAN_OUT):
            increment(number=number).set_caching_options(cached)

    return pipeline


def component_source() -> str:
    """The text of `ephemeral_component.py`, as the SDK compiles it into the command."""
    return str(increment.component_spec.implementation.container.command[-1])


def document(pipeline: Pipeline) -> dict[str, Any]:
    """The compiled pipeline, as a client sends it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(pipeline, str(path))
        return dict(yaml.safe_load(path.read_text()))


def without_pip(pipeline: Pipeline) -> Pipeline:
    """The same pipeline after somebody took the pip bootstrap out of every command by hand."""
    for executor in pipeline.pipeline_spec.deployment_spec["executors"].values():
        container = executor["container"]
        command = list(container["command"])
        container["command"] = command[command.index("sh", 1) :]
    return pipeline
