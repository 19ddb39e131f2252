"""What the real SDK compiles: each construct is compiled to a plan, or refused by name.

This module and test_sdk_flow, which has control flow, are the only ones here that import kfp.
"""

# ruff: noqa: ARG001, B006, RUF013 - these are pipelines, written as the SDK's users write them.

import functools
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kfp import compiler, dsl
from kfp.local import placeholder_utils

from headrace.base.clock import Instant
from headrace.model.artifact import Artifact, Bindings
from headrace.spec.compile import compile_plan
from headrace.spec.executor import executor_input
from headrace.spec.load import load_document
from headrace.spec.placeholders import RunContext, render, resolve_inputs
from headrace.spec.plan import Constant, Container, Dag, FinalStatus, FromTask, OutputSelector, Plan, Trigger
from headrace.spec.templates import Template
from headrace.spec.values import runtime_parameters

CONTEXT = RunContext("run", "name-1", "run-id", "task", "task-id", "/root", Instant(0), Instant(0), "/workspace")


step = functools.partial(dsl.component, base_image="python:3.11")


@step
def make(text: str, n: int = 3) -> str:
    return text * n


@step
def count(text: str) -> int:
    return len(text)


@step
def take(n: int):
    print(n)


@step
def pair(flag: bool = True, items: list = [1, 2], table: dict = {"a": 1.5}) -> NamedTuple(
    "Pair", [("a", int), ("b", dict)]
):
    return (1, {"k": items})


@step
def write(data: dsl.Output[dsl.Dataset]):
    data.metadata["rows"] = 1


@step
def read(data: dsl.Input[dsl.Dataset], maybe: dsl.Input[dsl.Dataset] = None):
    print(data.path)


@step
def clean(text: str = "nothing"):
    print(text)


@step
def report(status: dsl.PipelineTaskFinalStatus):
    print(status)


def load(thing: Any, folder: Path) -> Plan:
    file = folder / "pipeline.yaml"
    compiler.Compiler().compile(thing, str(file))
    return compile_plan(load_document(file.read_bytes(), file.name))


def test_values_between_tasks(tmp_path: Path) -> None:
    @dsl.pipeline(name="values", display_name="Values", description="of all types")
    def values(text: str, times: int = 2, ratio: float = 1.0, table: dict = {"k": 1}) -> int:
        made = make(text=text, n=times).set_display_name("Make it").set_caching_options(True, cache_key="mine")
        both = pair().after(made)
        take(n=both.outputs["a"])
        make(text=f"{made.output} of {text}: {dsl.PIPELINE_JOB_NAME_PLACEHOLDER}")
        pair(table={"deep": [made.output]}, items=[text, 1])
        return count(text=made.output).output

    plan = load(values, tmp_path)
    tasks = plan.root.tasks
    assert (plan.pipeline_name, plan.display_name, plan.description) == ("values", "Values", "of all types")
    assert tasks["make"].display_name == "Make it"
    assert tasks["make"].caching.key == "mine"
    assert tasks["pair"].depends_on == ("make",)
    assert tasks["take"].parameters["n"].source == FromTask("pair", "a")
    assert plan.root.output_parameters == {"Output": (OutputSelector("count", "Output"),)}
    assert runtime_parameters(plan, {"text": "x"}) == {"text": "x", "times": 2, "ratio": 1, "table": {"k": 1}}
    joined = {name: each.source for name, each in tasks["make-2"].parameters.items()}
    channels = {"pipelinechannel--make-Output": "MADE", "pipelinechannel--text": "TEXT"}
    assert isinstance(joined["text"], Constant)
    assert isinstance(joined["text"].value, Template)
    assert resolve_inputs({**channels, "text": joined["text"].value}, CONTEXT)["text"] == "MADE of TEXT: run"
    table = tasks["pair-2"].parameters["table"].source
    assert isinstance(table, Constant)
    assert resolve_inputs({**channels, "table": table.value}, CONTEXT)["table"] == {"deep": ["MADE"]}


