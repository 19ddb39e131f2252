"""Loops over everything that can be looped over, in each other, in branches, in pipelines; and what they collect."""

# ruff: noqa: SIM117 - pipelines, written as the SDK's users write them

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset, Input

from tests.compat.pipelines.steps import (
    crowd,
    fail_if,
    give_list,
    give_whole,
    hold,
    many,
    note,
    number,
    pair,
    read,
    read_all,
    table,
    text,
    whole,
    write,
)


@dsl.pipeline(name="constants")
def constants():
    with dsl.ParallelFor([1, 2]) as item:
        whole(what="int", value=item)
    with dsl.ParallelFor([0.5, 2.5]) as item:
        number(what="double", value=item)
    with dsl.ParallelFor(["a", "it's", "7"]) as item:
        text(what="string", value=item)
    with dsl.ParallelFor([{"n": 1, "s": "x"}, {"n": 2, "s": "y"}]) as item:
        table(what="dict", value=item)
        whole(what="field n", value=item.n)
    with dsl.ParallelFor([{"s": "x"}, {"s": "y"}]) as item:
        text(what="field s", value=item.s)
    with dsl.ParallelFor([[1, 2], [], [3]]) as item:
        many(what="list", value=item)
    with dsl.ParallelFor([{"inner": {"deep": [1, 2]}}]) as item:
        table(what="nested", value=item.inner)


@dsl.pipeline(name="sources")
def sources(numbers: list, rows: list[dict]):
    """Loops over what is known only when the pipeline runs."""
    with dsl.ParallelFor(numbers) as item:
        whole(what="parameter", value=item)
    with dsl.ParallelFor(rows) as row:
        text(what="field", value=row.title)
        with dsl.ParallelFor(row.cells) as cell:
            whole(what="cell", value=cell)
    with dsl.ParallelFor(give_list(value=numbers).output) as item:
        whole(what="output", value=item)


@dsl.pipeline(name="fields")
def fields(rows: list[dict]):
    made = give_list(value=rows)
    with dsl.ParallelFor(made.output) as row:
        text(what="name", value=row.title)
        with dsl.ParallelFor(row.cells) as cell:
            whole(what="cell", value=cell)


@dsl.pipeline(name="kinds")
def kinds(values: list):
    """Items of which nobody knows the type before the pipeline runs."""
    with dsl.ParallelFor(values) as item:
        text(what="item", value=item)
        with dsl.If(item != "skip"):
            text(what="within", value=f"<{item}>")


@dsl.pipeline(name="formatted")
def formatted():
    with dsl.ParallelFor([1, 2]) as i:
        with dsl.ParallelFor(["a", "b"]) as j:
            text(what="both", value=f"{i}{j}")


@dsl.pipeline(name="one-number")
def one(value: int) -> int:
    doubled = give_whole(value=value)
    return doubled.output


@dsl.pipeline(name="inner-loop")
def inner_loop(values: list) -> list[int]:
    with dsl.ParallelFor(values) as value:
        each = one(value=value)
    return dsl.Collected(each.output)


@dsl.pipeline(name="nested")
def nested(values: list, loop: bool = True) -> list[int]:
    with dsl.ParallelFor([1, 2]) as i:
        with dsl.ParallelFor(["a", "b", "c"]) as j:
            cell = pair(left=i, right=j)
        with dsl.If(i == 1):
            some = give_whole(value=i)
        within = inner_loop(values=values)
    with dsl.ParallelFor([1, 2, 3, 4]) as k:
        with dsl.If(k != 2):
            kept = give_whole(value=k)
    with dsl.If(loop == True):  # noqa: E712
        with dsl.ParallelFor([5, 6]) as item:
            whole(what="in a branch", value=item)
    many(what="cells", value=dsl.Collected(cell.output))
    many(what="some", value=dsl.Collected(some.output))
    many(what="within", value=dsl.Collected(within.output))
    many(what="kept", value=dsl.Collected(kept.output))
    return dsl.Collected(kept.output)


@dsl.pipeline(name="written")
def written(values: list) -> list[Dataset]:
    with dsl.ParallelFor(values) as value:
        made = write(value=value)
    return dsl.Collected(made.outputs["data"])


@dsl.pipeline(name="reading")
def reading(data: Input[list[Dataset]]):
    with dsl.ParallelFor(data) as each:
        read(what="given", data=each)


@dsl.pipeline(name="artifacts")
def artifacts() -> list[Dataset]:
    with dsl.ParallelFor(["1", "2"]) as i:
        with dsl.ParallelFor(["a", "b"]) as j:
            cell = write(value=i, more=j)
        with dsl.If(i == "2"):
            some = write(value=i)
    read_all(what="cells", data=dsl.Collected(cell.outputs["data"]))
    read_all(what="some", data=dsl.Collected(some.outputs["data"]))
    made = written(values=["x", "y", "z"])
    read_all(what="written", data=made.output)
    with dsl.ParallelFor(made.output, parallelism=2) as each:
        read(what="looped", data=each)
    reading(data=made.output)
    return dsl.Collected(cell.outputs["data"])


@dsl.pipeline(name="empty")
def empty(values: list) -> list[int]:
    with dsl.ParallelFor(values) as value:
        made = give_whole(value=value)
    many(what="collected", value=dsl.Collected(made.output))
    return dsl.Collected(made.output)


@dsl.pipeline(name="crowds")
def crowds(folder: str):
    with dsl.ParallelFor([0, 1, 2, 3], parallelism=1) as item:
        crowd(folder=f"{folder}/one", item=item, meet=1)
    with dsl.ParallelFor([0, 1, 2, 3, 4, 5], parallelism=2) as item:
        crowd(folder=f"{folder}/two", item=item, meet=2)


@dsl.pipeline(name="crowd")
def all_at_once(folder: str):
    with dsl.ParallelFor([0, 1, 2, 3]) as item:
        crowd(folder=folder, item=item, meet=4)


@dsl.pipeline(name="large")
def large(values: list) -> list[int]:
    with dsl.ParallelFor(values) as value:
        made = give_whole(value=value)
    return dsl.Collected(made.output)


@dsl.pipeline(name="failing")
def failing(bad: list, file: str):
    with dsl.ParallelFor([1, 2, 3, 4], parallelism=1) as item:
        tried = fail_if(item=item, bad=bad)
        note(file=file, line=f"after {tried.output}")
    many(what="never", value=dsl.Collected(tried.output))


@dsl.pipeline(name="held")
def held(values: list, file: str, release: str):
    with dsl.ParallelFor(values) as value:
        hold(file=file, line=f"{value}", release=release)
