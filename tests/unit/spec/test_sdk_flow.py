"""Control flow as the real SDK compiles it: conditions, loops, what is collected, exit tasks, retries, importers."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kfp import dsl
from tests.unit.spec.sdk_steps import (
    CHANNEL,
    CONTEXT,
    clean,
    compiled,
    decide,
    flag,
    inside,
    number,
    ratio,
    read,
    report,
    word,
    write,
)

from headrace.base.errors import InvalidSpec
from headrace.spec.importer import Imported, resolve_import
from headrace.spec.placeholders import resolve_inputs
from headrace.spec.plan import (
    Constant,
    Dag,
    FinalStatus,
    FromParent,
    FromTask,
    Importer,
    OutputSelector,
    ParameterBinding,
    Retry,
    TaskPlan,
    Trigger,
)


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