def test_artifacts_nesting_and_optional_inputs(tmp_path: Path) -> None:
    @dsl.pipeline
    def inner(data: dsl.Input[dsl.Dataset], text: str = "x", maybe: str = None) -> dsl.Dataset:
        read(data=data)
        make(text=text)
        return write().outputs["data"]

    @dsl.pipeline
    def outer():
        nest = inner(data=write().outputs["data"])
        read(data=nest.output)

    root = load(outer, tmp_path).root
    nest = root.tasks["inner"].component
    assert isinstance(nest, Dag)
    assert nest.output_artifacts == {"Output": (OutputSelector("write", "data"),)}
    assert root.tasks["read"].artifacts == {"data": FromTask("inner", "Output")}
    read_it = nest.tasks["read"].component
    assert read_it.interface.input_artifacts["maybe"].optional


def test_exit_handlers_and_ignored_failures(tmp_path: Path) -> None:
    @dsl.pipeline
    def tidy():
        with dsl.ExitHandler(exit_task=report()):
            made = make(text="x")
            count(text=made.output)
        clean(text=make(text="y").output).ignore_upstream_failure()

    tasks = load(tidy, tmp_path).root.tasks
    assert tasks["report"].trigger is Trigger.ALL_COMPLETED
    assert tasks["report"].parameters["status"].source == FinalStatus("exit-handler-1")
    assert tasks["report"].depends_on == ("exit-handler-1",)
    assert tasks["clean"].trigger is Trigger.ALL_COMPLETED


def test_a_component_by_itself(tmp_path: Path) -> None:
    plan = load(make, tmp_path)
    assert list(plan.root.tasks) == ["make"]
    assert runtime_parameters(plan, {"text": "x"}) == {"text": "x", "n": 3}


@dsl.container_component
def everything(
    text: str, data: dsl.Input[dsl.Dataset], out: dsl.OutputPath(int), made: dsl.Output[dsl.Model], maybe: str = None
):
    return dsl.ContainerSpec(
        image="alpine",
        command=["sh", "-c", "echo $0"],
        args=[
            text,
            f"--text={text}",
            data.uri,
            data.metadata["rows"],
            out,
            made.uri,
            dsl.ConcatPlaceholder(["<", text, "-", made.uri, dsl.ConcatPlaceholder([">", "!"])]),
            dsl.IfPresentPlaceholder("maybe", then=["--maybe", maybe], else_=["none", text]),
            dsl.IfPresentPlaceholder("text", then=[dsl.ConcatPlaceholder(["a", text]), "b"]),
            dsl.IfPresentPlaceholder("maybe", then="x"),
            dsl.PIPELINE_JOB_ID_PLACEHOLDER,
            dsl.PIPELINE_ROOT_PLACEHOLDER + "/tmp",
        ],
    )


@dsl.pipeline
def render_everything(text: str = "", maybe: str = None):
    everything(text=text, maybe=maybe, data=write().outputs["data"])


@pytest.mark.parametrize("maybe", [None, "given"])
@pytest.mark.parametrize("text", ["plain", "two words", '"quoted" \\ {}', "ü"])
def test_commands_are_rendered_as_the_sdk_renders_them(maybe: str | None, text: str, tmp_path: Path) -> None:
    component = load(render_everything, tmp_path).root.tasks["everything"].component
    assert isinstance(component, Container)
    data = Artifact("id", "data", "system.Dataset", "/data/d", {"rows": 3})
    inputs = Bindings({"text": text, "maybe": maybe}, {"data": (data,)})
    given = executor_input(component, inputs, {"made": "/data/m"}, {"out": "/out"}, "/meta.json")
    ours = render(component, given, CONTEXT, lambda uri: uri)
    theirs = placeholder_utils.replace_placeholders(
        full_command=[*component.command, *component.args],
        executor_input_dict=dict(given),
        pipeline_resource_name="run",
        task_resource_name="task",
        pipeline_root="/root",
        unique_pipeline_id="run-id",
    )
    assert [*ours.command, *ours.args] == theirs
