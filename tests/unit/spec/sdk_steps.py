"""Components of the real SDK that its tests share, and the way from a pipeline of them to its plan."""

# ruff: noqa: B006 - these are pipelines, written as the SDK's users write them.

import functools
from pathlib import Path
from typing import Any

from kfp import compiler, dsl
from tests.unit.spec.build import plan_of

from headrace.base.clock import Instant
from headrace.spec.load import load_document
from headrace.spec.placeholders import RunContext
from headrace.spec.plan import (
    Dag,
    TaskPlan,
)

CONTEXT = RunContext("run", "name-1", "run-id", "task", "task-id", "/root", Instant(0), Instant(0), "/workspace")
CHANNEL = "pipelinechannel--"

step = functools.partial(dsl.component, base_image="python:3.11")


@step
def word(text: str = "x") -> str:
    return text


@step
def number(n: int = 1) -> int:
    return n


@step
def ratio(x: float = 1.0) -> float:
    return x


@step
def flag(on: bool = True) -> bool:
    return on


@step
def table(rows: dict = {}) -> dict:
    return rows


@step
def tables() -> list[dict]:
    return [{}]


@step
def total(numbers: list) -> int:
    return sum(numbers)


@step
def write(data: dsl.Output[dsl.Dataset], text: str = "x"):
    data.metadata["text"] = text


@step
def read(data: dsl.Input[dsl.Dataset]):
    print(data.path)


@step
def read_all(data: dsl.Input[list[dsl.Dataset]]):
    print(len(data))


@step
def clean(text: str = "nothing"):
    print(text)


@step
def report(status: dsl.PipelineTaskFinalStatus, text: str = "none"):
    print(status, text)


def compiled(pipeline: Any, folder: Path) -> Dag:
    file = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(file))
    return plan_of(load_document(file.read_bytes(), file.name)).root


def inside(task: TaskPlan) -> Dag:
    assert isinstance(task.component, Dag)
    return task.component


def decide(task: TaskPlan, **values: Any) -> bool:
    assert task.condition is not None
    return task.condition.evaluate({f"{CHANNEL}{name.replace('_', '-')}": each for name, each in values.items()}).value
