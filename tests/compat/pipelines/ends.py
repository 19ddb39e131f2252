"""What runs after a failure or at the end: exit tasks, tasks that ignore failures, tasks after groups."""

# ruff: noqa: SIM117 - pipelines, written as the SDK's users write them

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl

from tests.compat.pipelines.steps import fail, give_text, hold, note, text, told, whole


@dsl.pipeline(name="tidy-up")
def tidy_up(what: str):
    first = give_text(value=what)
    text(what="tidied", value=first.output)


@dsl.pipeline(name="inside")
def inside(message: str):
    with dsl.ExitHandler(told(what="inside")):
        fail(message=message)


@dsl.pipeline(name="good")
def good():
    """Nothing fails; several handlers, side by side and one within the other."""
    with dsl.ExitHandler(told(what="first")) as handled:
        text(what="in the first")
    with dsl.ExitHandler(tidy_up(what="second")):
        with dsl.ParallelFor([1, 2]) as item:
            whole(what="in the second", value=item)
    text(what="after the first").after(handled)


@dsl.pipeline(name="bad")
def bad():
    """All fail; what the exit tasks are told is how."""
    with dsl.ExitHandler(told(what="first")) as handled:
        broken = fail(message="broken on purpose")
        text(what="never", value=broken.output)
        text(what="beside the failure")
    with dsl.ExitHandler(tidy_up(what="second")):
        with dsl.ParallelFor([1, 2]) as item:
            with dsl.If(item == 2):
                fail(message="broken in a loop")
    with dsl.ExitHandler(told(what="outer")):
        inside(message="broken deep within")
    text(what="never").after(handled)
    text(what="independent")


@dsl.pipeline(name="bad-exit")
def bad_exit():
    with dsl.ExitHandler(fail(message="the exit task is broken")):
        text(what="fine")


@dsl.pipeline(name="ignoring")
def ignoring():
    broken = fail(message="broken on purpose")
    fine = give_text(value="fine")
    text(what="default", value=broken.output).ignore_upstream_failure()
    text(what="given", value=fine.output).after(broken).ignore_upstream_failure()
    skipped = text(what="skipped", value=broken.output)
    text(what="after a skip", value=skipped.output).ignore_upstream_failure()


@dsl.pipeline(name="order")
def order(file: str):
    """`after` a loop, a sub-pipeline and a handler."""
    with dsl.ParallelFor(["a", "b"]) as item:
        looped = note(file=file, line=item)
    with dsl.ExitHandler(note(file=file, line="exit")) as handled:
        note(file=file, line="handled")
    nested = tidy_up(what="x")
    last = note(file=file, line="last").after(looped, handled, nested)
    note(file=file, line="very last").after(last)


@dsl.pipeline(name="held")
def held(file: str, release: str):
    with dsl.ExitHandler(tidy_up(what="inner")):
        first = hold(file=file, line="begun", release=release)
        text(what="never", value=first.output)


@dsl.pipeline(name="cut-short")
def cut_short(file: str, release: str):
    with dsl.ExitHandler(told(what="outer")) as outer:
        held(file=file, release=release)
    with dsl.ExitHandler(told(what="not begun")):
        text(what="never").after(outer)
