"""Control flow within control flow, as it comes in large pipelines."""

# ruff: noqa: SIM117 - pipelines, written as the SDK's users write them

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl
    from kfp.dsl import Dataset

from tests.compat.pipelines.steps import (
    fail,
    give_text,
    give_whole,
    hold,
    many,
    needs,
    note,
    pair,
    read,
    read_all,
    text,
    told,
    whole,
    write,
)


@dsl.pipeline(name="chosen")
def chosen(level: int) -> int:
    with dsl.If(level > 2):
        high = give_whole(value=30)
    with dsl.Elif(level == 2):
        middle = give_whole(value=20)
    with dsl.Else():
        low = give_whole(value=10)
    return dsl.OneOf(high.output, middle.output, low.output)


@dsl.pipeline(name="chosen-file")
def chosen_file(level: int) -> Dataset:
    with dsl.If(level == 1):
        one = write(value="one")
    with dsl.Else():
        other = write(value="other")
    return dsl.OneOf(one.outputs["data"], other.outputs["data"])


@dsl.pipeline(name="choices")
def choices(levels: list[int]) -> list[int]:
    """Choices in the iterations of a loop, collected."""
    with dsl.ParallelFor(levels) as level:
        made = chosen(level=level)
        file = chosen_file(level=level)
        read(what="file", data=file.output)
        with dsl.If(made.output >= 20):
            with dsl.ParallelFor([1, 2, 3]) as inner:
                with dsl.If(inner == level):
                    whole(what="both", value=inner)
    many(what="made", value=dsl.Collected(made.output))
    return dsl.Collected(made.output)


@dsl.pipeline(name="row")
def row(file: str, line: str, columns: list, repair: str) -> list[str]:
    with dsl.ParallelFor(columns) as column:
        with dsl.If(column == "bad"):
            bad = needs(file=file, line=line, repair=repair)
        with dsl.Else():
            good = note(file=file, line=line)
        kept = dsl.OneOf(bad.output, good.output)
        cell = give_text(value=kept)
    return dsl.Collected(cell.output)


@dsl.pipeline(name="grid")
def grid(rows: list[dict], file: str, repair: str):
    """Some cells of some rows fail until they are repaired."""
    with dsl.ParallelFor(rows) as each:
        made = row(file=file, line=each.line, columns=each.columns, repair=repair)
    many(what="grid", value=dsl.Collected(made.output))


@dsl.pipeline(name="counted")
def counted(file: str, repair: str):
    with dsl.ParallelFor(["1", "2", "3"]) as item:
        with dsl.If(item == "2"):
            needs(file=file, line=item, repair=repair)
        with dsl.Else():
            note(file=file, line=item)


@dsl.pipeline(name="patient")
def patient(file: str, repair: str):
    """A sub-pipeline with a loop is tried again: only what failed in it."""
    counted(file=file, repair=repair).set_retry(2)


@dsl.pipeline(name="stubborn")
def stubborn(file: str, release: str):
    """The exit task runs until it is released."""
    with dsl.ExitHandler(hold(file=file, line="exit", release=release)):
        hold(file=file, line="step", release=release)


@dsl.pipeline(name="waiting")
def waiting():
    """Has a long wait before its second try."""
    fail(message="broken on purpose").set_retry(1, backoff_duration="3000s")


@dsl.pipeline(name="watched")
def watched():
    broken = fail(message="broken on purpose")
    told(what="broken").after(broken).ignore_upstream_failure()
    fine = text(what="fine")
    told(what="fine").after(fine).ignore_upstream_failure()


@dsl.pipeline(name="cut-loop")
def cut_loop(values: list[int], file: str, release: str) -> list[str]:
    """A few iterations at a time; what is left when the run is terminated is for when it is run again."""
    with dsl.ExitHandler(told(what="exit")):
        give_text(value="handled")
    with dsl.ParallelFor(values, parallelism=2) as value:
        with dsl.ParallelFor(["a", "b"], parallelism=1) as letter:
            name = pair(left=value, right=letter)
            held = hold(file=file, line=name.output, release=release)
    return dsl.Collected(held.output)


@dsl.pipeline(name="some-files")
def some_files(values: list[str]) -> list[Dataset]:
    with dsl.ParallelFor(values) as value:
        with dsl.If(value != "skip"):
            made = write(value=value)
    return dsl.Collected(made.outputs["data"])


@dsl.pipeline(name="collected-files")
def collected_files(values: list[str]):
    """A loop over what another loop made; the second run of it finds all in the cache."""
    made = some_files(values=values)
    with dsl.ParallelFor(made.output) as file:
        read(what="looped", data=file)
    read_all(what="all", data=made.output)
