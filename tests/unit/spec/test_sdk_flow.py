"""Control flow as the real SDK compiles it: conditions, loops, what is collected, exit tasks, retries, importers."""

# ruff: noqa: B006, SIM117 - these are pipelines, written as the SDK's users write them.

import functools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kfp import compiler, dsl
from tests.unit.spec.build import plan_of

from headrace.base.clock import Instant
from headrace.base.errors import InvalidSpec
from headrace.spec.importer import Imported, resolve_import
from headrace.spec.load import load_document
from headrace.spec.loop import parameter_items
from headrace.spec.placeholders import RunContext, resolve_inputs
from headrace.spec.plan import (
    Constant,
    Dag,
    FinalStatus,
    FromInput,
    FromParent,
    FromTask,
    Importer,
    Loop,
    OutputSelector,
    ParameterBinding,
    ParameterType,
    Retry,
    TaskPlan,
    Trigger,
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


@pytest.mark.parametrize(
    ("compare", "true", "false"),
    [
        (lambda of: of.word == "heads", {"word_Output": "heads"}, {"word_Output": "tails"}),
        (lambda of: of.word != "heads", {"word_Output": "tails"}, {"word_Output": "heads"}),
        (lambda of: of.number > 5, {"number_Output": 6}, {"number_Output": 5}),
        (lambda of: of.number >= -1, {"number_Output": -1}, {"number_Output": -2}),
        (lambda of: of.number < 5, {"number_Output": 4}, {"number_Output": 5}),
        (lambda of: of.ratio <= 2.5, {"ratio_Output": 2.5}, {"ratio_Output": 3}),
        (lambda of: of.ratio < 1e-7, {"ratio_Output": 0}, {"ratio_Output": 1}),
        (lambda of: of.ratio == 3, {"ratio_Output": 3}, {"ratio_Output": 3.5}),
        (lambda of: of.number == 2.5, None, {"number_Output": 2}),
        (
            lambda of: of.number == of.ratio,
            {"number_Output": 2, "ratio_Output": 2.0},
            {"number_Output": 2, "ratio_Output": 2.1},
        ),
        (lambda of: of.flag == True, {"flag_Output": True}, {"flag_Output": False}),  # noqa: E712
        (lambda of: of.word == 5, {"word_Output": "5"}, {"word_Output": "6"}),
        (lambda of: of.word == 1.5, {"word_Output": "1.5"}, {"word_Output": "1.50"}),
        (lambda of: of.word == "", {"word_Output": ""}, {"word_Output": " "}),
        # The SDK turns 1 into false.
        (lambda of: of.flag == 1, {"flag_Output": False}, {"flag_Output": True}),
    ],
)
def test_operands_of_conditions(
    compare: Callable[..., Any], true: dict[str, Any] | None, false: dict[str, Any], tmp_path: Path
) -> None:
    @dsl.pipeline
    def conditional():
        of = SimpleNamespace(word=word().output, number=number().output, ratio=ratio().output, flag=flag().output)
        with dsl.If(compare(of)):
            word(text="inside")

    task = compiled(conditional, tmp_path).tasks["condition-1"]
    assert not decide(task, **false)
    assert true is None or decide(task, **true)
    assert inside(task).tasks["word-2"].condition is None


@pytest.mark.parametrize("compare", [lambda w, f: w.output == f.output, lambda w, f: f.output == w.output])
def test_a_text_compared_with_a_channel_of_another_type_is_refused(compare: Any, tmp_path: Path) -> None:
    @dsl.pipeline
    def conditional():
        with dsl.If(compare(word(), number())):
            word(text="inside")

    with pytest.raises(InvalidSpec, match="compare values of the same type"):
        compiled(conditional, tmp_path)


def test_branches_and_one_of(tmp_path: Path) -> None:
    @dsl.pipeline
    def branches(text: str) -> str:
        with dsl.If(text == "a"):
            first, first_data = word(text="a"), write()
        with dsl.Elif(text == "b"):
            second, second_data = word(text="b"), write()
        with dsl.Else():
            third, third_data = word(text="c"), write()
        chosen = dsl.OneOf(first.output, second.output, third.output)
        word(text=chosen)
        read(data=dsl.OneOf(first_data.output, second_data.output, third_data.output))
        return chosen

    root = compiled(branches, tmp_path)
    group = root.tasks["condition-branches-1"]
    key = f"{CHANNEL}condition-branches-1-oneof-"
    assert group.condition is None
    assert root.tasks["word-4"].parameters["text"].source == FromTask("condition-branches-1", f"{key}1")
    assert root.tasks["read"].artifacts["data"] == FromTask("condition-branches-1", f"{key}2")
    assert root.output_parameters == {"Output": (OutputSelector("condition-branches-1", f"{key}1"),)}
    dag = inside(group)
    assert list(dag.tasks) == ["condition-2", "condition-3", "condition-4"]
    assert dag.output_parameters[f"{key}1"] == (
        OutputSelector("condition-2", f"{CHANNEL}word-Output"),
        OutputSelector("condition-3", f"{CHANNEL}word-2-Output"),
        OutputSelector("condition-4", f"{CHANNEL}word-3-Output"),
    )
    assert [each.task for each in dag.output_artifacts[f"{key}2"]] == list(dag.tasks)
    for text, taken in (("a", "condition-2"), ("b", "condition-3"), ("z", "condition-4")):
        assert [name for name, each in dag.tasks.items() if decide(each, text=text)] == [taken]
    assert inside(dag.tasks["condition-2"]).output_artifacts == {
        f"{CHANNEL}write-data": (OutputSelector("write", "data"),)
    }


def test_conditions_in_conditions(tmp_path: Path) -> None:
    @dsl.pipeline
    def nested(text: str, n: int):
        with dsl.If(text == "a"):
            made = number(n=n)
            with dsl.If(made.output > 1), dsl.If(n < 9):
                word(text=text)

    outer = compiled(nested, tmp_path).tasks["condition-1"]
    middle = inside(outer).tasks["condition-2"]
    assert middle.depends_on == ("number",)
    assert decide(middle, number_Output=2)
    inner = inside(middle).tasks["condition-3"]
    assert decide(inner, n=8)
    assert inside(inner).tasks["word"].parameters["text"] == ParameterBinding(FromParent(f"{CHANNEL}text"))


def test_a_loop_over_what_is_written_down(tmp_path: Path) -> None:
    @dsl.pipeline
    def loops():
        with dsl.ParallelFor([1, 2, 3], parallelism=2) as item:
            number(n=item)
        with dsl.ParallelFor([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]) as item:
            number(n=item.a)
            table(rows=item)

    numbers, tables_ = compiled(loops, tmp_path).tasks.values()
    item = f"{CHANNEL}loop-item-param-1"
    assert numbers.loop == Loop(item, (1, 2, 3), parallelism=2)
    assert inside(numbers).tasks["number"].parameters["n"] == ParameterBinding(FromParent(item))
    assert tables_.loop == Loop(f"{CHANNEL}loop-item-param-3", ({"a": 1, "b": "x"}, {"a": 2, "b": "y"}))
    assert inside(tables_).tasks["number-2"].parameters["n"].selector == ("a",)
    assert inside(tables_).tasks["table"].parameters["rows"].selector == ()


def test_a_loop_over_parameters_outputs_and_fields(tmp_path: Path) -> None:
    @dsl.pipeline
    def loops(rows: list[dict] = [{"a": [1], "b": 2}]):
        with dsl.ParallelFor(rows) as row:
            number(n=row.b)
            with dsl.If(row.b == 1), dsl.ParallelFor(row.a) as cell:
                number(n=cell)
        with dsl.ParallelFor(tables().output) as made:
            with dsl.ParallelFor(made.c) as deep:
                with dsl.ParallelFor(deep.d) as deeper:
                    word(text=deeper)

    root = compiled(loops, tmp_path)
    rows = root.tasks["for-loop-1"]
    name = f"{CHANNEL}rows"
    assert rows.loop == Loop(f"{name}-loop-item", FromInput(name))
    assert rows.parameters[name] == ParameterBinding(FromParent("rows"))
    condition = inside(rows).tasks["condition-2"]
    field = f"{name}-loop-item-subvar-b"
    assert condition.parameters[field] == ParameterBinding(FromParent(f"{name}-loop-item"), ("b",))
    # The SDK does not know the type of a field and compares texts.
    assert inside(condition).interface.input_parameters[field].type is ParameterType.STRING
    assert condition.condition is not None
    assert condition.condition.text.endswith("== '1'")
    cells = inside(condition).tasks["for-loop-3"]
    assert cells.loop == Loop(f"{name}-loop-item-subvar-a-loop-item", FromInput(f"{name}-loop-item-subvar-a"))
    assert list(parameter_items(cells.loop, {f"{name}-loop-item-subvar-a": "[1,2]"})) == [1, 2]
    made = next(task for task in root.tasks.values() if task.depends_on == ("tables",))
    deep = next(iter(inside(made).tasks.values()))
    deeper = next(iter(inside(deep).tasks.values()))
    item = f"{CHANNEL}tables-Output-loop-item-subvar-c-loop-item"
    assert deeper.loop == Loop(f"{item}-subvar-d-loop-item", FromInput(f"{item}-subvar-d"))
    assert deeper.parameters[f"{item}-subvar-d"] == ParameterBinding(FromParent(item), ("d",))


def test_what_loops_collect(tmp_path: Path) -> None:
    @dsl.pipeline
    def inner(n: int) -> int:
        return number(n=n).output

    @dsl.pipeline
    def files() -> list[dsl.Dataset]:
        with dsl.ParallelFor(["a", "b"]) as text:
            made = write(text=text)
        return dsl.Collected(made.output)

    @dsl.pipeline
    def collected() -> list[int]:
        with dsl.ParallelFor([1, 2]) as i:
            with dsl.ParallelFor([3, 4]) as j:
                both = number(n=j)
            with dsl.If(i == 1):
                some = number(n=i)
            nested = inner(n=i)
            data = write()
        total(numbers=dsl.Collected(both.output))
        total(numbers=dsl.Collected(some.output))
        read_all(data=dsl.Collected(data.output))
        read_all(data=files().output)
        return dsl.Collected(nested.output)

    root = compiled(collected, tmp_path)
    loop = root.tasks["for-loop-2"]
    outputs = inside(loop).output_parameters
    both, some = (root.tasks[name].parameters["numbers"].source for name in ("total", "total-2"))
    assert isinstance(both, FromTask)
    assert isinstance(some, FromTask)
    assert both.task == some.task == "for-loop-2"
    assert outputs[both.key] == (OutputSelector("for-loop-4", f"{CHANNEL}number-Output"),)
    assert inside(loop).tasks["for-loop-4"].loop == Loop(f"{CHANNEL}loop-item-param-3", (3, 4))
    assert outputs[some.key] == (OutputSelector("condition-5", f"{CHANNEL}number-2-Output"),)
    # Each iteration gives one number, but all on the way out is declared as the list of them.
    condition = inside(inside(loop).tasks["condition-5"])
    assert condition.interface.output_parameters[some.key].type is ParameterType.LIST
    assert root.output_parameters == {"Output": (OutputSelector("for-loop-2", f"{CHANNEL}inner-Output"),)}
    assert root.tasks["read-all"].artifacts == {"data": FromTask("for-loop-2", f"{CHANNEL}write-data")}
    assert inside(loop).interface.output_artifacts[f"{CHANNEL}write-data"].is_list
    made = inside(root.tasks["files"])
    assert [each.task for each in made.output_artifacts["Output"]] == ["for-loop-2"]


def test_a_loop_over_artifacts(tmp_path: Path) -> None:
    @dsl.pipeline
    def files() -> list[dsl.Dataset]:
        with dsl.ParallelFor(["a", "b"]) as text:
            made = write(text=text)
        return dsl.Collected(made.output)

    @dsl.pipeline
    def inner(given: dsl.Input[list[dsl.Dataset]]):
        with dsl.ParallelFor(given) as file:
            read(data=file)

    @dsl.pipeline
    def loops():
        made = files()
        with dsl.ParallelFor(made.output, parallelism=1) as file:
            read(data=file)
        inner(given=made.output)

    root = compiled(loops, tmp_path)
    loop = root.tasks["for-loop-1"]
    name = f"{CHANNEL}files-Output"
    assert loop.loop == Loop(f"{name}-loop-item", FromInput(name), over_artifacts=True, parallelism=1)
    assert loop.artifacts == {name: FromTask("files", "Output")}
    assert inside(loop).tasks["read"].artifacts == {"data": FromParent(f"{name}-loop-item")}
    takes = inside(loop).interface.input_artifacts
    assert takes[name].is_list
    assert not takes[f"{name}-loop-item"].is_list
    again = inside(root.tasks["inner"]).tasks["for-loop-1"]
    assert again.artifacts == {f"{CHANNEL}given": FromParent("given")}


def test_exit_tasks(tmp_path: Path) -> None:
    @dsl.pipeline
    def tidy_up(text: str):
        word(text=text)

    @dsl.pipeline
    def inner():
        with dsl.ExitHandler(report()):
            word(text="inner")

    @dsl.pipeline
    def exits(text: str):
        with dsl.ExitHandler(tidy_up(text=text)):
            word(text=text)
        with dsl.ExitHandler(report()):
            with dsl.ParallelFor([1, 2]) as i:
                number(n=i)
            inner()

    root = compiled(exits, tmp_path)
    tidy, last = root.tasks["tidy-up"], root.tasks["report"]
    assert (tidy.depends_on, tidy.trigger) == (("exit-handler-1",), Trigger.ALL_COMPLETED)
    assert (last.depends_on, last.trigger) == (("exit-handler-2",), Trigger.ALL_COMPLETED)
    assert last.parameters["status"].source == FinalStatus("exit-handler-2")
    assert isinstance(tidy.component, Dag)
    handled = inside(root.tasks["exit-handler-2"])
    assert [task.name for task in handled.tasks.values() if task.loop is not None] == ["for-loop-4"]
    nested = inside(handled.tasks["inner"])
    assert nested.tasks["report"].parameters["status"].source == FinalStatus("exit-handler-1")


def test_dependencies_that_are_not_data(tmp_path: Path) -> None:
    @dsl.pipeline
    def order(text: str):
        with dsl.ParallelFor([1, 2]) as i:
            looped = number(n=i)
        with dsl.ExitHandler(report()) as handled:
            word(text=text)
        number(n=7).after(looped, handled)
        failing, also = word(text="x"), number(n=2)
        clean(text=failing.output).after(also).ignore_upstream_failure()

    tasks = compiled(order, tmp_path).tasks
    assert set(tasks["number-2"].depends_on) == {"for-loop-2", "exit-handler-3"}
    assert tasks["number-2"].trigger is Trigger.ALL_SUCCEEDED
    assert set(tasks["clean"].depends_on) == {"word-2", "number-3"}
    assert tasks["clean"].trigger is Trigger.ALL_COMPLETED
    assert tasks["report"].depends_on == ("exit-handler-3",)


def test_retries_of_steps_and_of_pipelines(tmp_path: Path) -> None:
    @dsl.pipeline
    def inner(n: int = 1) -> int:
        return number(n=n).set_retry(1).output

    @dsl.pipeline
    def retries():
        number(n=1).set_retry(3, "10s", 2.5, "60s")
        inner().set_retry(2)
        with dsl.ParallelFor([1]) as i:
            number(n=i).set_retry(4, backoff_factor=1.0)

    tasks = compiled(retries, tmp_path).tasks
    assert tasks["number"].retry == Retry(3, 10.0, 2.5, 60.0)
    assert tasks["inner"].retry == Retry(2, 0.0, 2.0, 3600.0)
    assert inside(tasks["inner"]).tasks["number"].retry == Retry(1)
    assert tasks["for-loop-2"].retry is None
    assert inside(tasks["for-loop-2"]).tasks["number-2"].retry == Retry(4, factor=1.0)


def test_importers(tmp_path: Path) -> None:
    @dsl.pipeline
    def imports(text: str, place: str = "gs://b/x"):
        made = word(text=text)
        metadata = {"of": text, text: [made.output, f"<{text}>", 1]}
        first = dsl.importer(place, dsl.Dataset, metadata=metadata)
        dsl.importer("gs://b/model", dsl.Model, reimport=True, metadata={"k": 1})
        dsl.importer(made.output, dsl.Dataset)
        dsl.importer(f"gs://b/{text}", dsl.Dataset)
        read(data=first.output)

    root = compiled(imports, tmp_path)
    assert root.tasks["read"].artifacts == {"data": FromTask("importer", "artifact")}
    assert root.tasks["importer-3"].depends_on == ("word",)
    found = [
        imported(root.tasks[name], text="t", word_Output="made") for name in sorted(root.tasks) if "importer" in name
    ]
    assert found == [
        Imported("gs://b/x", {"of": "t", "t": ["made", "<t>", 1]}),
        Imported("gs://b/model", {"k": 1}),
        Imported("made", {}),
        Imported("gs://b/t", {}),
    ]
    again = root.tasks["importer-2"].component
    assert isinstance(again, Importer)
    assert (again.artifact.type, again.reimport, again.uri) == ("system.Model", True, Constant("gs://b/model"))


def imported(task: TaskPlan, **values: str) -> Imported:
    """What an importer imports where the pipeline's inputs are these, and the outputs of its tasks."""
    sources = {
        name: binding.source.value
        if isinstance(binding.source, Constant)
        else values[f"{binding.source.task}_{binding.source.key}"]
        if isinstance(binding.source, FromTask)
        else {"place": "gs://b/x", **values}[binding.source.name]
        for name, binding in task.parameters.items()
        if not isinstance(binding.source, FinalStatus)
    }
    assert isinstance(task.component, Importer)
    return resolve_import(task.component, resolve_inputs(sources, CONTEXT), CONTEXT)
