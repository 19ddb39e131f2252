"""Loops of the real SDK, as plans: what they go over, and what they collect."""

# ruff: noqa: B006, SIM117 - these are pipelines, written as the SDK's users write them.

from pathlib import Path

from kfp import dsl
from tests.unit.spec.sdk_steps import (
    CHANNEL,
    compiled,
    inside,
    number,
    read,
    read_all,
    table,
    tables,
    total,
    word,
    write,
)

from headrace.spec.loop import parameter_items
from headrace.spec.plan import (
    FromInput,
    FromParent,
    FromTask,
    Loop,
    OutputSelector,
    ParameterBinding,
    ParameterType,
)


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
        with dsl.ParallelFor(tables().output) as made, dsl.ParallelFor(made.c) as deep:
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
