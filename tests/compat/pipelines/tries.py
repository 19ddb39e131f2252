"""Trying again: steps, sub-pipelines and whole runs."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

from tests.compat.pipelines.steps import count_up, hold, many, needs, note, text


@dsl.pipeline(name="steps")
def steps(folder: str):
    """A step that succeeds on its third try; in a loop, too."""
    count_up(file=f"{folder}/third", good=3).set_retry(3, backoff_duration="1s", backoff_factor=1.5)
    with dsl.ParallelFor(["a", "b"]) as item:
        looped = count_up(file=f"{folder}/{item}", good=2).set_retry(1)
    many(what="tries", value=dsl.Collected(looped.output))


@dsl.pipeline(name="in-vain")
def in_vain(folder: str):
    count_up(file=f"{folder}/never", good=9).set_retry(2)


@dsl.pipeline(name="inner")
def inner(folder: str) -> int:
    before = note(file=f"{folder}/before", line="before")
    return count_up(file=f"{folder}/inner", good=3).after(before).output


@dsl.pipeline(name="pipelines")
def pipelines(folder: str) -> int:
    """A sub-pipeline that succeeds on its third try."""
    return inner(folder=folder).set_retry(2).output


@dsl.pipeline(name="nested")
def nested(file: str, repair: str):
    kept = note(file=file, line="nested kept")
    needs(file=file, line="nested", repair=repair).after(kept)


@dsl.pipeline(name="repaired")
def repaired(file: str, first: str, second: str):
    """Wants `first` in a sub-pipeline, in some iterations of a loop and by itself; and then `second`."""
    kept = note(file=file, line="kept")
    with dsl.ExitHandler(note(file=file, line="exit")):
        broken = needs(file=file, line="broken", repair=first).after(kept).set_retry(1)
        later = needs(file=file, line="later", repair=second).after(broken)
        text(what="end").after(later)
    with dsl.ParallelFor(["1", "2"]) as item:
        with dsl.If(item == "1"):
            note(file=file, line="loop kept")
        with dsl.Else():
            needs(file=file, line="loop", repair=first)
    nested(file=file, repair=first)


@dsl.pipeline(name="stopped")
def stopped(file: str, release: str):
    kept = note(file=file, line="kept")
    held = hold(file=file, line="held", release=release).after(kept)
    note(file=file, line="last").after(held)
